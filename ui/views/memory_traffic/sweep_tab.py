"""Below a race of memory traffic: its transformation over array sizes, strides, tiles or cores, as the points come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_count
from bench.machine.model import Cache
from bench.plan.plan import Plan
from bench.scheduler.tasks import Job
from bench.values import Arm
from ui.charts import axes
from ui.components import task_panel
from ui.design import browser, plotly_template
from ui.design.theme import Theme, arm_style, faint_colour
from ui.views.memory_traffic import array_sizes, scaling, sweep_charts


@dataclass(frozen=True, slots=True)
class ChartTask:
    """One thing to measure beside the race."""

    label: str
    task: str
    given: dict[str, Any]
    icon: str
    words: str
    draw: Callable[[Job, Theme], None]
    reads: tuple[str, ...]
    """Parameters of the plan that its points depend on, besides the cores and the seed."""


def list_chart_tasks(transformation: str) -> list[ChartTask]:
    """What there is to measure of a transformation, the first in sight."""
    found = []
    if transformation == "multithreading":
        found.append(
            ChartTask(
                "One to all cores",
                "scaling",
                {},
                ":material/stacked_line_chart:",
                "The triad at the size that is set, and plain arithmetic, on one to all cores, in turn.",
                scaling.draw_scaling,
                ("size", "vectors"),
            )
        )
    swept = "stride" if transformation == "unit-stride" else transformation
    if swept in sweep_charts.SWEEP_LABELS:
        found.append(
            ChartTask(
                sweep_charts.SWEEP_LABELS[swept],
                "sweep",
                {"what": swept},
                ":material/linear_scale:",
                "Each point is the best of a few passes, at the size that is set; every result is checked.",
                sweep_charts.draw_sweep,
                ("size", "vectors") if swept == "stride" else ("size", "side", "vectors"),
            )
        )
    found.append(
        ChartTask(
            "Array sizes",
            "sizes",
            {"transformation": transformation},
            ":material/stairs_2:",
            "Both versions from inside the nearest cache to beyond the last one, best of a few passes; checked.",
            draw_sizes,
            ("before", "after", "fields", "tile", "vectors"),
        )
    )
    return found


def draw_sweep_section(plan: Plan) -> None:
    """The charts of the plan's transformation: one in sight, and what measures it."""
    colours = browser.detect_theme()
    transformation = str(plan.parameters["transformation"])
    found = {chart.label: chart for chart in list_chart_tasks(transformation)}
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### Chart", width="content")
        label = next(iter(found))
        if len(found) > 1:
            label = st.segmented_control(
                "What is charted",
                list(found),
                default=label,
                required=True,
                key=f"memory:chart-{transformation}",
                label_visibility="collapsed",
                width="content",
            )
        chart = found[label]
        # Another setting is another chart: what was measured at one is not shown as another's.
        settings = task_panel.relevant_settings(plan, chart.reads)
        slot = f"memory:{chart.task}:{transformation}:{settings}"
        job = task_panel.find_newest_job(slot, plan.workload, chart.task, chart.given, settings)
        task_panel.draw_task_buttons(plan, job, chart.task, chart.given, slot, "Measure", chart.icon)
        st.caption(chart.words)
    if job is not None:
        task_panel.follow_job(job, lambda now: _draw_results(chart, now, colours))


def _draw_results(chart: ChartTask, job: Job, colours: Theme) -> None:
    task_panel.draw_job_state(job)
    chart.draw(job, colours)


def draw_sizes(job: Job, colours: Theme) -> None:
    """The chart of sizes, with what it says in figures."""
    points = job.told("point")
    if not points:
        return
    most = max(point["threads"] for point in points)
    st.markdown(f"**Over the array's size** :small[{format_count(most, 'thread')}]")
    st.plotly_chart(
        build_sizes_figure(points, array_sizes.data_caches(), _charted_rate(job.plan), colours),
        key="memory-sizes",
        config=plotly_template.PLOTLY_CONFIG,
        alt="What both versions reach over the size of their arrays, with STREAM's triad",
    )
    said = [
        f"{format_bytes(size)}: **{before['seconds'] / after['seconds']:.2f}x**"
        for size, before, after in _pair_sizes(points)
    ]
    st.caption(f"Before over after, best times: {', '.join(said)}." if said else "")


def _charted_rate(plan: Plan) -> tuple[str, str]:
    """What is charted of a transformation, and its unit: where a product computes much of little, its arithmetic."""
    if plan.parameters["transformation"] == "tiling":
        return "gflop_s", "Gflop/s"
    return "gb_s", "GB/s of the plain algorithm"


def _pair_sizes(points: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Sizes at which both versions were timed."""
    sides = {
        lever: {point["bytes"]: point for point in points if point["lever"] == lever} for lever in ("before", "after")
    }
    return [(size, before, sides["after"][size]) for size, before in sides["before"].items() if size in sides["after"]]


def build_sizes_figure(
    points: list[dict[str, Any]], caches: list[Cache], rate: tuple[str, str], theme: Theme
) -> go.Figure:
    """What both versions reach over the bytes of their arrays, with the triad beside and the caches marked."""
    figure = plotly_template.new_figure(theme, 400, layout={"showlegend": True})
    name, unit = rate
    shown = {"before": Arm.BASELINE, "after": Arm.ACCELERATED}
    levers = [lever for lever in ("triad", *shown) if lever != "triad" or name == "gb_s"]
    for lever in levers:
        own = [point for point in points if point["lever"] == lever]
        if not own:
            continue
        look = arm_style(shown[lever], theme) if lever in shown else None
        figure.add_scatter(
            x=[point["bytes"] / 1024 for point in own],
            y=[point[name] for point in own],
            customdata=[[format_bytes(point["bytes"]), 1e3 * point["seconds"]] for point in own],
            mode="lines+markers" if look else "lines",
            name=f"{own[0]['label']}, {format_count(own[0]['threads'], 'thread')}",
            line={"color": look.colour, "dash": look.dash} if look else {"color": faint_colour(theme), "dash": "dot"},
            marker={"symbol": look.symbol, "size": 9} if look else None,
            hovertemplate="%{customdata[0]}: %{y:.3g} " + unit + ", %{customdata[1]:.4g} ms a call<extra></extra>",
        )
    axes.mark_caches(figure, caches, theme)
    array_sizes.set_array_size_axis(figure, [point["bytes"] for point in points])
    shown_rates = [rate for line in figure.data for rate in line.y]
    figure.update_yaxes(title=f"{unit}, log", **axes.build_log_axis(shown_rates))
    return figure
