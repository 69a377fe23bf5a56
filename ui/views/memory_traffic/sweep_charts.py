"""Charts of sweeps: the time of an element at every stride, and of a version at every tile or strip."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_count, format_number
from bench.machine.model import Cache
from bench.values.base import Arm
from ui.charts import axes
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob
from ui.design import markdown, plotly_template
from ui.design.figures import draw_figure
from ui.design.theme import Theme, arm_style, faint_colour
from ui.views.memory_traffic.array_sizes import data_caches
from workloads.memory_traffic.measurements import (
    STRIDE_CASE,
    SweepLevel,
    SweepPoint,
    SweepResult,
)

SWEEP_LABELS = {
    STRIDE_CASE: "Strides 1 to 64",
    "tiling": "Tile sizes",
    "transpose": "Tile sizes",
    "stencil": "Tile sizes",
    "dependence": "Strip lengths",
}
SWEEP_TITLES = {
    STRIDE_CASE: "Time per element, by stride",
    "tiling": "The matrix product over the side of its tile",
    "transpose": "The transpose over the side of its tile",
    "stencil": "The stencil over the side of its tile",
    "dependence": "Running sums over the length of a strip",
}
MIN_LOG_SCALE_RATIO = 20
"""A logarithmic axis is used if the longest time is more than so many times the shortest."""
LINE_DASHES = ("solid", "dash", "dot", "dashdot")


def draw_sweep(job: DisplayedJob, colours: Theme) -> None:
    """A sweep, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    if record is None:
        return
    points, levels = record.reports_as("point", SweepPoint), record.reports_as("level", SweepLevel)
    if not points and not levels:
        return
    case, result = record.plan.case, record.result_as(SweepResult)
    threads = format_count(1 if case == STRIDE_CASE else record.plan.cores, "thread")
    shape = f", {markdown.escape_markdown(result.shape)}" if result else ""
    st.markdown(f"**{SWEEP_TITLES[case]}** :small[{threads}{shape}]")
    draw_figure(
        build_sweep_figure(case, points, levels, data_caches(record.machine), colours),
        key="memory-sweep",
        alt=f"{SWEEP_TITLES[case]}: time per element",
    )
    st.caption(describe_points(case, points))


def build_sweep_figure(
    case: str, points: list[SweepPoint], levels: list[SweepLevel], caches: list[Cache], theme: Theme
) -> go.Figure:
    """Nanoseconds per element over stride or tile. Versions to compare with are horizontal lines."""
    figure = plotly_template.new_figure(theme, 420, layout={"showlegend": True})
    style = arm_style(Arm.ACCELERATED, theme)
    for place, version in enumerate(dict.fromkeys(point.version for point in points)):
        series = [point for point in points if point.version == version]
        figure.add_scatter(
            x=[point.x for point in series],
            y=[point.ns for point in series],
            customdata=[1e3 * point.seconds for point in series],
            mode="lines+markers",
            name=series[0].label,
            line={"color": style.colour, "dash": LINE_DASHES[place % len(LINE_DASHES)]},
            marker={"symbol": style.symbol, "size": 6},
            hovertemplate="%{x}: %{y:.3f} ns per element, %{customdata:.3g} ms per call<extra></extra>",
        )
    for place, level in enumerate(levels):
        # Named in the legend, because a text at the line would cross the curves.
        figure.add_hline(
            y=level.ns,
            line={"color": arm_style(Arm.BASELINE, theme).colour, "dash": LINE_DASHES[(place + 1) % len(LINE_DASHES)]},
            name=f"{level.label}: {1e3 * level.seconds:.3g} ms",
            showlegend=True,
        )
    if case == STRIDE_CASE:
        _mark_line_strides(figure, points, theme)
    else:
        _mark_cache_limits(figure, points, caches, theme)
    tiles = sorted({point.x for point in points})
    tile_axis = {"type": "log", "tickvals": tiles, "ticktext": [f"{tile:,}" for tile in tiles]}
    figure.update_xaxes(
        title=_axis_title(case), **({"type": "linear", "dtick": 8} if case == STRIDE_CASE else tile_axis)
    )
    times = [entry.ns for entry in (*points, *levels)]
    if max(times) > MIN_LOG_SCALE_RATIO * min(times):
        figure.update_yaxes(title="ns per element, log", **axes.build_log_axis(times))
    else:
        figure.update_yaxes(title="ns per element", rangemode="tozero")
    return figure


def _format_ns(point: SweepPoint) -> str:
    """The time of an element with three digits."""
    return f"{format_number(float(f'{point.ns:.3g}'))} ns"


def _line_strides(points: list[SweepPoint]) -> dict[str, int]:
    """For each type of elements, the stride from which on a cache line holds only one that is used."""
    return {point.label: point.line for point in points if point.line is not None}


def _axis_title(case: str) -> str:
    return {STRIDE_CASE: "stride [elements]", "dependence": "length of a strip [float64 elements]"}.get(
        case, "side of a tile [float32 elements]"
    )


def _mark_line_strides(figure: go.Figure, points: list[SweepPoint], theme: Theme) -> None:
    strides = _line_strides(points)
    for kind, line in strides.items():
        figure.add_vline(
            x=line,
            line={"color": faint_colour(theme), "dash": "dot"},
            annotation={"text": f"one line per {kind}"},
            # On different sides, because the lines are close to each other.
            annotation_position="top left" if line == min(strides.values()) else "top right",
        )


def _mark_cache_limits(figure: go.Figure, points: list[SweepPoint], caches: list[Cache], theme: Theme) -> None:
    """For each version and cache, a line at the largest tile whose data fits into the cache."""
    versions = list(dict.fromkeys(point.version for point in points))
    for place, version in enumerate(versions):
        series = [point for point in points if point.version == version]
        prefix = f"{version} " if len(versions) > 1 else ""
        for cache in caches:
            x = _filling_tile(series, cache.bytes)
            if x is not None and x <= 2 * max(point.x for point in points):
                axes.mark_position(figure, x, f"{prefix}fills L{cache.level}", theme, row=place)


def _filling_tile(series: list[SweepPoint], size: int) -> float | None:
    """The tile at which a version uses `size` bytes; None if the points do not show how its data grows."""
    first, last = series[0], series[-1]
    if first.x == last.x:
        return None
    # Proportional to the side of the tile, or to its area.
    power = math.log(last.bytes / first.bytes) / math.log(last.x / first.x)
    return last.x * (size / last.bytes) ** (1 / power)


def describe_points(case: str, points: list[SweepPoint]) -> str:
    """The fastest and the slowest point, in Markdown."""
    if not points:
        return ""
    best, worst = min(points, key=lambda point: point.ns), max(points, key=lambda point: point.ns)
    text = f"From {_format_ns(best)} per element at {best.x} ({best.label}) "
    text += f"to {_format_ns(worst)} at {worst.x} ({worst.label})."
    if case == STRIDE_CASE:
        strides = " and ".join(f"{line} {kind}" for kind, line in _line_strides(points).items())
        text += f" From a stride of {strides} on, each element needs a whole cache line of 64 bytes."
    return text
