"""Below a race of memory traffic: its transformation over array sizes, strides, tiles or cores, as the points come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.machine.describe import Cache
from bench.plan.plan import Plan
from bench.scheduler.tasks import Job
from bench.values import Side
from ui.components import task_panel
from ui.design import theme as design_theme
from ui.design.theme import Theme
from ui.run_view import view
from ui.views.memory_traffic import scaling, sweep_charts


@dataclass(frozen=True, slots=True)
class Chart:
    """One thing to measure beside the race."""

    label: str
    task: str
    given: dict[str, Any]
    icon: str
    words: str
    draw: Callable[[Job, Theme], None]
    reads: tuple[str, ...]
    """Parameters of the plan that its points depend on, besides the cores and the seed."""


def charts(transformation: str) -> list[Chart]:
    """What there is to measure of a transformation, the first in sight."""
    found = []
    if transformation == "multithreading":
        found.append(
            Chart(
                "One to all cores",
                "scaling",
                {},
                ":material/stacked_line_chart:",
                "The triad at the size that is set, and plain arithmetic, on one to all cores, in turn.",
                scaling.draw,
                ("size", "vectors"),
            )
        )
    swept = "stride" if transformation == "unit-stride" else transformation
    if swept in sweep_charts.WHAT:
        found.append(
            Chart(
                sweep_charts.WHAT[swept],
                "sweep",
                {"what": swept},
                ":material/linear_scale:",
                "Each point is the best of a few passes, at the size that is set; every result is checked.",
                sweep_charts.draw,
                ("size", "vectors") if swept == "stride" else ("size", "side", "vectors"),
            )
        )
    found.append(
        Chart(
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


def draw(plan: Plan) -> None:
    """The charts of the plan's transformation: one in sight, and what measures it."""
    colours = view.theme()
    transformation = str(plan.parameters["transformation"])
    found = {chart.label: chart for chart in charts(transformation)}
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
        settings = task_panel.settings(plan, chart.reads)
        slot = f"memory:{chart.task}:{transformation}:{settings}"
        job = task_panel.newest(slot, plan.workload, chart.task, chart.given, settings)
        task_panel.buttons(plan, job, chart.task, chart.given, slot, "Measure", chart.icon)
        st.caption(chart.words)
    if job is not None:
        task_panel.follow(job, lambda now: _found(chart, now, colours))


def _found(chart: Chart, job: Job, colours: Theme) -> None:
    task_panel.standing(job)
    chart.draw(job, colours)


def draw_sizes(job: Job, colours: Theme) -> None:
    """The chart of sizes, with what it says in figures."""
    points = job.told("point")
    if not points:
        return
    most = max(point["threads"] for point in points)
    st.markdown(f"**Over the array's size** :small[{sweep_charts.threads(most)}]")
    st.plotly_chart(
        sizes(points, sweep_charts.caches(), _rate(job.plan), colours),
        key="memory-sizes",
        config=design_theme.CONFIG,
        alt="What both versions reach over the size of their arrays, with STREAM's triad",
    )
    said = [
        f"{sweep_charts.kib(size)}: **{before['seconds'] / after['seconds']:.2f}x**"
        for size, before, after in _pairs(points)
    ]
    st.caption(f"Before over after, best times: {', '.join(said)}." if said else "")


def _rate(plan: Plan) -> tuple[str, str]:
    """What is charted of a transformation, and its unit: where a product computes much of little, its arithmetic."""
    if plan.parameters["transformation"] == "tiling":
        return "gflop_s", "Gflop/s"
    return "gb_s", "GB/s of the plain algorithm"


def _pairs(points: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Sizes at which both versions were timed."""
    sides = {
        lever: {point["bytes"]: point for point in points if point["lever"] == lever} for lever in ("before", "after")
    }
    return [(size, before, sides["after"][size]) for size, before in sides["before"].items() if size in sides["after"]]


def sizes(points: list[dict[str, Any]], caches: list[Cache], rate: tuple[str, str], theme: Theme) -> go.Figure:
    """What both versions reach over the bytes of their arrays, with the triad beside and the caches marked."""
    figure = go.Figure()
    name, unit = rate
    shown = {"before": Side.BASELINE, "after": Side.ACCELERATED}
    levers = [lever for lever in ("triad", *shown) if lever != "triad" or name == "gb_s"]
    for lever in levers:
        own = [point for point in points if point["lever"] == lever]
        if not own:
            continue
        look = design_theme.look(shown[lever], theme) if lever in shown else None
        figure.add_scatter(
            x=[point["bytes"] / 1024 for point in own],
            y=[point[name] for point in own],
            customdata=[[sweep_charts.kib(point["bytes"]), 1e3 * point["seconds"]] for point in own],
            mode="lines+markers" if look else "lines",
            name=f"{own[0]['label']}, {sweep_charts.threads(own[0]['threads'])}",
            line={"color": look.colour, "dash": look.dash}
            if look
            else {"color": design_theme.faint(theme), "dash": "dot"},
            marker={"symbol": look.symbol, "size": 9} if look else None,
            hovertemplate="%{customdata[0]}: %{y:.3g} " + unit + ", %{customdata[1]:.4g} ms a call<extra></extra>",
        )
    design_theme.mark_caches(figure, caches, theme)
    figure.update_layout(design_theme.layout(400) | {"showlegend": True})
    sweep_charts.kib_axis(figure, [point["bytes"] for point in points])
    shown_rates = [rate for line in figure.data for rate in line.y]
    figure.update_yaxes(title=f"{unit}, log", **design_theme.log_axis(shown_rates))
    return figure
