"""How the arms and the verdicts look, in one place: colour, marker, line and glyph, for the light and the dark theme.

The two colours are the first two of `chartCategoricalColors` in `.streamlit/config.toml` (a test compares them). The
arms differ in shape, line and filling too, so that nobody needs the colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import plotly.graph_objects as go

from bench.machine.describe import Cache
from bench.values import Accuracy, Engagement, Outcome, Side, Speed

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Look:
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


_COLOURS: dict[Theme, dict[Side, tuple[str, str]]] = {
    "light": {Side.BASELINE: ("#3F4D63", "#FFFFFF"), Side.ACCELERATED: ("#0B7F75", "#FFFFFF")},
    "dark": {Side.BASELINE: ("#7B8AA3", "#0F141B"), Side.ACCELERATED: ("#2DD4BF", "#0F141B")},
}
_INK: dict[Theme, str] = {"light": "#161C27", "dark": "#E8ECF2"}
_FAINT: dict[Theme, str] = {"light": "#6B7688", "dark": "#94A0B3"}
_PUBLISHED: dict[Theme, str] = {"light": "#B45309", "dark": "#F0A84B"}
_LOAD: dict[Theme, str] = {"light": "#6D4BC3", "dark": "#B79BF5"}


def see_through(colour: str, share: float) -> str:
    """A hexadecimal colour with an opacity."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"


def look(side: Side, theme: Theme) -> Look:
    """How an arm is drawn everywhere."""
    colour, on = _COLOURS[theme][side]
    baseline = side is Side.BASELINE
    return Look(
        colour=colour,
        soft=see_through(colour, 0.18),
        on=on,
        symbol="circle-open" if baseline else "diamond",
        dim_symbol="circle-open-dot" if baseline else "diamond-open",
        dash="dash" if baseline else "solid",
        pattern="/" if baseline else "",
        glyph="○" if baseline else "◆",
    )


def ink(theme: Theme) -> str:
    """Colour of what belongs to both arms: the ratio and its interval."""
    return _INK[theme]


def faint(theme: Theme) -> str:
    """Colour of what only helps to read."""
    return _FAINT[theme]


def published(theme: Theme) -> str:
    """Colour of figures that others published."""
    return _PUBLISHED[theme]


def load_colours(theme: Theme) -> list[tuple[float, str]]:
    """Colour scale of processor load, from idle to busy."""
    return [(0.0, see_through(_LOAD[theme], 0.04)), (1.0, _LOAD[theme])]


def named(side: Side, name: str, theme: Theme) -> str:
    """Markdown: an arm's glyph in its colour, and its name."""
    return f"{glyph(side, theme)} {name}"


def glyph(side: Side, theme: Theme) -> str:
    """Markdown: an arm's glyph in its colour."""
    arm = look(side, theme)
    return f':color[{arm.glyph}]{{foreground="{arm.colour}"}}'


def layout(height: int) -> dict:
    """What every chart's Plotly layout begins with."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "dragmode": "zoom",
        "barcornerradius": 3,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "itemsizing": "trace",
        },
    }


MOST_TICKS = 8
STEPS = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Where ticks stand in a decade, the densest first."""


def written(number: float) -> str:
    """A number with all its digits, by thousands, however small: '0.00002', '2,000'."""
    return f"{Decimal(repr(float(number))).normalize():,f}"


def log_axis(values: Iterable[float], text: Callable[[float], str] = written) -> dict:
    """A logarithmic axis of positive `values`: its ticks are round numbers written in full, few enough to be read.
    Plotly's own, between two decades, are digits without their zeros."""
    known = [value for value in values if value > 0] or [1.0]
    # A chart reaches a little beyond what it shows.
    beyond = max(1.05, (max(known) / min(known)) ** 0.05)
    ticks = log_ticks(min(known) / beyond, max(known) * beyond)
    return {"type": "log", "tickvals": ticks, "ticktext": [text(tick) for tick in ticks]}


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, MOST_TICKS at most: evenly by their logarithms, or, where these are near, by
    themselves."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high))
    if high < 5 * low:
        size = 10.0 ** math.floor(math.log10((high - low) / MOST_TICKS))
        step = next(times * size for times in (1, 2, 5, 10, 20) if high - low < (MOST_TICKS - 1) * times * size)
        grids = [[step * place for place in range(math.ceil(low / step), math.floor(high / step) + 1)]]
    else:
        grids = [[step * 10.0**power for power in range(first, last + 1) for step in steps] for steps in STEPS]
        apart = -(-(last - first + 1) // MOST_TICKS)
        grids.append([10.0**power for power in range(first, last + 1) if power % apart == 0])
    # Twelve digits: what is behind them stems from the binary system.
    inside = [[float(f"{tick:.12g}") for tick in grid if low <= tick <= high] for grid in grids]
    return next(ticks for ticks in inside if len(ticks) <= MOST_TICKS)


def mark_caches(figure: go.Figure, caches: list[Cache], theme: Theme) -> None:
    """A line at the size of each cache, on a logarithmic axis of KiB."""
    for cache in caches:
        mark(figure, cache.bytes / 1024, f"L{cache.level}", theme)


def mark(figure: go.Figure, x: float, text: str, theme: Theme, row: int = 0) -> None:
    """A line across a chart at `x` of its logarithmic axis, and what it stands for, at the top or `row` rows below."""
    figure.add_vline(x=x, line={"color": faint(theme), "dash": "dot", "width": 1})
    # A line stands where its number says; a text where its logarithm does.
    figure.add_annotation(
        x=math.log10(x), y=1, yshift=-18 * row, yref="paper", yanchor="top", xanchor="left", text=text, showarrow=False,
        font={"color": faint(theme)},
    )  # fmt: skip


CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d", "pan2d", "select2d", "lasso2d"],
}
"""Plotly's settings in every chart: dragging zooms, a double click shows all again."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a colour and an icon."""

    icon: str
    colour: str

    def markdown(self, text: str) -> str:
        return f":{self.colour}-badge[:material/{self.icon}: {text}]"


SPEED = {
    Speed.FASTER: Badge("trending_up", "green"),
    Speed.SAME: Badge("drag_handle", "gray"),
    Speed.SLOWER: Badge("trending_down", "orange"),
}
ENGAGEMENT = {
    Engagement.ENGAGED: Badge("verified", "green"),
    Engagement.PARTIAL: Badge("rule", "orange"),
    Engagement.NOT: Badge("block", "red"),
    Engagement.SAME: Badge("balance", "gray"),
}
ACCURACY = {
    Accuracy.WITHIN: Badge("check", "green"),
    Accuracy.OUTSIDE: Badge("error", "red"),
    Accuracy.NOT_MEASURED: Badge("help", "gray"),
}
OUTCOME = {
    Outcome.PASSED: Badge("check", "green"),
    Outcome.ANNOTATED: Badge("sticky_note_2", "orange"),
    Outcome.REFUSED: Badge("block", "red"),
}
