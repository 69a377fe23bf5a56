"""How the arms and the verdicts look, in one place: colour, marker, line and glyph, for the light and the dark theme.

The two colours are the first two of `chartCategoricalColors` in `.streamlit/config.toml` (a test compares them). The
arms differ in shape, line and filling too, so that nobody needs the colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.values import Arm

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class ArmStyle:
    """One arm's."""

    colour: str
    soft: str
    """The colour, see-through: for areas."""
    on: str
    """Colour of text that stands on it."""
    symbol: str
    """Plotly marker of a sample of the race."""
    dim_symbol: str
    """Plotly marker of a warm-up sample."""
    dash: str
    pattern: str
    """Plotly pattern of a bar."""
    glyph: str
    """The marker as a letter, for text."""


_ARM_COLOURS: dict[Theme, dict[Arm, tuple[str, str]]] = {
    "light": {Arm.BASELINE: ("#3F4D63", "#FFFFFF"), Arm.ACCELERATED: ("#0B7F75", "#FFFFFF")},
    "dark": {Arm.BASELINE: ("#7B8AA3", "#0F141B"), Arm.ACCELERATED: ("#2DD4BF", "#0F141B")},
}
_INK_COLOURS: dict[Theme, str] = {"light": "#161C27", "dark": "#E8ECF2"}
_FAINT_COLOURS: dict[Theme, str] = {"light": "#6B7688", "dark": "#94A0B3"}
_PUBLISHED_COLOURS: dict[Theme, str] = {"light": "#B45309", "dark": "#F0A84B"}
_LOAD_COLOURS: dict[Theme, str] = {"light": "#6D4BC3", "dark": "#B79BF5"}


def add_opacity(colour: str, share: float) -> str:
    """A hexadecimal colour with an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"


def arm_style(arm: Arm, theme: Theme) -> ArmStyle:
    """How an arm is drawn everywhere."""
    colour, on = _ARM_COLOURS[theme][arm]
    baseline = arm is Arm.BASELINE
    return ArmStyle(
        colour=colour,
        soft=add_opacity(colour, 0.18),
        on=on,
        symbol="circle-open" if baseline else "diamond",
        dim_symbol="circle-open-dot" if baseline else "diamond-open",
        dash="dash" if baseline else "solid",
        pattern="/" if baseline else "",
        glyph="○" if baseline else "◆",
    )


def ink_colour(theme: Theme) -> str:
    """Colour of what belongs to both arms: the ratio and its interval."""
    return _INK_COLOURS[theme]


def faint_colour(theme: Theme) -> str:
    """Colour of what only helps to read."""
    return _FAINT_COLOURS[theme]


def published_colour(theme: Theme) -> str:
    """Colour of figures that others published."""
    return _PUBLISHED_COLOURS[theme]


def load_colour_scale(theme: Theme) -> list[tuple[float, str]]:
    """Colour scale of processor load, from idle to busy."""
    return [(0.0, add_opacity(_LOAD_COLOURS[theme], 0.04)), (1.0, _LOAD_COLOURS[theme])]


def arm_name_markdown(arm: Arm, name: str, theme: Theme) -> str:
    """Markdown: an arm's glyph in its colour, and its name."""
    return f"{arm_glyph_markdown(arm, theme)} {name}"


def arm_glyph_markdown(arm: Arm, theme: Theme) -> str:
    """Markdown: an arm's glyph in its colour."""
    style = arm_style(arm, theme)
    return f':color[{style.glyph}]{{foreground="{style.colour}"}}'
