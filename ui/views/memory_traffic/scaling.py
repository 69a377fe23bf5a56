"""Scaling: speedup over cores, with Amdahl's law and the ceiling of memory in the same chart."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_bytes, format_percent
from bench.machine.model import Cache
from bench.scheduler.tasks import Job
from bench.stats.amdahl import amdahl_ratio
from bench.values import Arm
from ui.design import plotly_template
from ui.design.theme import Theme, arm_style, faint_colour, published_colour
from ui.views.memory_traffic import array_sizes

KERNEL_NAMES = {"triad": "triad: waits for memory", "arithmetic": "arithmetic: in registers"}
KERNEL_ARMS = {"triad": Arm.ACCELERATED, "arithmetic": Arm.BASELINE}
MIN_CACHE_MULTIPLE = 4
"""Times the last cache that arrays must be long to tell of memory, as STREAM asks."""


def draw_scaling(job: Job, colours: Theme) -> None:
    """The chart, with what it says in figures."""
    points, fits, ceiling = job.told("point"), job.told("amdahl"), job.first("ceiling")
    if not points or ceiling is None:
        return
    if len({point["cores"] for point in points}) < 2:
        st.info("One core has no speedup: set the cores above, and measure again.", icon=":material/info:")
        return
    st.markdown("**Speedup over one core** :small[medians of rounds taken in turn; bars hold half of the rounds]")
    caches = array_sizes.data_caches()
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    with chart:
        st.plotly_chart(
            build_speedup_figure(points, fits, ceiling, caches, colours),
            key="memory-scaling",
            config=plotly_template.PLOTLY_CONFIG,
            alt="Speedup over the number of cores, with Amdahl's law and the most that the triad gains",
        )
    with words:
        st.markdown(f"- {describe_ceiling(ceiling, max(point['cores'] for point in points), caches)}")
        for fit in fits:
            st.markdown(f"- {describe_fit(fit)}")


def exceeds_caches(size: int, caches: list[Cache]) -> bool:
    """Whether arrays of `size` bytes tell of memory, and not of a cache."""
    return bool(caches) and size >= MIN_CACHE_MULTIPLE * max(cache.bytes for cache in caches)


def describe_ceiling(ceiling: dict[str, Any], cores: int, caches: list[Cache]) -> str:
    """What the triad's best says: of memory where its arrays are well beyond the caches, elsewhere of what it is."""
    size, most = ceiling["bytes"], ceiling["all_gb_s"] / ceiling["one_gb_s"]
    rates = f"{ceiling['one_gb_s']:.1f} GB/s on one core, {ceiling['all_gb_s']:.1f} GB/s at most on 1 to {cores} cores"
    if exceeds_caches(size, caches):
        return (
            f"**The ceiling of memory** at this size: {rates}, so that what only waits for memory gains "
            f"**{most:.2f}x** and no more on 1 to {cores} cores."
        )
    told = f"**No ceiling of memory** at this size: {rates}, "
    if not caches:
        return f"{told}but this machine does not tell its caches, nor, then, whether memory was what it waited for."
    last = caches[-1]
    holds = next((cache for cache in caches if size <= cache.bytes), last)
    if holds is not last:
        return (
            f"{told}but all arrays together, {format_bytes(size)}, fit into L{holds.level}. The work is so short "
            "that the cost of starting threads is much of what is measured."
        )
    return (
        f"{told}but all arrays together, {format_bytes(size)}, are not well beyond L{last.level} "
        f"({format_bytes(last.bytes)}), which serves some of them or all. Memory is told of from "
        f"{format_bytes(MIN_CACHE_MULTIPLE * last.bytes)} on."
    )


def is_slower(fit: dict[str, Any]) -> bool:
    """Whether more cores take longer than one, of which Amdahl's law knows nothing."""
    return fit["serial"] > 1


