"""Plain text in Markdown."""

from __future__ import annotations


def escape_markdown(text: str) -> str:
    """`text` with everything escaped that Streamlit would read as Markdown. For texts of libraries and users."""
    for character in "\\`*_[]$~<>:":
        text = text.replace(character, f"\\{character}")
    return text
