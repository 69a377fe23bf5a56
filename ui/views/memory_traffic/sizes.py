"""What both versions of a transformation reach over the size of their arrays."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_count
from bench.machine.model import Cache
from bench.plan.plan import Plan
from bench.values.base import Arm
from ui.charts import axes
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob
from ui.design import plotly_template
from ui.design.figures import draw_figure
from ui.design.theme import Theme, arm_style, faint_colour
from ui.views.memory_traffic import array_sizes
from workloads.memory_traffic.measurements import SizePoint

ROLE_ARMS = {"before": Arm.BASELINE, "after": Arm.ACCELERATED}


@dataclass(frozen=True, slots=True)
class ChartedRate:
    """The rate on the vertical axis."""

    field: str
    """Name of a field of `SizePoint`."""
    unit: str


BANDWIDTH = ChartedRate("gb_s", "GB/s of the plain algorithm")
ARITHMETIC = ChartedRate("gflop_s", "Gflop/s")


def draw_sizes(job: DisplayedJob, colours: Theme) -> None:
    """A measurement over array sizes, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    points = record.reports_as("point", SizePoint) if record else []
    if record is None or not points:
        return
    threads = format_count(max(point.threads for point in points), "thread")
    st.markdown(f"**Over the size of the arrays** :small[{threads}]")
    draw_figure(
        build_sizes_figure(points, array_sizes.data_caches(record.machine), charted_rate(record.plan), colours),
        key="memory-sizes",
        alt="What both versions reach over the size of their arrays, with STREAM's triad",
    )
    ratios = [
        f"{format_bytes(before.bytes)}: **{before.seconds / after.seconds:.2f}x**"
        for before, after in _pair_sizes(points)
    ]
    st.caption(f"Time before over time after, best passes: {', '.join(ratios)}." if ratios else "")


def charted_rate(plan: Plan) -> ChartedRate:
    """The matrix product computes much on little data, so its arithmetic is charted, not its bandwidth."""
    return ARITHMETIC if plan.case == "tiling" else BANDWIDTH


def _pair_sizes(points: list[SizePoint]) -> list[tuple[SizePoint, SizePoint]]:
    """The points of both versions at the sizes at which both were timed."""
    after = {point.bytes: point for point in points if point.role == "after"}
    return [(point, after[point.bytes]) for point in points if point.role == "before" and point.bytes in after]


def build_sizes_figure(points: list[SizePoint], caches: list[Cache], rate: ChartedRate, theme: Theme) -> go.Figure:
    """A rate over the size of the arrays for both versions, with the triad if it is a limit, and the caches marked."""
    figure = plotly_template.new_figure(theme, 400, layout={"showlegend": True})
    roles = ["before", "after"] if rate == ARITHMETIC else ["triad", "before", "after"]
    for role in roles:
        series = [point for point in points if point.role == role]
        if not series:
            continue
        style = arm_style(ROLE_ARMS[role], theme) if role in ROLE_ARMS else None
        figure.add_scatter(
            x=[point.bytes / 1024 for point in series],
            y=[getattr(point, rate.field) for point in series],
            customdata=[[format_bytes(point.bytes), 1e3 * point.seconds] for point in series],
            mode="lines+markers" if style else "lines",
            name=f"{series[0].label}, {format_count(series[0].threads, 'thread')}",
            line={"color": style.colour, "dash": style.dash}
            if style
            else {"color": faint_colour(theme), "dash": "dot"},
            marker={"symbol": style.symbol, "size": 9} if style else None,
            hovertemplate="%{customdata[0]}: %{y:.3g} "
            + rate.unit
            + ", %{customdata[1]:.4g} ms per call<extra></extra>",
        )
    axes.mark_caches(figure, caches, theme)
    array_sizes.set_array_size_axis(figure, [point.bytes for point in points])
    rates = [getattr(point, rate.field) for point in points if point.role in roles]
    figure.update_yaxes(title=f"{rate.unit}, log", **axes.build_log_axis(rates))
    return figure
