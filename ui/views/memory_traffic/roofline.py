"""The tab Roofline: bandwidth of each level of memory, peak of arithmetic, and how near the kernels come to them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_count
from bench.machine.model import Cache
from bench.plan.plan import Plan
from bench.values import Arm
from ui.charts import axes
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.design import browser, markdown, plotly_template
from ui.design.theme import Theme, arm_style, published_colour
from ui.views.memory_traffic import array_sizes
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.measurements import PeakRate, RooflinePoint, RooflineResult, TriadPoint

LINE_DASHES = ("dash", "solid", "dot", "dashdot")
INTENSITY_RANGE = (1 / 64, 512.0)
"""Operations per byte over which the roof is drawn."""
ALL_KERNELS = "all"


def draw_roofline_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        chosen = st.selectbox(
            "Kernels",
            [ALL_KERNELS, *TRANSFORMATIONS],
            format_func=lambda name: "of all transformations" if name == ALL_KERNELS else TRANSFORMATIONS[name].label,
            key="memory:roofline-which",
            width=280,
        )
    kernels = list(TRANSFORMATIONS) if chosen == ALL_KERNELS else [chosen]
    fields = read_kernel_settings(plan.parameters).fields
    request = MeasurementRequest(plan, "roofline", {"kernels": kernels, "fields": fields})
    job = job_panel.find_job(request)
    with row:
        job_panel.draw_buttons(request, job, "Measure", ":material/roofing:")
        st.caption(
            "Measures STREAM's triad from the nearest cache to memory, the peak of fused multiply-adds, and each "
            "kernel at its recommended size, on one thread and on as many threads as cores are selected. Takes up to "
            "two minutes."
        )
    if job is None:
        st.info(
            "The roofline shows the limits of this machine: under the slope memory is the limit, under the horizontal "
            "line arithmetic is. Press **Measure**.",
            icon=":material/roofing:",
        )
        return
    job_panel.draw_origin(job, request)
    job_panel.follow_job(job, lambda current: draw_roofline(current, colours))


def draw_roofline(job: DisplayedJob, colours: Theme) -> None:
    """A measurement of the roofline, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    stairs = record.reports_as("triad", TriadPoint) if record else []
    if record is None or not stairs:
        return
    peaks, kernels = record.reports_as("peak", PeakRate), record.reports_as("kernel", RooflinePoint)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Bandwidth of caches and memory** :small[STREAM's triad, best of five passes]")
        st.plotly_chart(
            build_staircase_figure(stairs, array_sizes.data_caches(record.machine), colours),
            key="memory-stairs",
            config=plotly_template.PLOTLY_CONFIG,
            alt="Bandwidth of the triad over the size of its arrays",
        )
    with right:
        st.markdown("**Roofline** :small[bytes counted from the algorithm]")
        st.plotly_chart(
            build_roofline_figure(stairs, peaks, kernels, colours),
            key="memory-roofline",
            config=plotly_template.PLOTLY_CONFIG,
            alt="Operations per second over operations per byte, with the limits of this machine and the kernels",
        )
    for peak in peaks:
        bandwidth = f"{_largest_array_gb_s(stairs, peak.threads):.1f} GB/s"
        st.markdown(
            f"{format_count(peak.threads, 'thread')}: **{peak.gflop_s:,.0f} Gflop/s** of float32 multiply-adds, "
            f"{peak.bits}-bit vectors, **{bandwidth}** from the largest arrays"
        )
    if kernels:
        st.dataframe(build_kernel_table(kernels), hide_index=True)
        st.caption(
            "Shares can exceed 100 %: the triad also writes, and a cache line is read before it is written, which "
            "STREAM does not count. A kernel that only reads moves fewer bytes. Float64 kernels are compared with the "
            "peak of float32 if arithmetic limits them. Vectors are counted in the compiled code, which does not show "
            "what ran."
        )
    result = record.result_as(RooflineResult)
    if result and result.uncounted:
        st.caption(
            ":material/visibility_off: **Hardware counters are missing**, all or some of them. "
            f"{markdown.escape_markdown(result.uncounted)}."
        )


def _largest_array_gb_s(stairs: list[TriadPoint], threads: int) -> float:
    """GB/s at the largest size that was measured."""
    series = [stair for stair in stairs if stair.threads == threads]
    return max(series, key=lambda stair: stair.bytes).gb_s if series else 0.0


def build_staircase_figure(stairs: list[TriadPoint], caches: list[Cache], theme: Theme) -> go.Figure:
    """GB/s over the size of all arrays, with a line for each number of threads."""
    figure = plotly_template.new_figure(theme, 420)
    for place, threads in enumerate(sorted({stair.threads for stair in stairs})):
        series = [stair for stair in stairs if stair.threads == threads]
        style = arm_style(Arm.BASELINE if place == 0 else Arm.ACCELERATED, theme)
        figure.add_scatter(
            x=[stair.bytes / 1024 for stair in series],
            y=[stair.gb_s for stair in series],
            mode="lines+markers",
            name=format_count(threads, "thread"),
            line={"color": style.colour, "dash": LINE_DASHES[place % len(LINE_DASHES)]},
            marker={"symbol": style.symbol},
            hovertemplate="%{x:,.0f} KiB: %{y:.1f} GB/s<extra></extra>",
        )
    axes.mark_caches(figure, caches, theme)
    array_sizes.set_array_size_axis(figure, [stair.bytes for stair in stairs], "all three arrays")
    figure.update_yaxes(title="GB/s", rangemode="tozero")
    return figure


def build_roofline_figure(
    stairs: list[TriadPoint], peaks: list[PeakRate], kernels: list[RooflinePoint], theme: Theme
) -> go.Figure:
    """Gflop/s over operations per byte. For each number of threads, the roofs of memory and of the fastest cache."""
    figure = plotly_template.new_figure(theme, 420)
    # Kernels without arithmetic have no place on these axes; the table shows them.
    points = [kernel for kernel in kernels if kernel.gflop_s > 0]
    intensities, rates = [point.intensity for point in points], [point.gflop_s for point in points]
    for place, peak in enumerate(peaks):
        series = [stair for stair in stairs if stair.threads == peak.threads]
        if series:
            arm = Arm.BASELINE if place == 0 else Arm.ACCELERATED
            levels = {
                "memory": _largest_array_gb_s(stairs, peak.threads),
                "nearest cache": max(stair.gb_s for stair in series),
            }
            for level, gb_s in levels.items():
                roof = _add_roof(figure, level, gb_s, peak, arm, theme)
                intensities += roof.intensities
                rates += roof.rates
    figure.add_scatter(
        x=[point.intensity for point in points],
        y=[point.gflop_s for point in points],
        customdata=[
            [point.gb_s, point.share, format_count(point.threads, "thread"), point.transformation] for point in points
        ],
        text=[point.version for point in points],
        mode="markers+text",
        textposition="middle right",
        name="kernels",
        marker={"color": published_colour(theme), "symbol": "diamond", "size": 9},
        hovertemplate="%{customdata[3]}, %{text}, %{customdata[2]}: %{y:.3g} Gflop/s, "
        "%{customdata[0]:.3g} GB/s, %{customdata[1]:.0%} of its limit<extra></extra>",
    )
    figure.update_xaxes(title="arithmetic intensity [operations per byte], log", **axes.build_log_axis(intensities))
    figure.update_yaxes(title="Gflop/s, log", **axes.build_log_axis(rates))
    return figure


@dataclass(frozen=True, slots=True)
class _Roof:
    """A line of the figure: operations per byte, and Gflop/s."""

    intensities: list[float]
    rates: list[float]


def _add_roof(figure: go.Figure, level: str, gb_s: float, peak: PeakRate, arm: Arm, theme: Theme) -> _Roof:
    """Add the limit of one level of memory: a slope up to the ridge, then the peak of arithmetic."""
    ridge = peak.gflop_s / gb_s
    intensities = [INTENSITY_RANGE[0], ridge, max(INTENSITY_RANGE[1], ridge)]
    roof = _Roof(intensities, [min(peak.gflop_s, gb_s * intensity) for intensity in intensities])
    name = f"{level}, {format_count(peak.threads, 'thread')}"
    figure.add_scatter(
        x=roof.intensities,
        y=roof.rates,
        mode="lines",
        name=name,
        line={"color": arm_style(arm, theme).colour, "dash": "solid" if level == "memory" else "dot"},
        hovertemplate=f"{name}: {gb_s:.1f} GB/s, {peak.gflop_s:,.0f} Gflop/s<extra></extra>",
    )
    return roof


def build_kernel_table(kernels: list[RooflinePoint]) -> pd.DataFrame:
    """One row for each version of each transformation."""
    return pd.DataFrame(
        [
            {
                "transformation": kernel.transformation,
                "version": kernel.label,
                "threads": kernel.threads,
                "ms": round(1e3 * kernel.seconds, 3),
                "GB/s": round(kernel.gb_s, 2),
                "Gflop/s": round(kernel.gflop_s, 2),
                "operations per byte": round(kernel.intensity, 3),
                "triad there [GB/s]": round(kernel.limit_gb_s, 1),
                "share of the limit": f"{kernel.share:.0%}",
                "machine code": markdown.escape_markdown(kernel.machine_code),
            }
            | {f"{event} per call": f"{count:,.0f}" for event, count in kernel.counted.items()}
            for kernel in kernels
        ]
    )
