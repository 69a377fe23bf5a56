"""Colours and markers of the classes in a chart: of groups that have no order and belong to no arm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ui.design.theme import Theme, faint_colour

COLOURS: dict[Theme, tuple[str, ...]] = {
    "light": ("#381EA7", "#E86882", "#AE8A0D", "#5F8FDE", "#791B11", "#592E63"),
    "dark": ("#8E6FFB", "#BEDF0D", "#C17273", "#78E3DC", "#F0C781", "#4E94C3"),
}
"""Chosen to be the farthest apart for people with normal, red-blind, green-blind and blue-blind sight, with a contrast
of 3 to 1 with the background. A test computes both."""
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "star")
OPEN_SHIFT = 3
"""The second class of a colour has an open marker of a shape so many places farther."""
MAX_STYLES = 2 * len(SHAPES)
"""Classes that have a style of their own."""


@dataclass(frozen=True, slots=True)
class ClassStyle:
    """How the points of a class are drawn."""

    colour: str
    symbol: str
    """Plotly marker. No other class has it."""


def list_class_styles(theme: Theme) -> list[ClassStyle]:
    """MAX_STYLES styles: every colour twice, with a filled and an open marker of another shape."""
    colours = COLOURS[theme]
    count = len(SHAPES)
    filled = [ClassStyle(colours[place], shape) for place, shape in enumerate(SHAPES)]
    opened = [ClassStyle(colours[place], f"{SHAPES[(place + OPEN_SHIFT) % count]}-open") for place in range(count)]
    return filled + opened


def other_style(theme: Theme) -> ClassStyle:
    """Of all classes that have no style of their own."""
    return ClassStyle(faint_colour(theme), "circle-open-dot")


def choose_styled(groups: Iterable[str]) -> list[str]:
    """Up to MAX_STYLES of the different `groups`, those with the most members, in the order of their names."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group] = counts.get(group, 0) + 1
    largest = sorted(counts, key=lambda group: (-counts[group], group))[:MAX_STYLES]
    return sorted(largest)
