"""Story: what a transformation of memory traffic does, its code before and after, and its way over a small array."""

from __future__ import annotations

import streamlit as st

from bench.plan import Plan
from bench.values import Side
from ui import memory_access, style, view


def versions(plan: Plan) -> dict[Side, str]:
    """Names of the versions that the plan races: those it says, or the transformation's own."""
    texts, transformation = plan.declaration.texts, plan.parameters["transformation"]
    names = {}
    for side in Side:
        lever = getattr(plan, side)
        asked = str(plan.parameters[lever])
        names[side] = texts[f"{transformation}:{lever}"] if asked == "default" else asked
    return names


def draw(plan: Plan) -> None:
    """The whole tab."""
    colours, workload = view.theme(), plan.declaration
    transformation = str(plan.parameters["transformation"])
    st.markdown(f"**{workload.parameter('transformation').choices[transformation]}**")
    st.markdown(workload.texts[transformation])
    if workload.parameter("fields").default != plan.parameters["fields"] and transformation == "layout":
        st.caption("The code is that for one field; the race uses as many as are set.")
    for column, (side, version) in zip(st.columns(2, gap="large"), versions(plan).items(), strict=True):
        with column:
            _side(plan, side, transformation, version, colours)
    st.caption(
        f"The pictures are a model, not a measurement: lines of {memory_access.LINE} elements between the dotted "
        f"strokes, and a cache of {memory_access.LINES} lines that throws out the one used longest ago. Full colour is "
        "touched now, pale colour is in the cache, grey was touched before and is gone."
    )


def _side(plan: Plan, side: Side, transformation: str, version: str, colours: style.Theme) -> None:
    lever = plan.declaration.lever[getattr(plan, side)].label
    text = plan.declaration.texts.get(f"{transformation}/{version}")
    st.markdown(style.named(side, f"**{lever}**: {version}", colours))
    if text is None:
        st.warning(f"This transformation has no version {version}. Choose another under More.")
        return
    with st.container(height=360):
        st.code(text, language="python")
    try:
        way = memory_access.walk(transformation, version)
    except KeyError:
        st.caption("How a library goes over its arrays is its own affair: there is no picture of it.")
        return
    seen = memory_access.fetched(way)
    st.plotly_chart(
        memory_access.figure(way, seen, style.look(side, colours).colour, colours),
        key=f"memory-access-{side}",
        config=style.CONFIG,
        alt=f"The order of access of {version}: {way.what}",
    )
    st.markdown(f"{way.what[0].upper()}{way.what[1:]}: {seen.lines} lines fetched for {seen.accesses} accesses.")
