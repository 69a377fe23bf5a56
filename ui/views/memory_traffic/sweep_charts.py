"""Sweeps: what an element costs at every stride, and a kernel at every tile, as the points come."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_count, format_number
from bench.machine.model import Cache
from bench.scheduler.tasks import Job, JobState
from bench.values import Arm
from ui.charts import axes
from ui.design import markdown, plotly_template
from ui.design.theme import Theme, arm_style, faint_colour
from ui.views.memory_traffic.array_sizes import data_caches

SWEEP_LABELS = {
    "stride": "Strides 1 to 64",
    "tiling": "Tile sizes",
    "transpose": "Tile sizes",
    "stencil": "Tile sizes",
    "dependence": "Strip lengths",
}
SWEEP_TITLES = {
    "stride": "What an element costs, by stride",
    "tiling": "The matrix product over the side of its tile",
    "transpose": "The transpose over the side of its tile",
    "stencil": "The stencil over the side of its tile",
    "dependence": "Running sums over the length of a strip",
}
MIN_LOG_SCALE_RATIO = 20
"""Ratio of the longest to the shortest time from which on a linear axis shows the short ones as nothing."""
LINE_DASHES = ("solid", "dash", "dot", "dashdot")


def draw_sweep(job: Job, colours: Theme) -> None:
    """The chart, with what it says in figures."""
    points, levels = job.told("point"), job.told("level")
    if not points and not levels:
        return
    what = job.given["what"]
    result = f", {markdown.escape_markdown(job.result['shape'])}" if job.state is JobState.DONE else ""
    count = 1 if what == "stride" else job.plan.cores
    st.markdown(f"**{SWEEP_TITLES[what]}** :small[{format_count(count, 'thread')}{result}]")
    drawn = build_sweep_figure(what, points, levels, data_caches(), colours)
    st.plotly_chart(
        drawn, key="memory-sweep", config=plotly_template.PLOTLY_CONFIG, alt=f"{SWEEP_TITLES[what]}: cost of an element"
    )
    st.caption(_describe_points(what, points))


def build_sweep_figure(
    what: str, points: list[dict[str, Any]], levels: list[dict[str, Any]], caches: list[Cache], theme: Theme
) -> go.Figure:
    """Nanoseconds an element, over stride or tile; versions that stand beside are level lines."""
    figure = plotly_template.new_figure(theme, 420, layout={"showlegend": True})
    look = arm_style(Arm.ACCELERATED, theme)
    for place, version in enumerate(dict.fromkeys(point["version"] for point in points)):
        own = [point for point in points if point["version"] == version]
        figure.add_scatter(
            x=[point["x"] for point in own],
            y=[point["ns"] for point in own],
            customdata=[1e3 * point["seconds"] for point in own],
            mode="lines+markers",
            name=own[0]["label"],
            line={"color": look.colour, "dash": LINE_DASHES[place % len(LINE_DASHES)]},
            marker={"symbol": look.symbol, "size": 6},
            hovertemplate="%{x}: %{y:.3f} ns an element, %{customdata:.3g} ms a call<extra></extra>",
        )
    for place, level in enumerate(levels):
        # Named in the legend: at the line the text would lie across what is drawn there.
        figure.add_hline(
            y=level["ns"],
            line={"color": arm_style(Arm.BASELINE, theme).colour, "dash": LINE_DASHES[(place + 1) % len(LINE_DASHES)]},
            name=f"{level['label']}: {1e3 * level['seconds']:.3g} ms",
            showlegend=True,
        )
    if what == "stride":
        for kind, line in _line_strides(points).items():
            figure.add_vline(
                x=line,
                line={"color": faint_colour(theme), "dash": "dot"},
                annotation={"text": f"one line a {kind}"},
                # On either side: the marks stand near each other.
                annotation_position="top left" if line == min(_line_strides(points).values()) else "top right",
            )
    else:
        _mark_cache_limits(figure, points, caches, theme)
    tiles = sorted({point["x"] for point in points})
    named = {"type": "log", "tickvals": tiles, "ticktext": [f"{tile:,}" for tile in tiles]}
    figure.update_xaxes(title=_axis_title(what), **({"type": "linear", "dtick": 8} if what == "stride" else named))
    times = [one["ns"] for one in [*points, *levels]]
    if max(times) > MIN_LOG_SCALE_RATIO * min(times):
        figure.update_yaxes(title="ns an element, log", **axes.build_log_axis(times))
    else:
        figure.update_yaxes(title="ns an element", rangemode="tozero")
    return figure


def _format_ns(point: dict[str, Any]) -> str:
    """An element's time, with three digits."""
    three = f"{point['ns']:.3g}"
    return f"{format_number(float(three))} ns"


def _line_strides(points: list[dict[str, Any]]) -> dict[str, int]:
    """For each kind of elements the stride from which on a line carries one of them."""
    return {point["label"]: point["line"] for point in points}


def _axis_title(what: str) -> str:
    return {"stride": "stride [elements]", "dependence": "length of a strip [float64 elements]"}.get(
        what, "side of a tile [float32 elements]"
    )


def _mark_cache_limits(figure: go.Figure, points: list[dict[str, Any]], caches: list[Cache], theme: Theme) -> None:
    """For each version a line at the longest tile with which it fits into each level of cache."""
    versions = list(dict.fromkeys(point["version"] for point in points))
    for place, version in enumerate(versions):
        own = [point for point in points if point["version"] == version]
        whose = f"{version} " if len(versions) > 1 else ""
        for cache in caches:
            x = _filling_tile(own, cache.bytes)
            if x is not None and x <= 2 * max(point["x"] for point in points):
                axes.mark_position(figure, x, f"{whose}fills L{cache.level}", theme, row=place)


def _filling_tile(own: list[dict[str, Any]], size: int) -> float | None:
    """The tile with which a version uses `size` bytes; None where too few points tell how they grow with it."""
    first, last = own[0], own[-1]
    if first["x"] == last["x"]:
        return None
    # By its side, or by its area.
    power = math.log(last["bytes"] / first["bytes"]) / math.log(last["x"] / first["x"])
    return last["x"] * (size / last["bytes"]) ** (1 / power)


def _describe_points(what: str, points: list[dict[str, Any]]) -> str:
    """What the points say, in figures that were measured."""
    if not points:
        return ""
    best, worst = min(points, key=lambda point: point["ns"]), max(points, key=lambda point: point["ns"])
    said = f"From {_format_ns(best)} an element at {best['x']} ({best['label']}) "
    said += f"to {_format_ns(worst)} at {worst['x']} ({worst['label']})."
    if what == "stride":
        from_ = " and ".join(f"{line} {kind}" for kind, line in _line_strides(points).items())
        said += f" From a stride of {from_} on, each element costs a whole line of 64 bytes."
    return said
