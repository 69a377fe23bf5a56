"""Sweep: what an element costs at every stride, and a kernel at every tile, as the points come."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.machine import Cache
from bench.plan import Plan
from bench.tasks import Job, JobState
from bench.values import Side
from ui import claim, jobs, service, style, view
from ui.style import Theme

SLOT = "memory:sweep"
WHAT = {
    "stride": "Stride 1 to 64",
    "tiling": "Tiles: matrix product",
    "transpose": "Tiles: transpose",
    "stencil": "Tiles: stencil",
    "dependence": "Strips: running sums",
}
LINE_FLOATS = 16
"""float32 elements of a line of 64 bytes."""
DASHES = ("solid", "dash", "dot", "dashdot")


def draw(plan: Plan) -> None:
    """The whole tab."""
    colours = view.theme()
    job = jobs.found(SLOT) or service.tasks().last("memory-traffic", "sweep")
    busy = job is not None and not job.state.over
    with st.container(horizontal=True, vertical_alignment="bottom"):
        own = plan.parameters["transformation"]
        what = st.selectbox(
            "What is swept",
            list(WHAT),
            index=list(WHAT).index(own) if own in WHAT else 0,
            format_func=WHAT.__getitem__,
            key="memory:sweep-what",
            width=280,
        )
        if st.button("Sweep", icon=":material/linear_scale:", type="primary", key="memory:sweep-go", disabled=busy):
            jobs.start(plan, "sweep", {"what": what}, SLOT)
            st.rerun()
        if st.button("Stop", icon=":material/stop:", key="memory:sweep-stop", disabled=not busy) and job:
            service.tasks().stop(job.id)
        st.caption("Each point is the best of a few passes, of the size that is set above; every result is checked.")
    if job is not None:
        jobs.follow(job, lambda now: _found(now, colours))


def _found(job: Job, colours: Theme) -> None:
    jobs.standing(job)
    points, levels = job.told("point"), job.told("level")
    if not points and not levels:
        return
    what = job.given["what"]
    result = f", {claim.plain(job.result['shape'])}" if job.state is JobState.DONE else ""
    threads = "one thread" if what == "stride" else f"{job.plan.cores} core{'s' * (job.plan.cores > 1)}"
    st.markdown(f"**{WHAT[what]}** :small[{threads}{result}]")
    drawn = figure(what, points, levels, caches(), colours)
    st.plotly_chart(drawn, key="memory-sweep", config=style.CONFIG, alt=f"{WHAT[what]}: cost of an element")
    st.caption(_words(what, points))


def caches() -> list[Cache]:
    """Data caches of the machine, the nearest first."""
    return [cache for cache in service.machine().caches if cache.kind != "Instruction"]


def figure(
    what: str, points: list[dict[str, Any]], levels: list[dict[str, Any]], caches: list[Cache], theme: Theme
) -> go.Figure:
    """Nanoseconds an element, over stride or tile; versions without tiles are level lines."""
    figure = go.Figure()
    look = style.look(Side.ACCELERATED, theme)
    for place, version in enumerate(dict.fromkeys(point["version"] for point in points)):
        own = [point for point in points if point["version"] == version]
        figure.add_scatter(
            x=[point["x"] for point in own],
            y=[point["ns"] for point in own],
            customdata=[1e3 * point["seconds"] for point in own],
            mode="lines+markers",
            name=own[0]["label"],
            line={"color": look.colour, "dash": DASHES[place % len(DASHES)]},
            marker={"symbol": look.symbol, "size": 6},
            hovertemplate="%{x}: %{y:.3f} ns an element, %{customdata:.3g} ms a call<extra></extra>",
        )
    for place, level in enumerate(levels):
        figure.add_hline(
            y=level["ns"],
            line={"color": style.look(Side.BASELINE, theme).colour, "dash": DASHES[(place + 1) % len(DASHES)]},
            annotation={"text": f"{level['label']}: {1e3 * level['seconds']:.3g} ms"},
        )
    if what == "stride":
        figure.add_vline(
            x=LINE_FLOATS, line={"color": style.faint(theme), "dash": "dot"}, annotation={"text": "one line an element"}
        )
    else:
        _mark(figure, points, caches, theme)
    figure.update_layout(style.layout(420) | {"showlegend": True})
    scale = {"type": "linear", "dtick": 8} if what == "stride" else {"type": "log"}
    figure.update_xaxes(title=_axis(what), **scale)
    figure.update_yaxes(title="ns an element", rangemode="tozero")
    return figure


def _axis(what: str) -> str:
    return {"stride": "stride [float32 elements]", "dependence": "length of a strip [float64 elements]"}.get(
        what, "side of a tile [float32 elements]"
    )


def _mark(figure: go.Figure, points: list[dict[str, Any]], caches: list[Cache], theme: Theme) -> None:
    """A line at the longest tile that each level of cache holds."""
    if not points:
        return
    last = points[-1]
    power = 1 if last["bytes"] % (last["x"] * last["x"]) else 2
    each = last["bytes"] / last["x"] ** power
    longest = max(point["x"] for point in points)
    for cache in caches:
        x = (cache.bytes / each) ** (1 / power)
        if x <= 2 * longest:
            figure.add_vline(
                x=x, line={"color": style.faint(theme), "dash": "dot"}, annotation={"text": f"fills L{cache.level}"}
            )


def _words(what: str, points: list[dict[str, Any]]) -> str:
    """What the points say, in figures that were measured."""
    if not points:
        return ""
    best, worst = min(points, key=lambda point: point["ns"]), max(points, key=lambda point: point["ns"])
    said = f"From {best['ns']:.3g} ns an element at {best['x']} ({best['label']}) "
    said += f"to {worst['ns']:.3g} ns at {worst['x']} ({worst['label']})."
    if what == "stride":
        said += f" From a stride of {LINE_FLOATS} on, each element costs a whole line of 64 bytes."
    return said
