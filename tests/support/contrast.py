"""Contrast of colours by WCAG 2, and the texts of a Plotly figure with their sizes and colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MIN_TEXT_CONTRAST = 4.5
"""WCAG AA, for text that is not large."""


def compute_contrast(first: str, second: str) -> float:
    """The contrast of two colours such as '#3F4D63', from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def list_fonts(content: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every font in the JSON of a figure with its path, those of texts inside bars apart."""
    if isinstance(content, dict):
        for name, value in content.items():
            inner = f"{path}.{name}"
            if name.endswith("font") and isinstance(value, dict):
                yield inner, value
            else:
                yield from list_fonts(value, inner)
    elif isinstance(content, list | tuple):
        for position, value in enumerate(content):
            yield from list_fonts(value, f"{path}[{position}]")
