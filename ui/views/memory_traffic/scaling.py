"""The chart of scaling: speedup over cores, with Amdahl's law and the most that the triad gains."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_percent
from bench.machine.model import Cache
from bench.stats.amdahl import amdahl_ratio
from bench.values.base import Arm
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob
from ui.design import markdown, plotly_template
from ui.design.figures import draw_figure
from ui.design.theme import Theme, arm_style, faint_colour, published_colour
from ui.views.memory_traffic.array_sizes import data_caches
from workloads.memory_traffic.measurements import BandwidthCeiling, ScalingFit, ScalingPoint, ScalingResult

KERNEL_NAMES = {"triad": "triad: waits for memory", "arithmetic": "arithmetic: in registers"}
KERNEL_ARMS = {"triad": Arm.ACCELERATED, "arithmetic": Arm.BASELINE}
MIN_CACHE_MULTIPLE = 4
"""STREAM's rule: arrays measure memory if together they are at least so many times as large as the last cache."""


def draw_scaling(job: DisplayedJob, colours: Theme) -> None:
    """A measurement of scaling, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    if record is None:
        return
    points, fits = record.reports_as("point", ScalingPoint), record.reports_as("amdahl", ScalingFit)
    ceiling = record.first_report_as("ceiling", BandwidthCeiling)
    if not points or ceiling is None:
        return
    if len({point.cores for point in points}) < 2:
        st.info("One core has no speedup. Set more cores above and measure again.", icon=":material/info:")
        return
    result = record.result_as(ScalingResult)
    shape = f"; {markdown.escape_markdown(result.shape)}" if result else ""
    st.markdown(
        f"**Speedup over one core** :small[medians of rounds in turns; bars show the middle half of the rounds{shape}]"
    )
    caches = data_caches(record.machine)
    chart, text = st.columns([3, 2], gap="large", vertical_alignment="center")
    with chart:
        draw_figure(
            build_speedup_figure(points, fits, ceiling, caches, colours),
            key="memory-scaling",
            alt="Speedup over the number of cores, with Amdahl's law and the most that the triad gains",
        )
    with text:
        st.markdown(f"- {describe_ceiling(ceiling, max(point.cores for point in points), caches)}")
        for fit in fits:
            st.markdown(f"- {describe_fit(fit)}")


def exceeds_caches(size: int, caches: list[Cache]) -> bool:
    """Whether arrays of `size` bytes measure memory, and not a cache."""
    return bool(caches) and size >= MIN_CACHE_MULTIPLE * max(cache.bytes for cache in caches)


def describe_ceiling(ceiling: BandwidthCeiling, cores: int, caches: list[Cache]) -> str:
    """What the best bandwidth of the triad is a limit of, in Markdown."""
    size, gain = ceiling.bytes, ceiling.all_gb_s / ceiling.one_gb_s
    rates = f"{ceiling.one_gb_s:.1f} GB/s on one core, {ceiling.all_gb_s:.1f} GB/s at most on 1 to {cores} cores"
    if exceeds_caches(size, caches):
        return (
            f"**Memory limit** at this size: {rates}. Code that only waits for memory gains at most **{gain:.2f}x** on "
            f"1 to {cores} cores."
        )
    prefix = f"**Not a memory limit** at this size: {rates}, "
    if not caches:
        return f"{prefix}but the system does not report its caches, so it is not known whether memory was the limit."
    last = caches[-1]
    smallest = next((cache for cache in caches if size <= cache.bytes), last)
    if smallest is not last:
        return (
            f"{prefix}but all arrays together, {format_bytes(size)}, fit into L{smallest.level}. The work is so short "
            "that starting threads is a large part of the time."
        )
    return (
        f"{prefix}but all arrays together, {format_bytes(size)}, are not well beyond L{last.level} "
        f"({format_bytes(last.bytes)}), which holds some or all of them. Memory is measured from "
        f"{format_bytes(MIN_CACHE_MULTIPLE * last.bytes)} on."
    )


def is_slower(fit: ScalingFit) -> bool:
    """Whether more cores take longer than one, which Amdahl's law does not describe."""
    return fit.serial > 1


