"""Colours, markers, lines and glyphs of the arms and of everything else in a chart, for the light and the dark theme.

The colours are those of `.streamlit/config.toml`; a test compares them. The arms also differ in marker, line and fill,
so that a reader does not have to tell the colours apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bench.values.base import Arm
from ui.design.markdown import escape_markdown

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as hexadecimal RGB."""

    ink: str
    """Text, and marks that belong to both arms: the ratio and its interval."""
    label: str
    """Tick labels and axis titles."""
    faint: str
    """Guide lines and remarks in a chart."""
    grid: str
    background: str
    border: str
    text_on_arm: str
    """Text on an area filled with an arm's colour."""
    series: tuple[str, ...]
    """`chartCategoricalColors`: baseline, accelerated, published figures, load, and four for other lines."""


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        ink="#161C27",
        label="#55627A",
        faint="#6B7688",
        grid="#E6EAF1",
        background="#FFFFFF",
        border="#D9DEE7",
        text_on_arm="#FFFFFF",
        series=("#3F4D63", "#0B7F75", "#B45309", "#6D4BC3", "#BE3A6B", "#2B6CB0", "#5E7A1F", "#8A6A4F"),
    ),
    "dark": Palette(
        ink="#E8ECF2",
        label="#A3AFC0",
        faint="#94A0B3",
        grid="#262F3B",
        background="#0D1219",
        border="#323C4A",
        text_on_arm="#0F141B",
        series=("#7B8AA3", "#2DD4BF", "#F0A84B", "#B79BF5", "#F28BB0", "#6FB1F0", "#B3CC66", "#CDA98B"),
    ),
}
ARM_COLOUR_COUNT = 2
"""The first colours of a palette's `series` belong to the arms."""


@dataclass(frozen=True, slots=True)
class ArmStyle:
    """How one arm is drawn."""

    colour: str
    fill: str
    """The colour, translucent, for areas."""
    text: str
    """Colour of text on an area filled with `colour`."""
    symbol: str
    """Plotly marker of a sample."""
    warm_up_symbol: str
    """Plotly marker of a warm-up sample."""
    dash: str
    """Plotly dash of a line."""
    pattern: str
    """Plotly pattern of a bar; empty for a solid bar."""
    glyph: str
    """The marker as a character, for text."""


def arm_style(arm: Arm, theme: Theme) -> ArmStyle:
    """The style of an arm, the same on every page."""
    palette = PALETTES[theme]
    baseline = arm is Arm.BASELINE
    colour = palette.series[0 if baseline else 1]
    return ArmStyle(
        colour=colour,
        fill=add_opacity(colour, 0.18),
        text=palette.text_on_arm,
        symbol="circle-open" if baseline else "diamond",
        warm_up_symbol="circle-open-dot" if baseline else "diamond-open",
        dash="dash" if baseline else "solid",
        pattern="/" if baseline else "",
        glyph="○" if baseline else "◆",
    )


def add_opacity(colour: str, opacity: float) -> str:
    """A hexadecimal colour as a CSS colour with an opacity from 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def light_dark(colours: Mapping[Theme, str]) -> str:
    """A CSS colour that follows the theme of the browser at once, without a rerun of the page."""
    return f"light-dark({colours['light']}, {colours['dark']})"


def ink_colour(theme: Theme) -> str:
    """Colour of text, and of marks that belong to both arms."""
    return PALETTES[theme].ink


def faint_colour(theme: Theme) -> str:
    """Colour of guide lines and remarks."""
    return PALETTES[theme].faint


def published_colour(theme: Theme) -> str:
    """Colour of published figures and of limits."""
    return PALETTES[theme].series[2]


def trick_colour(theme: Theme) -> str:
    """Colour of numbers that mislead, on the page Method, and of their mark."""
    return PALETTES[theme].series[4]


def replay_colour(theme: Theme) -> str:
    """Colour of the mark of a replay."""
    return PALETTES[theme].series[3]


def line_colours(theme: Theme) -> tuple[str, ...]:
    """Colours for lines that belong to no arm."""
    return PALETTES[theme].series[ARM_COLOUR_COUNT:]


def load_colour_scale(theme: Theme) -> list[tuple[float, str]]:
    """Plotly colour scale of CPU load, from idle to busy."""
    colour = PALETTES[theme].series[3]
    return [(0.0, add_opacity(colour, 0.04)), (1.0, colour)]


def arm_glyph_markdown(arm: Arm, theme: Theme) -> str:
    """An arm's glyph in its colour, as Markdown."""
    style = arm_style(arm, theme)
    return f':color[{style.glyph}]{{foreground="{style.colour}"}}'


def arm_name_markdown(arm: Arm, name: str, theme: Theme) -> str:
    """An arm's glyph in its colour, followed by `name`, as Markdown. `name` is plain text."""
    return f"{arm_glyph_markdown(arm, theme)} {escape_markdown(name)}"
