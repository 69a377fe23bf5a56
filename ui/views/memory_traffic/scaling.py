"""Scaling: speedup over cores, with Amdahl's law and the ceiling of memory in the same chart."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.claims.verdict import amdahl
from bench.machine.describe import Cache
from bench.scheduler.tasks import Job
from bench.values import Side
from ui.design import theme as design_theme
from ui.design.theme import Theme
from ui.views.memory_traffic import sweep_charts

NAMES = {"triad": "triad: waits for memory", "arithmetic": "arithmetic: in registers"}
SIDES = {"triad": Side.ACCELERATED, "arithmetic": Side.BASELINE}
BEYOND = 4
"""Times the last cache that arrays must be long to tell of memory, as STREAM asks."""


def draw(job: Job, colours: Theme) -> None:
    """The chart, with what it says in figures."""
    points, fits, ceiling = job.told("point"), job.told("amdahl"), job.first("ceiling")
    if not points or ceiling is None:
        return
    if len({point["cores"] for point in points}) < 2:
        st.info("One core has no speedup: set the cores above, and measure again.", icon=":material/info:")
        return
    st.markdown("**Speedup over one core** :small[medians of rounds taken in turn; bars hold half of the rounds]")
    caches = sweep_charts.caches()
    chart, words = st.columns([3, 2], gap="large", vertical_alignment="center")
    with chart:
        st.plotly_chart(
            figure(points, fits, ceiling, caches, colours),
            key="memory-scaling",
            config=design_theme.CONFIG,
            alt="Speedup over the number of cores, with Amdahl's law and the most that the triad gains",
        )
    with words:
        st.markdown(f"- {ceiling_said(ceiling, max(point['cores'] for point in points), caches)}")
        for fit in fits:
            st.markdown(f"- {said(fit)}")


def beyond(size: int, caches: list[Cache]) -> bool:
    """Whether arrays of `size` bytes tell of memory, and not of a cache."""
    return bool(caches) and size >= BEYOND * max(cache.bytes for cache in caches)


def ceiling_said(ceiling: dict[str, Any], cores: int, caches: list[Cache]) -> str:
    """What the triad's best says: of memory where its arrays are well beyond the caches, elsewhere of what it is."""
    size, most = ceiling["bytes"], ceiling["all_gb_s"] / ceiling["one_gb_s"]
    rates = f"{ceiling['one_gb_s']:.1f} GB/s on one core, {ceiling['all_gb_s']:.1f} GB/s at most on 1 to {cores} cores"
    if beyond(size, caches):
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
            f"{told}but all arrays together, {sweep_charts.kib(size)}, fit into L{holds.level}. The work is so short "
            "that the cost of starting threads is much of what is measured."
        )
    return (
        f"{told}but all arrays together, {sweep_charts.kib(size)}, are not well beyond L{last.level} "
        f"({sweep_charts.kib(last.bytes)}), which serves some of them or all. Memory is told of from "
        f"{sweep_charts.kib(BEYOND * last.bytes)} on."
    )


def slower(fit: dict[str, Any]) -> bool:
    """Whether more cores take longer than one, of which Amdahl's law knows nothing."""
    return fit["serial"] > 1


def said(fit: dict[str, Any]) -> str:
    """What Amdahl's law makes of a kernel's times."""
    kernel = NAMES[fit["kernel"]].partition(":")[0].capitalize()
    if slower(fit):
        return f"**{kernel}**: slower on more cores: Amdahl's law does not apply."
    interval = f"({_share(fit['low'])} to {_share(fit['high'])}, 95 % interval over the rounds)"
    if fit["fits"]:
        share = _share(fit["serial"])
        return f"**{kernel}**, Amdahl's fit over {fit['counts']} counts of cores: serial share {share} {interval}."
    return (
        f"**{kernel}**: two counts of cores allow no fit, since Amdahl's curve goes through any two points. They bound "
        f"the serial share only: {_share(fit['serial'])} {interval}."
    )


def _share(share: float) -> str:
    """In percent. None is below nothing, where cores gained more than their number, or above all, where they lost."""
    return f"{100 * max(0.0, share):.1f} %" if share <= 1 else "more than 100 %"


def figure(
    points: list[dict[str, Any]],
    fits: list[dict[str, Any]],
    ceiling: dict[str, Any],
    caches: list[Cache],
    theme: Theme,
) -> go.Figure:
    """Speedup over cores: measured, by Amdahl's law where it applies, ideal, and the triad's most."""
    drawn = go.Figure()
    most = max(point["cores"] for point in points)
    grid = [1 + place * (most - 1) / 60 for place in range(61)]
    drawn.add_scatter(
        x=[1, most],
        y=[1, most],
        mode="lines",
        name="ideal",
        line={"color": design_theme.faint(theme), "dash": "dot", "width": 1},
        hoverinfo="skip",
    )
    for fit in fits:
        if slower(fit):
            continue
        look = design_theme.look(SIDES[fit["kernel"]], theme)
        shares = {name: max(0.0, fit[name]) for name in ("low", "serial", "high")}
        curves = {name: [amdahl(1 - share, cores) for cores in grid] for name, share in shares.items()}
        drawn.add_scatter(
            x=[*grid, *reversed(grid)],
            y=[*curves["low"], *reversed(curves["high"])],
            fill="toself",
            fillcolor=look.soft,
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
            hovertemplate=f"serial share {_share(fit['serial'])}<extra></extra>",
        )
    of_memory = beyond(ceiling["bytes"], caches)
    names = NAMES | ({} if of_memory else {"triad": "triad"})
    for kernel, name in names.items():
        own = [point for point in points if point["kernel"] == kernel]
        look = design_theme.look(SIDES[kernel], theme)
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
        line={"color": design_theme.published(theme), "dash": "dashdot"},
        annotation={
            "text": f"{named}, {ceiling['all_gb_s']:.1f} GB/s",
            "font": {"color": design_theme.published(theme)},
        },
        annotation_position="top left",
    )
    drawn.update_layout(design_theme.layout(400) | {"showlegend": True})
    drawn.update_xaxes(title="cores", dtick=1 if most <= 16 else None, range=[0.9, most + 0.1 * most / 2])
    drawn.update_yaxes(title="speedup over one core", rangemode="tozero")
    return drawn
