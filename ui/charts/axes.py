"""TODO: ui.charts.race.axes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bench import formatting
from bench.formatting import format_decimal
from bench.machine.model import Cache
from bench.run.record import Run
from bench.values import Arm
from ui.charts.labels import arm_label
from ui.design.theme import Theme, arm_style, faint_colour


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """A unit of time, and how many of it are a second."""

    name: str
    factor: float

    @classmethod
    def of(cls, seconds: float) -> TimeUnit:
        name, unit_s = formatting.choose_time_unit(seconds or 1e-3)
        return cls(name, float(round(1 / unit_s)))

    def __call__(self, seconds: float) -> float:
        """Six digits are more than is seen, and less to send."""
        return float(f"{seconds * self.factor:.6g}")


def log_time_axis(seconds: Iterable[float]) -> dict:
    """A logarithmic axis of times, each tick in the unit that suits it: '500 µs', '2 ms'."""

    def text(tick: float) -> str:
        unit = TimeUnit.of(tick)
        return f"{formatting.format_decimal(unit(tick))} {unit.name}"

    return build_log_axis(seconds, text)


def upper_median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def typical_value(values: Sequence[float]) -> float:
    return upper_median(values)


MAX_LABEL_LINE_CHARS = 14
"""Characters of a line of an arm's name beside a narrow chart."""


ARM_ROWS = {Arm.BASELINE: 1, Arm.ACCELERATED: 0}
"""Where an arm stands in a chart of two rows."""


def build_arms_axis(run: Run) -> dict:
    """One row an arm, named by glyph and by name, in lines so short that they leave room for the chart."""
    names = {arm: "<br>".join(textwrap.wrap(arm_label(run, arm), MAX_LABEL_LINE_CHARS)) for arm in Arm}
    glyphs = {arm: arm_style(arm, "light").glyph for arm in Arm}
    return {
        "tickvals": [ARM_ROWS[arm] for arm in Arm],
        "ticktext": [f"{glyphs[arm]} {names[arm]}" for arm in Arm],
        "range": [-0.65, 1.5],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }


MAX_TICKS = 8


DECADE_TICKS = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Where ticks stand in a decade, the densest first."""


def build_log_axis(values: Iterable[float], text: Callable[[float], str] = format_decimal) -> dict:
    """A logarithmic axis of positive `values`: its ticks are round numbers written in full, few enough to be read.
    Plotly's own, between two decades, are digits without their zeros."""
    known = [value for value in values if value > 0] or [1.0]
    # A chart reaches a little beyond what it shows.
    beyond = max(1.05, (max(known) / min(known)) ** 0.05)
    ticks = choose_log_ticks(min(known) / beyond, max(known) * beyond)
    return {"type": "log", "tickvals": ticks, "ticktext": [text(tick) for tick in ticks]}


def choose_log_ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, MOST_TICKS at most: evenly by their logarithms, or, where these are near, by
    themselves."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high))
    if high < 5 * low:
        size = 10.0 ** math.floor(math.log10((high - low) / MAX_TICKS))
        step = next(times * size for times in (1, 2, 5, 10, 20) if high - low < (MAX_TICKS - 1) * times * size)
        grids = [[step * place for place in range(math.ceil(low / step), math.floor(high / step) + 1)]]
    else:
        grids = [[step * 10.0**power for power in range(first, last + 1) for step in steps] for steps in DECADE_TICKS]
        excluded_from_total = -(-(last - first + 1) // MAX_TICKS)
        grids.append([10.0**power for power in range(first, last + 1) if power % excluded_from_total == 0])
    # Twelve digits: what is behind them stems from the binary system.
    inside = [[float(f"{tick:.12g}") for tick in grid if low <= tick <= high] for grid in grids]
    return next(ticks for ticks in inside if len(ticks) <= MAX_TICKS)


def mark_caches(figure: go.Figure, caches: list[Cache], theme: Theme) -> None:
    """A line at the size of each cache, on a logarithmic axis of KiB."""
    for cache in caches:
        mark_position(figure, cache.bytes / 1024, f"L{cache.level}", theme)


def mark_position(figure: go.Figure, x: float, text: str, theme: Theme, row: int = 0) -> None:
    """A line across a chart at `x` of its logarithmic axis, and what it stands for, at the top or `row` rows below."""
    figure.add_vline(x=x, line={"color": faint_colour(theme), "dash": "dot", "width": 1})
    # A line stands where its number says; a text where its logarithm does.
    figure.add_annotation(
        x=math.log10(x), y=1, yshift=-18 * row, yref="paper", yanchor="top", xanchor="left", text=text, showarrow=False,
        font={"color": faint_colour(theme)},
    )  # fmt: skip