def describe_fit(fit: dict[str, Any]) -> str:
    """What Amdahl's law makes of a kernel's times."""
    kernel = KERNEL_NAMES[fit["kernel"]].partition(":")[0].capitalize()
    if is_slower(fit):
        return f"**{kernel}**: slower on more cores: Amdahl's law does not apply."
    interval = f"({_format_share(fit['low'])} to {_format_share(fit['high'])}, 95 % interval over the rounds)"
    if fit["fits"]:
        share = _format_share(fit["serial"])
        return f"**{kernel}**, Amdahl's fit over {fit['counts']} counts of cores: serial share {share} {interval}."
    return (
        f"**{kernel}**: two counts of cores allow no fit, since Amdahl's curve goes through any two points. They bound "
        f"the serial share only: {_format_share(fit['serial'])} {interval}."
    )


def _format_share(share: float) -> str:
    """In percent. None is below nothing, where cores gained more than their number, or above all, where they lost."""
    return format_percent(max(0.0, share)) if share <= 1 else "more than 100 %"


def build_speedup_figure(
    points: list[dict[str, Any]],
    fits: list[dict[str, Any]],
    ceiling: dict[str, Any],
    caches: list[Cache],
    theme: Theme,
) -> go.Figure:
    """Speedup over cores: measured, by Amdahl's law where it applies, ideal, and the triad's most."""
    drawn = plotly_template.new_figure(theme, 400, layout={"showlegend": True})
    most = max(point["cores"] for point in points)
    grid = [1 + place * (most - 1) / 60 for place in range(61)]
    drawn.add_scatter(
        x=[1, most],
        y=[1, most],
        mode="lines",
        name="ideal",
        line={"color": faint_colour(theme), "dash": "dot", "width": 1},
        hoverinfo="skip",
    )
    for fit in fits:
        if is_slower(fit):
            continue
        look = arm_style(KERNEL_ARMS[fit["kernel"]], theme)
        shares = {name: max(0.0, fit[name]) for name in ("low", "serial", "high")}
        curves = {name: [amdahl_ratio(1 - share, cores) for cores in grid] for name, share in shares.items()}
        drawn.add_scatter(
            x=[*grid, *reversed(grid)],
            y=[*curves["low"], *reversed(curves["high"])],
            fill="toself",
            fillcolor=look.fill,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
        drawn.add_scatter(
            x=grid,
            y=curves["serial"],
            mode="lines",
            name="Amdahl's fit" if fit["fits"] else "Amdahl's curve, no fit",
            line={"color": look.colour, "dash": "dash", "width": 1.5},
            hovertemplate=f"serial share {_format_share(fit['serial'])}<extra></extra>",
        )
    of_memory = exceeds_caches(ceiling["bytes"], caches)
    names = KERNEL_NAMES | ({} if of_memory else {"triad": "triad"})
    for kernel, name in names.items():
        own = [point for point in points if point["kernel"] == kernel]
        look = arm_style(KERNEL_ARMS[kernel], theme)
        drawn.add_scatter(
            x=[point["cores"] for point in own],
            y=[point["speedup"] for point in own],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, point["high"] - point["speedup"]) for point in own],
                "arrayminus": [max(0.0, point["speedup"] - point["low"]) for point in own],
            },
            customdata=[1e3 * point["seconds"] for point in own],
            mode="markers",
            name=name,
            marker={"color": look.colour, "symbol": look.symbol, "size": 11},
            hovertemplate="%{x} cores: %{y:.2f}x, %{customdata:.4g} ms<extra></extra>",
        )
    named = "ceiling of memory" if of_memory else "the triad's best"
    drawn.add_hline(
        y=ceiling["all_gb_s"] / ceiling["one_gb_s"],
        line={"color": published_colour(theme), "dash": "dashdot"},
        annotation={
            "text": f"{named}, {ceiling['all_gb_s']:.1f} GB/s",
            "font": {"color": published_colour(theme)},
        },
        annotation_position="top left",
    )
    drawn.update_xaxes(title="cores", dtick=1 if most <= 16 else None, range=[0.9, most + 0.1 * most / 2])
    drawn.update_yaxes(title="speedup over one core", rangemode="tozero")
    return drawn