def describe_fit(fit: ScalingFit) -> str:
    """The serial share of a kernel by Amdahl's law, in Markdown."""
    kernel = KERNEL_NAMES[fit.kernel].partition(":")[0].capitalize()
    if is_slower(fit):
        return f"**{kernel}**: slower on more cores: Amdahl's law does not apply."
    share = _format_share(fit.serial)
    interval = f"({_format_share(fit.low)} to {_format_share(fit.high)}, 95 % interval over the rounds)"
    if fit.fits:
        return f"**{kernel}**, Amdahl's fit over {fit.counts} core counts: serial share {share} {interval}."
    return (
        f"**{kernel}**: two core counts do not allow a fit, because Amdahl's curve passes through any two points. They "
        f"only bound the serial share: {share} {interval}."
    )


def _format_share(share: float) -> str:
    """In percent. Below 0 if the gain exceeds the number of cores, and above 100 if more cores are slower."""
    return format_percent(max(0.0, share)) if share <= 1 else "more than 100 %"


def build_speedup_figure(
    points: list[ScalingPoint], fits: list[ScalingFit], ceiling: BandwidthCeiling, caches: list[Cache], theme: Theme
) -> go.Figure:
    """Speedup over cores: measured, ideal, by Amdahl's law if it applies, and the most that the triad gains."""
    figure = plotly_template.new_figure(theme, 400, layout={"showlegend": True})
    most = max(point.cores for point in points)
    figure.add_scatter(
        x=[1, most],
        y=[1, most],
        mode="lines",
        name="ideal",
        line={"color": faint_colour(theme), "dash": "dot", "width": 1},
        hoverinfo="skip",
    )
    for fit in fits:
        if not is_slower(fit):
            _add_fit(figure, fit, most, theme)
    is_memory = exceeds_caches(ceiling.bytes, caches)
    for kernel, name in (KERNEL_NAMES | ({} if is_memory else {"triad": "triad"})).items():
        series = [point for point in points if point.kernel == kernel]
        style = arm_style(KERNEL_ARMS[kernel], theme)
        figure.add_scatter(
            x=[point.cores for point in series],
            y=[point.speedup for point in series],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, point.high - point.speedup) for point in series],
                "arrayminus": [max(0.0, point.speedup - point.low) for point in series],
            },
            customdata=[1e3 * point.seconds for point in series],
            mode="markers",
            name=name,
            marker={"color": style.colour, "symbol": style.symbol, "size": 11},
            hovertemplate="cores: %{x}, %{y:.2f}x, %{customdata:.4g} ms<extra></extra>",
        )
    figure.add_hline(
        y=ceiling.all_gb_s / ceiling.one_gb_s,
        line={"color": published_colour(theme), "dash": "dashdot"},
        annotation={
            "text": f"{'memory limit' if is_memory else 'best of the triad'}, {ceiling.all_gb_s:.1f} GB/s",
            "font": {"color": published_colour(theme)},
        },
        annotation_position="top left",
    )
    figure.update_xaxes(title="cores", dtick=1 if most <= 16 else None, range=[0.9, most + 0.1 * most / 2])
    figure.update_yaxes(title="speedup over one core", rangemode="tozero")
    return figure


def _add_fit(figure: go.Figure, fit: ScalingFit, most: int, theme: Theme) -> None:
    """Amdahl's curve from one to `most` cores, with the band of its interval."""
    grid = [1 + place * (most - 1) / 60 for place in range(61)]
    style = arm_style(KERNEL_ARMS[fit.kernel], theme)
    low, serial, high = (
        [amdahl_ratio(1 - max(0.0, share), cores) for cores in grid] for share in (fit.low, fit.serial, fit.high)
    )
    figure.add_scatter(
        x=[*grid, *reversed(grid)],
        y=[*low, *reversed(high)],
        fill="toself",
        fillcolor=style.fill,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=grid,
        y=serial,
        mode="lines",
        name="Amdahl's fit" if fit.fits else "Amdahl's curve, no fit",
        line={"color": style.colour, "dash": "dash", "width": 1.5},
        hovertemplate=f"serial share {_format_share(fit.serial)}<extra></extra>",
    )
