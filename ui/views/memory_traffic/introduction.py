"""The introduction of a case: what the transformation does, its order of access on a small array, and its code."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.values import Arm
from bench.workload.declaration import Code
from ui.design import browser, plotly_template, theme
from ui.views.memory_traffic import access_animation
from workloads.memory_traffic.catalogue import TRANSFORMATIONS, format_version_source
from workloads.memory_traffic.kernel_settings import read_kernel_settings

CODE_HEIGHT_PX = 330
MAX_UNSCROLLED_LINES = 14
"""Longer code gets a scroll bar."""


def plan_code(plan: Plan) -> Code:
    """The code of both versions that the plan races."""
    return Code(before=version_source(plan, Arm.BASELINE), after=version_source(plan, Arm.ACCELERATED))


def version_source(plan: Plan, arm: Arm) -> str:
    """The code of the version of one arm, as it is compiled for the plan's settings."""
    transformation = TRANSFORMATIONS[plan.case]
    version = transformation.version(plan.lever_value(arm))
    return format_version_source(transformation, version, read_kernel_settings(plan.parameters).fields)


def draw_introduction(plan: Plan) -> None:
    """Text and animations side by side, then the code of both versions."""
    colours, resolved = browser.detect_theme(), resolve(plan)
    text, *pictures = st.columns([5, 4, 4], gap="medium")
    with text:
        st.markdown(f"#### {resolved.case.label}")
        st.markdown(resolved.case.text)
        st.caption(
            "The animations are a model, not a measurement. The dotted lines separate cache lines of "
            f"{access_animation.LINE_ELEMENTS} elements. The cache holds {access_animation.CACHE_LINES} lines and "
            "evicts the least recently used one. Full colour: accessed now. Pale colour: in the cache. Grey: accessed "
            "before and evicted."
        )
    names = {arm: theme.arm_name_markdown(arm, f"**{resolved.lever_value(arm).label}**", colours) for arm in Arm}
    for column, arm in zip(pictures, Arm, strict=True):
        with column:
            st.markdown(names[arm])
            _draw_animation(plan, arm, colours)
    for column, arm in zip(st.columns(2, gap="medium"), Arm, strict=True):
        source = version_source(plan, arm)
        is_long = len(source.splitlines()) > MAX_UNSCROLLED_LINES
        with column:
            st.markdown(names[arm])
            st.code(source, language="python", height=CODE_HEIGHT_PX if is_long else "content")


def _draw_animation(plan: Plan, arm: Arm, colours: theme.Theme) -> None:
    version = plan.lever_value(arm)
    try:
        order = access_animation.access_order(plan.case, version, read_kernel_settings(plan.parameters).fields)
    except KeyError:
        st.caption("The order of access of a library function is not known, so there is no animation of it.")
        return
    trace = access_animation.simulate_cache(order)
    st.plotly_chart(
        access_animation.build_animation(order, trace, theme.arm_style(arm, colours).colour, colours),
        key=f"memory-access-{arm}",
        config=plotly_template.PLOTLY_CONFIG | {"displayModeBar": False},
        alt=f"The order of access of {version}: {order.label}",
    )
    st.caption(
        f"{order.label[0].upper()}{order.label[1:]}: **{trace.lines}** lines fetched for {trace.accesses} accesses."
    )
