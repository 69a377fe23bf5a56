"""TODO: ui.design.markdown."""

from __future__ import annotations


def escape_markdown(text: str) -> str:
    """Text of a library or a person, so that nothing in it is taken for Markdown."""
    for mark in "\\`*_[]$~<>":
        text = text.replace(mark, f"\\{mark}")
    return text.replace(":", "\\:")
