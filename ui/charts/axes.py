"""Axes that several charts share: units of time, logarithmic ticks, one row per arm, marked positions."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median_high

import plotly.graph_objects as go

from bench.formatting import choose_time_unit, format_decimal
from bench.machine.model import Cache
from bench.run.record import Run
from bench.values.base import Arm
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, published_colour

ARM_ROWS = {Arm.BASELINE: 1, Arm.ACCELERATED: 0}
"""Vertical position of each arm in a chart with one row per arm."""
MAX_LABEL_LINE_CHARS = 14
"""Longest line of an arm's name beside a narrow chart."""
MAX_TICKS = 8
"""Most ticks on a logarithmic axis."""
DECADE_TICKS = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Positions of ticks in a decade, densest first."""


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """A unit of time. Calling it converts seconds."""

    name: str
    factor: float
    """How many of it are one second."""

    @classmethod
    def of(cls, seconds: float) -> TimeUnit:
        """The unit in which a time is written; milliseconds for 0."""
        name, unit_s = choose_time_unit(seconds or 1e-3)
        return cls(name, float(round(1 / unit_s)))

    @classmethod
    def of_all(cls, times: Sequence[float]) -> TimeUnit:
        """The unit that suits the median of `times`, in seconds."""
        return cls.of(median_high(times) if times else 0.0)

    def __call__(self, seconds: float) -> float:
        """`seconds` in this unit, rounded to six digits to keep the figure small."""
        return float(f"{seconds * self.factor:.6g}")


def build_arms_axis(run: Run) -> dict:
    """A vertical axis with one row per arm, named by glyph and label."""
    names = {arm: "<br>".join(textwrap.wrap(run.snapshot.arms[arm], MAX_LABEL_LINE_CHARS)) for arm in Arm}
    return {
        "tickvals": [ARM_ROWS[arm] for arm in Arm],
        "ticktext": [f"{arm_style(arm, 'light').glyph} {names[arm]}" for arm in Arm],
        "range": [-0.65, 1.5],
        "showgrid": False,
        "zeroline": False,
    }


def build_log_axis(values: Iterable[float], format_tick: Callable[[float], str] = format_decimal) -> dict:
    """A logarithmic axis for the positive ones of `values`, with at most MAX_TICKS round numbers as ticks.

    Plotly's own ticks between two decades are single digits, as in '2' for 20.
    """
    positive = [value for value in values if value > 0] or [1.0]
    # Plotly extends an axis a little beyond its data.
    margin = max(1.05, (max(positive) / min(positive)) ** 0.05)
    ticks = choose_log_ticks(min(positive) / margin, max(positive) * margin)
    return {"type": "log", "tickvals": ticks, "ticktext": [format_tick(tick) for tick in ticks]}


def log_time_axis(times: Iterable[float]) -> dict:
    """A logarithmic axis of times in seconds, each tick in the unit that suits it: '500 µs', '2 ms'."""
    return build_log_axis(times, _format_time_tick)


def _format_time_tick(seconds: float) -> str:
    unit = TimeUnit.of(seconds)
    return f"{format_decimal(unit(seconds))} {unit.name}"


def choose_log_ticks(low: float, high: float) -> list[float]:
    """At most MAX_TICKS round numbers from `low` to `high`: evenly spaced logarithms, or, if the ends are less than a
    factor of 5 apart, evenly spaced numbers."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high))
    if high < 5 * low:
        unit = 10.0 ** math.floor(math.log10((high - low) / MAX_TICKS))
        step = next(unit * factor for factor in (1, 2, 5, 10, 20) if high - low < (MAX_TICKS - 1) * unit * factor)
        grids = [[step * index for index in range(math.ceil(low / step), math.floor(high / step) + 1)]]
    else:
        decades = range(first, last + 1)
        grids = [[digit * 10.0**decade for decade in decades for digit in digits] for digits in DECADE_TICKS]
        stride = math.ceil(len(decades) / MAX_TICKS)
        grids.append([10.0**decade for decade in decades if decade % stride == 0])
    # Twelve digits remove the rounding errors of binary numbers.
    visible = [[float(f"{tick:.12g}") for tick in grid if low <= tick <= high] for grid in grids]
    return next(ticks for ticks in visible if len(ticks) <= MAX_TICKS)


def mark_caches(figure: go.Figure, caches: Iterable[Cache], theme: Theme) -> None:
    """Mark the size of each cache on a logarithmic horizontal axis of KiB."""
    for cache in caches:
        mark_position(figure, cache.bytes / 1024, f"L{cache.level}", theme)


def mark_position(figure: go.Figure, x: float, text: str, theme: Theme, row: int = 0) -> None:
    """Draw a vertical line at `x` of a logarithmic axis, with `text` at the top or `row` lines below it."""
    figure.add_vline(x=x, line={"color": faint_colour(theme), "dash": "dot", "width": 1})
    figure.add_annotation(
        # On a logarithmic axis Plotly positions shapes by their value, but annotations by its logarithm.
        x=math.log10(x),
        y=1,
        yshift=-18 * row,
        yref="paper",
        yanchor="top",
        xanchor="left",
        text=text,
        showarrow=False,
        font={"color": faint_colour(theme)},
    )


def shade_projection(figure: go.Figure, measured: int, last: int, theme: Theme, *, at_top: bool) -> None:
    """Shade the core counts beyond the measured ones, up to `last`, with the label at the top or the bottom."""
    colour = published_colour(theme)
    figure.add_vrect(x0=measured, x1=last, fillcolor=add_opacity(colour, 0.07), line_width=0, layer="below")
    figure.add_annotation(
        # On a logarithmic axis Plotly positions shapes by their value, but annotations by its logarithm.
        x=math.log10(last),
        xanchor="right",
        y=int(at_top),
        yref="paper",
        yanchor="top" if at_top else "bottom",
        text="projection, not measured",
        font={"color": colour},
        showarrow=False,
    )
