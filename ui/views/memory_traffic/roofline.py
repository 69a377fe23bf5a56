"""Roofline: the bandwidth of each level of memory, the peak of arithmetic, and where the kernels stand under them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.machine.model import Cache
from bench.plan.plan import Plan
from bench.scheduler.tasks import Job
from bench.values import Arm
from ui.charts import axes
from ui.components import task_panel
from ui.design import browser, markdown, plotly_template
from ui.design.theme import Theme, arm_style, published_colour
from ui.views.memory_traffic import array_sizes
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

RELEVANT_PARAMETERS = ("fields", "vectors")
LINE_DASHES = ("dash", "solid", "dot", "dashdot")
INTENSITY_RANGE = (1 / 64, 512.0)
"""Operations a byte, from where to where the roof is drawn."""


def draw_roofline_tab(plan: Plan) -> None:
    """The whole tab."""
    colours = browser.detect_theme()
    settings = task_panel.relevant_settings(plan, RELEVANT_PARAMETERS)
    slot = f"memory:roofline:{settings}"
    job = task_panel.find_newest_job(slot, plan.workload, "roofline", settings=settings)
    choices = {name: transformation.label for name, transformation in TRANSFORMATIONS.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.selectbox(
            "Kernels",
            ["all", *choices],
            format_func=lambda name: choices.get(name, "of all transformations"),
            key="memory:roofline-which",
            width=280,
        )
        kernels = list(choices) if wanted == "all" else [wanted]
        task_panel.draw_task_buttons(plan, job, "roofline", {"kernels": kernels}, slot, "Measure", ":material/roofing:")
        st.caption(
            "STREAM's triad from the nearest cache to memory, the peak of fused multiply-adds, and each kernel at the "
            "size that suits it; on one thread and on as many as there are cores set. Up to two minutes."
        )
    if job is None:
        st.info(
            "The roofline says what this machine allows: below the slope memory is the limit, below the level line "
            "arithmetic is. Press Measure.",
            icon=":material/roofing:",
        )
        return
    task_panel.follow_job(job, lambda now: _draw_results(now, colours))


def _draw_results(job: Job, colours: Theme) -> None:
    task_panel.draw_job_state(job)
    stairs, peaks, kernels = job.told("triad"), job.told("peak"), job.told("kernel")
    if not stairs:
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**The staircase of the caches** :small[STREAM's triad, best of five passes]")
        st.plotly_chart(
            build_staircase_figure(stairs, array_sizes.data_caches(), colours),
            key="memory-stairs",
            config=plotly_template.PLOTLY_CONFIG,
            alt="Bandwidth of the triad over the size of its arrays",
        )
    with right:
        st.markdown("**The roofline** :small[bytes counted from the algorithm]")
        st.plotly_chart(
            build_roofline_figure(stairs, peaks, kernels, colours),
            key="memory-roofline",
            config=plotly_template.PLOTLY_CONFIG,
            alt="Operations a second over operations a byte, with the limits of this machine and the kernels",
        )
    for peak in peaks:
        threads = f"{peak['threads']} thread{'s' * (peak['threads'] > 1)}"
        st.markdown(
            f"{threads}: **{peak['gflop_s']:,.0f} Gflop/s** of float32 multiply-adds, {peak['bits']}-bit vectors, "
            f"**{_largest_array_gb_s(stairs, peak['threads']):.1f} GB/s** from the largest arrays"
        )
    if kernels:
        st.dataframe(build_kernel_table(kernels), hide_index=True)
        st.caption(
            "Shares can pass 100 %: the triad also writes, and a line that is written is read first, which STREAM does "
            "not count; a kernel that only reads moves fewer bytes in truth. Float64 kernels are held to the peak of "
            "float32 where arithmetic limits them. The vectors are counted in the compiled code: such static counts do "
            "not say what ran."
        )
    if why := job.result.get("uncounted"):
        st.caption(
            f":material/visibility_off: **No hardware counters beside**, or not all. {markdown.escape_markdown(why)}."
        )


def _largest_array_gb_s(stairs: list[dict[str, Any]], threads: int) -> float:
    """GB/s at the largest size that was measured."""
    own = [stair for stair in stairs if stair["threads"] == threads]
    return max(own, key=lambda stair: stair["bytes"])["gb_s"] if own else 0.0


def _thread_counts(of: list[dict[str, Any]]) -> list[int]:
    return sorted({one["threads"] for one in of})


def build_staircase_figure(stairs: list[dict[str, Any]], caches: list[Cache], theme: Theme) -> go.Figure:
    """GB/s over the size of all arrays, a line for each number of threads."""
    figure = plotly_template.new_figure(theme, 420)
    for place, threads in enumerate(_thread_counts(stairs)):
        own = [stair for stair in stairs if stair["threads"] == threads]
        arm = Arm.BASELINE if place == 0 else Arm.ACCELERATED
        figure.add_scatter(
            x=[stair["bytes"] / 1024 for stair in own],
            y=[stair["gb_s"] for stair in own],
            mode="lines+markers",
            name=f"{threads} thread{'s' * (threads > 1)}",
            line={"color": arm_style(arm, theme).colour, "dash": LINE_DASHES[place % len(LINE_DASHES)]},
            marker={"symbol": arm_style(arm, theme).symbol},
            hovertemplate="%{x:,.0f} KiB: %{y:.1f} GB/s<extra></extra>",
        )
    axes.mark_caches(figure, caches, theme)
    array_sizes.set_array_size_axis(figure, [stair["bytes"] for stair in stairs], "all three arrays")
    figure.update_yaxes(title="GB/s", rangemode="tozero")
    return figure


def build_roofline_figure(
    stairs: list[dict[str, Any]], peaks: list[dict[str, Any]], kernels: list[dict[str, Any]], theme: Theme
) -> go.Figure:
    """Gflop/s over operations a byte; for each number of threads the roof of memory, and that of the fastest level."""
    figure = plotly_template.new_figure(theme, 420)
    for place, peak in enumerate(peaks):
        own = [stair for stair in stairs if stair["threads"] == peak["threads"]]
        if not own:
            continue
        arm = Arm.BASELINE if place == 0 else Arm.ACCELERATED
        threads = f"{peak['threads']} thread{'s' * (peak['threads'] > 1)}"
        levels = {
            "memory": _largest_array_gb_s(stairs, peak["threads"]),
            "nearest cache": max(stair["gb_s"] for stair in own),
        }
        for level, gb_s in levels.items():
            ridge = peak["gflop_s"] / gb_s
            x = [INTENSITY_RANGE[0], ridge, max(INTENSITY_RANGE[1], ridge)]
            figure.add_scatter(
                x=x,
                y=[min(peak["gflop_s"], gb_s * intensity) for intensity in x],
                mode="lines",
                name=f"{level}, {threads}",
                line={"color": arm_style(arm, theme).colour, "dash": "solid" if level == "memory" else "dot"},
                hovertemplate=f"{level}, {threads}: {gb_s:.1f} GB/s, {peak['gflop_s']:,.0f} Gflop/s<extra></extra>",
            )
    # What has no arithmetic has no place on a chart of it; the table has it.
    points = [kernel for kernel in kernels if kernel["gflop_s"] > 0]
    figure.add_scatter(
        x=[point["intensity"] for point in points],
        y=[point["gflop_s"] for point in points],
        customdata=[[point["gb_s"], point["share"], point["threads"], point["transformation"]] for point in points],
        text=[point["version"] for point in points],
        mode="markers+text",
        textposition="middle right",
        name="kernels",
        marker={"color": published_colour(theme), "symbol": "diamond", "size": 9},
        hovertemplate="%{customdata[3]}, %{text}, %{customdata[2]} threads: %{y:.3g} Gflop/s, "
        "%{customdata[0]:.3g} GB/s, %{customdata[1]:.0%} of its limit<extra></extra>",
    )
    intensities, rates = ([value for line in figure.data for value in line[along]] for along in ("x", "y"))
    figure.update_xaxes(title="arithmetic intensity [operations a byte], log", **axes.build_log_axis(intensities))
    figure.update_yaxes(title="Gflop/s, log", **axes.build_log_axis(rates))
    return figure


def build_kernel_table(kernels: list[dict[str, Any]]) -> pd.DataFrame:
    """Every kernel in figures."""
    return pd.DataFrame(
        [
            {
                "transformation": kernel["transformation"],
                "version": kernel["label"],
                "threads": kernel["threads"],
                "ms": round(1e3 * kernel["seconds"], 3),
                "GB/s": round(kernel["gb_s"], 2),
                "Gflop/s": round(kernel["gflop_s"], 2),
                "operations a byte": round(kernel["intensity"], 3),
                "triad there [GB/s]": round(kernel["limit_gb_s"], 1),
                "share of the limit": f"{kernel['share']:.0%}",
                "machine code": markdown.escape_markdown(kernel["words"]),
            }
            | {f"{event} a call": f"{count:,.0f}" for event, count in kernel.get("counted", {}).items()}
            for kernel in kernels
        ]
    )
