"""The tab Roofline: bandwidth of each level of memory, peak of arithmetic, and how near the kernels come to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_count
from bench.machine.model import Cache
from bench.plan.plan import Plan
from ui.charts import axes
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.controls.tab_settings import TabSetting
from ui.design import browser, markdown, plotly_template
from ui.design.figures import draw_figure
from ui.design.tables import round_measured
from ui.design.theme import PALETTES, Theme, ink_colour, line_colours, published_colour
from ui.views.memory_traffic import array_sizes
from ui.views.memory_traffic.achieved import format_factor
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.measurements import PeakRate, RooflinePoint, RooflineResult, TriadPoint

TASK = "roofline"
LINE_DASHES = ("dash", "solid", "dot", "dashdot")
MARKERS = ("square", "triangle-up", "cross", "star")
THREAD_COLOURS = (3, 1, 2, 4)
"""Positions in `line_colours`: blue, violet, pink, green. Orange is the kernels'."""
INTENSITY_RANGE = (1 / 64, 512.0)
"""Operations per byte over which the roof is drawn."""
ROOFLINE_PX, PLOT_PX = 440, 330
"""Height of the roofline, and of the plot in it."""
NAME_SHIFT_PX, NAME_HEIGHT_PX, NAME_WIDTH_SHARE = 16, 18, 0.3
"""Distance of a kernel's name from its mark, its height, and its width as a share of the plot's."""
ALL_KERNELS = "all"
MIN_NEAR_SHARE = 0.6
"""A nearer cache has at least this share of the bandwidth of farther ones, unless the measurement was disturbed."""
MAX_PEAK_FACTOR = 1.1
VERDICT_NOTES = {"vectorized": "", "partly vectorized": ", partly", "vectorized moves": ", moves only"}
"""What is added to the width of the vectors, by the beginning of the verdict about a kernel's machine code."""
KERNELS = TabSetting(
    "memory-traffic",
    "roofline",
    "kernels",
    ALL_KERNELS,
    lambda name: name if name == ALL_KERNELS or name in TRANSFORMATIONS else None,
)


