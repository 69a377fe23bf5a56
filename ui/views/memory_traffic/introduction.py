"""Above a race of memory traffic: what its transformation does, its way over a small array, and its code."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.values import Side
from bench.workload.declaration import Code
from ui.design import theme
from ui.run_view import view
from ui.views.memory_traffic import access_animation

CODE_HEIGHT = 330


def versions(plan: Plan) -> dict[Side, str]:
    """Names of the versions that the plan races: those it says, or the transformation's own."""
    texts, transformation = plan.declaration.texts, plan.parameters["transformation"]
    names = {}
    for side in Side:
        lever = getattr(plan, side)
        asked = str(plan.parameters[lever])
        names[side] = texts[f"{transformation}:{lever}"] if asked == "default" else asked
    return names


def code(plan: Plan) -> Code:
    """The code of both versions that the plan races."""
    found = [source(plan, version) for version in versions(plan).values()]
    return Code(*found)


def source(plan: Plan, version: str) -> str:
    """A version's code, as it is compiled; of the layout, for as many fields as are used."""
    transformation = plan.parameters["transformation"]
    texts = plan.declaration.texts
    return texts.get(f"{transformation}/{version}/{plan.parameters['fields']}") or texts[f"{transformation}/{version}"]


def draw(plan: Plan) -> None:
    """All of it."""
    colours, workload = view.theme(), plan.declaration
    transformation = str(plan.parameters["transformation"])
    names = versions(plan)
    told, *pictures = st.columns([5, 4, 4], gap="medium")
    with told:
        st.markdown(f"#### {workload.parameter('transformation').choices[transformation]}")
        st.markdown(workload.texts[transformation])
        st.caption(
            f"The pictures are a model, not a measurement: lines of {access_animation.LINE} elements between the dotted "
            f"strokes, and a cache of {access_animation.LINES} lines that throws out the one used longest ago. Full "
            "colour is touched now, pale colour is in the cache, grey was touched before and is gone."
        )
    for column, (side, version) in zip(pictures, names.items(), strict=True):
        with column:
            st.markdown(theme.named(side, f"**{plan.declaration.lever[getattr(plan, side)].label}**", colours))
            _picture(plan, version, side, colours)
    for column, (side, version) in zip(st.columns(2, gap="medium"), names.items(), strict=True):
        text = source(plan, version)
        with column:
            st.markdown(_name(plan, side, version, colours))
            st.code(text, language="python", height=CODE_HEIGHT if len(text.splitlines()) > 14 else "content")


def _name(plan: Plan, side: Side, version: str, colours: theme.Theme) -> str:
    lever = plan.declaration.lever[getattr(plan, side)].label
    label = plan.declaration.texts[f"{plan.parameters['transformation']}/{version}:label"]
    return theme.named(side, f"**{lever}**: {label}", colours)


def _picture(plan: Plan, version: str, side: Side, colours: theme.Theme) -> None:
    transformation, fields = str(plan.parameters["transformation"]), int(plan.parameters["fields"])
    try:
        way = access_animation.walk(transformation, version, fields)
    except KeyError:
        st.caption("How a library goes over its arrays is its own affair: there is no picture of it.")
        return
    seen = access_animation.fetched(way)
    st.plotly_chart(
        access_animation.figure(way, seen, theme.look(side, colours).colour, colours),
        key=f"memory-access-{side}",
        config=theme.CONFIG | {"displayModeBar": False},
        alt=f"The order of access of {version}: {way.what}",
    )
    st.caption(f"{way.what[0].upper()}{way.what[1:]}: **{seen.lines}** lines fetched for {seen.accesses} accesses.")
