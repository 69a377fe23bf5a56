"""Above a race of memory traffic: what its transformation does, its way over a small array, and its code."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.values import Arm
from bench.workload.declaration import Code
from ui.design import browser, plotly_template, theme
from ui.views.memory_traffic import access_animation
from workloads.memory_traffic.catalogue import TRANSFORMATIONS, Transformation, format_version_source

CODE_HEIGHT_PX = 330


def version_names(plan: Plan) -> dict[Arm, str]:
    """Names of the versions that the plan races: those it says, or the transformation's own."""
    transformation = _transformation(plan)
    names = {}
    for arm in Arm:
        lever = getattr(plan, arm)
        asked = str(plan.parameters[lever])
        names[arm] = getattr(transformation, lever) if asked == "default" else asked
    return names


def plan_code(plan: Plan) -> Code:
    """The code of both versions that the plan races."""
    found = [version_source(plan, version) for version in version_names(plan).values()]
    return Code(*found)


def version_source(plan: Plan, version: str) -> str:
    """A version's code, as it is compiled; of the layout, for as many fields as are used."""
    transformation = _transformation(plan)
    return format_version_source(transformation, transformation.version(version), int(plan.parameters["fields"]))


def version_label(plan: Plan, version: str) -> str:
    return _transformation(plan).version(version).label


def _transformation(plan: Plan) -> Transformation:
    return TRANSFORMATIONS[str(plan.parameters["transformation"])]


def draw_introduction(plan: Plan) -> None:
    """All of it."""
    colours, arms = browser.detect_theme(), resolve(plan)
    transformation = _transformation(plan)
    names = version_names(plan)
    told, *pictures = st.columns([5, 4, 4], gap="medium")
    with told:
        st.markdown(f"#### {transformation.label}")
        st.markdown("\n".join(f"- {sentence}" for sentence in transformation.sentences))
        st.caption(
            f"The pictures are a model, not a measurement: lines of {access_animation.LINE_ELEMENTS} elements between the dotted "
            f"strokes, and a cache of {access_animation.CACHE_LINES} lines that throws out the one used longest ago. Full "
            "colour is touched now, pale colour is in the cache, grey was touched before and is gone."
        )
    for column, (arm, version) in zip(pictures, names.items(), strict=True):
        with column:
            st.markdown(theme.arm_name_markdown(arm, f"**{arms.lever_value(arm).label}**", colours))
            _draw_animation(plan, version, arm, colours)
    for column, (arm, version) in zip(st.columns(2, gap="medium"), names.items(), strict=True):
        text = version_source(plan, version)
        with column:
            st.markdown(_version_label(plan, arm, version, colours))
            st.code(text, language="python", height=CODE_HEIGHT_PX if len(text.splitlines()) > 14 else "content")


def _version_label(plan: Plan, arm: Arm, version: str, colours: theme.Theme) -> str:
    lever = resolve(plan).lever_value(arm).label
    label = version_label(plan, version)
    return theme.arm_name_markdown(arm, f"**{lever}**: {label}", colours)


def _draw_animation(plan: Plan, version: str, arm: Arm, colours: theme.Theme) -> None:
    transformation, fields = str(plan.parameters["transformation"]), int(plan.parameters["fields"])
    try:
        way = access_animation.access_order(transformation, version, fields)
    except KeyError:
        st.caption("How a library goes over its arrays is its own affair: there is no picture of it.")
        return
    seen = access_animation.simulate_cache(way)
    st.plotly_chart(
        access_animation.build_animation(way, seen, theme.arm_style(arm, colours).colour, colours),
        key=f"memory-access-{arm}",
        config=plotly_template.PLOTLY_CONFIG | {"displayModeBar": False},
        alt=f"The order of access of {version}: {way.what}",
    )
    st.caption(f"{way.what[0].upper()}{way.what[1:]}: **{seen.lines}** lines fetched for {seen.accesses} accesses.")