def draw_roofline_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    KERNELS.restore()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        st.selectbox(
            "Kernels",
            [ALL_KERNELS, *TRANSFORMATIONS],
            format_func=lambda name: "All kernels" if name == ALL_KERNELS else TRANSFORMATIONS[name].label,
            key=KERNELS.key,
            persist_state="session",
            width=280,
        )
    KERNELS.write()
    chosen = str(st.session_state[KERNELS.key])
    kernels = list(TRANSFORMATIONS) if chosen == ALL_KERNELS else [chosen]
    fields = read_kernel_settings(plan.parameters).fields
    request = MeasurementRequest(plan, TASK, {"kernels": kernels, "fields": fields})
    job = job_panel.find_job(request)
    with row:
        job_panel.draw_buttons(request, job, "Measure", ":material/roofing:")
        st.caption(
            "Measures memory bandwidth at every cache level, peak arithmetic, and each kernel, with 1 thread and with "
            "all chosen cores. Takes up to two minutes."
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
        draw_figure(
            build_staircase_figure(stairs, array_sizes.data_caches(record.machine), colours),
            key="memory-stairs",
            alt="Bandwidth of the triad over the size of its arrays",
        )
    with right:
        st.markdown("**Roofline** :small[bytes counted from the algorithm]")
        draw_figure(
            build_roofline_figure(stairs, peaks, kernels, colours),
            key="memory-roofline",
            alt="Operations per second over operations per byte, with the limits of this machine and the kernels",
        )
    for peak in peaks:
        bandwidth = f"{_largest_array_gb_s(stairs, peak.threads):.1f} GB/s"
        st.markdown(
            f"{format_count(peak.threads, 'thread')}: **{peak.gflop_s:,.0f} Gflop/s** of float32 multiply-adds, "
            f"{peak.bits}-bit vectors, **{bandwidth}** from the largest arrays"
        )
    if kernels:
        if disturbance := find_disturbance(stairs, peaks, kernels):
            st.warning(
                f"Other programs probably slowed it down: {disturbance}. The factors below are too large. Measure "
                "again on a quiet machine.",
                title="The limits are not reliable",
                icon=":material/warning:",
            )
        st.dataframe(
            build_kernel_table(kernels, peaks),
            hide_index=True,
            column_config={
                "threads": st.column_config.NumberColumn(width=64),
                "ms": st.column_config.NumberColumn(width=70),
                "GB/s": st.column_config.NumberColumn(width=64),
                "Gflop/s": st.column_config.NumberColumn(width=70),
                "op/byte": st.column_config.NumberColumn(width=70, help="operations per byte"),
                "against its limit": st.column_config.TextColumn(width=130),
                "vectors": st.column_config.TextColumn(
                    width=130, help="Width of the vectors in the innermost loops of the compiled code"
                ),
            },
            alt="Rates of every kernel, and how they compare with their limits",
        )
        st.caption(
            "The limit is the triad on arrays of the same size, so that kernels in a cache are compared with that "
            "cache, or the peak of arithmetic. Above 1x, a kernel takes data from a nearer cache than the triad of its "
            "size, or mostly reads: the triad also writes, and a cache line is read before it is written, which STREAM "
            "does not count. Float64 kernels are compared with the peak of float32. Vectors are counted in the "
            "compiled code, which does not show what ran."
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
        colour = _thread_colour(place, theme)
        figure.add_scatter(
            x=[stair.bytes / 1024 for stair in series],
            y=[stair.gb_s for stair in series],
            mode="lines+markers",
            name=format_count(threads, "thread"),
            line={"color": colour, "dash": LINE_DASHES[place % len(LINE_DASHES)]},
            marker={"symbol": MARKERS[place % len(MARKERS)]},
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
    figure = plotly_template.new_figure(theme, ROOFLINE_PX)
    # Kernels without arithmetic have no place on these axes; the table shows them.
    points = [kernel for kernel in kernels if kernel.gflop_s > 0]
    intensities, rates = [point.intensity for point in points], [point.gflop_s for point in points]
    for place, peak in enumerate(peaks):
        series = [stair for stair in stairs if stair.threads == peak.threads]
        if series:
            colour = _thread_colour(place, theme)
            levels = {
                "memory": _largest_array_gb_s(stairs, peak.threads),
                "nearest cache": max(stair.gb_s for stair in series),
            }
            for level, gb_s in levels.items():
                roof = _add_roof(figure, level, gb_s, peak, colour)
                intensities += roof.intensities
                rates += roof.rates
    figure.add_scatter(
        x=[point.intensity for point in points],
        y=[point.gflop_s for point in points],
        customdata=[
            [point.gb_s, point.share, format_count(point.threads, "thread"), point.transformation] for point in points
        ],
        text=[point.version for point in points],
        mode="markers",
        name="kernels",
        marker={"color": published_colour(theme), "symbol": "diamond", "size": 9},
        hovertemplate="%{customdata[3]}, %{text}, %{customdata[2]}: %{y:.3g} Gflop/s, "
        "%{customdata[0]:.3g} GB/s, %{customdata[1]:.2g}x its limit<extra></extra>",
    )
    _add_kernel_names(figure, points, intensities, rates, theme)
    figure.update_xaxes(title="arithmetic intensity [operations per byte], log", **axes.build_log_axis(intensities))
    figure.update_yaxes(title="Gflop/s, log", **axes.build_log_axis(rates))
    return figure


def _add_kernel_names(
    figure: go.Figure, points: list[RooflinePoint], intensities: list[float], rates: list[float], theme: Theme
) -> None:
    """The name of each kernel right of its mark, moved up until it is clear of those below, with a line to it."""
    if not points:
        return
    decade_px = PLOT_PX / max(0.1, math.log10(max(rates) / min(rates)))
    decades = max(0.1, math.log10(max(intensities) / min(intensities)))
    places = [(math.log10(point.intensity) / decades, math.log10(point.gflop_s) * decade_px) for point in points]
    for point, (_, height_px), name_px in zip(points, places, spread_names(places), strict=True):
        figure.add_annotation(
            x=math.log10(point.intensity),
            y=math.log10(point.gflop_s),
            text=point.version,
            font={"color": ink_colour(theme)},
            xanchor="left",
            showarrow=True,
            ax=NAME_SHIFT_PX,
            ay=height_px - name_px,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=PALETTES[theme].faint,
        )


def spread_names(places: Sequence[tuple[float, float]]) -> list[float]:
    """Heights in pixels for the names of marks, each at least as high as its mark and clear of the names below it.

    A place is the horizontal position as a share of the plot's width, and the height in pixels. Only names whose marks
    are less than the width of a name apart can overlap.
    """
    heights: dict[int, float] = {}
    for index in sorted(range(len(places)), key=lambda index: places[index][1]):
        x, height = places[index]
        taken = sorted(heights[other] for other in heights if abs(places[other][0] - x) < NAME_WIDTH_SHARE)
        for other in taken:
            if abs(height - other) < NAME_HEIGHT_PX:
                height = other + NAME_HEIGHT_PX
        heights[index] = height
    return [heights[index] for index in range(len(places))]


def _thread_colour(place: int, theme: Theme) -> str:
    """The colour of a number of threads, the smallest first. Those of the arms have another meaning."""
    colours = line_colours(theme)
    return colours[THREAD_COLOURS[place % len(THREAD_COLOURS)]]


@dataclass(frozen=True, slots=True)
class _Roof:
    """A line of the figure: operations per byte, and Gflop/s."""

    intensities: list[float]
    rates: list[float]


def _add_roof(figure: go.Figure, level: str, gb_s: float, peak: PeakRate, colour: str) -> _Roof:
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
        line={"color": colour, "dash": "solid" if level == "memory" else "dot"},
        hovertemplate=f"{name}: {gb_s:.1f} GB/s, {peak.gflop_s:,.0f} Gflop/s<extra></extra>",
    )
    return roof


def build_kernel_table(kernels: list[RooflinePoint], peaks: list[PeakRate]) -> pd.DataFrame:
    """One row for each version of each transformation."""
    return pd.DataFrame(
        [
            {
                "transformation": kernel.transformation,
                "version": kernel.label,
                "threads": kernel.threads,
                "ms": round_measured(1e3 * kernel.seconds),
                "GB/s": round_measured(kernel.gb_s),
                "Gflop/s": round_measured(kernel.gflop_s),
                "op/byte": round_measured(kernel.intensity),
                "against its limit": describe_limit(kernel, peaks),
                "vectors": describe_vectors(kernel.machine_code),
            }
            | {f"{event} per call": f"{count:,.0f}" for event, count in kernel.counted.items()}
            for kernel in kernels
        ]
    )


def describe_vectors(machine_code: str) -> str:
    """The verdict about the machine code of a kernel, in a few words: `256 bits`, `256 bits, moves only`, `none`."""
    verdict = machine_code.partition(";")[0].strip()
    for beginning, note in VERDICT_NOTES.items():
        if verdict.startswith(f"{beginning}, "):
            return verdict.removeprefix(f"{beginning}, ") + note
    return "none" if verdict == "not vectorized" else verdict


def describe_limit(kernel: RooflinePoint, peaks: list[PeakRate]) -> str:
    """What a kernel reaches as a multiple of its limit: the triad on arrays of its size, or the peak of arithmetic."""
    peak = next((peak.gflop_s for peak in peaks if peak.threads == kernel.threads), math.inf)
    if kernel.gflop_s and kernel.intensity * kernel.limit_gb_s > peak:
        return f"{format_factor(kernel.share)} of {peak:,.0f} Gflop/s"
    return f"{format_factor(kernel.share)} of {kernel.limit_gb_s:.1f} GB/s"


def find_disturbance(stairs: list[TriadPoint], peaks: list[PeakRate], kernels: list[RooflinePoint]) -> str:
    """What shows that other programs slowed a measurement of the limits down; empty if nothing does."""
    for threads in sorted({stair.threads for stair in stairs}):
        series = sorted((stair for stair in stairs if stair.threads == threads), key=lambda stair: stair.bytes)
        for place, stair in enumerate(series):
            larger = max((other.gb_s for other in series[place + 1 :]), default=0.0)
            # With several threads, starting them takes longer than the triad on small arrays.
            if threads == 1 and stair.gb_s < MIN_NEAR_SHARE * larger:
                return (
                    f"the triad reached {stair.gb_s:.1f} GB/s on {format_bytes(stair.bytes)}, but {larger:.1f} GB/s on "
                    "larger arrays"
                )
    for peak in peaks:
        fastest = max((kernel.gflop_s for kernel in kernels if kernel.threads == peak.threads), default=0.0)
        if fastest > MAX_PEAK_FACTOR * peak.gflop_s:
            return f"a kernel reached {fastest:,.0f} Gflop/s, but the peak was measured as {peak.gflop_s:,.0f} Gflop/s"
    return ""
