"""The introduction of a case: what the transformation does, its order of access on a small array, and its code."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.values.base import Arm
from bench.workload.cases import Code
from ui.design import browser, theme
from ui.design.figures import draw_figure
from ui.views.memory_traffic import access_animation
from ui.views.memory_traffic.access_animation import AnimatedVersion
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
    """Text and animation side by side, then the code of both versions."""
    colours, resolved = browser.detect_theme(), resolve(plan)
    text, picture = st.columns([5, 8], gap="medium")
    with text:
        st.markdown(f"## {resolved.case.label}")
        st.markdown(resolved.case.text)
    with picture:
        _draw_animation(plan, colours)
    for column, arm in zip(st.columns(2, gap="medium"), Arm, strict=True):
        source = version_source(plan, arm)
        is_long = len(source.splitlines()) > MAX_UNSCROLLED_LINES
        with column:
            st.markdown(f"**{theme.arm_name_markdown(arm, resolved.lever_value(arm).label, colours)}**")
            st.code(source, language="python", height=CODE_HEIGHT_PX if is_long else "content")


def _draw_animation(plan: Plan, colours: theme.Theme) -> None:
    """The orders of access of both versions. Those of library functions are not known."""
    fields, resolved = read_kernel_settings(plan.parameters).fields, resolve(plan)
    panels: list[AnimatedVersion] = []
    unknown: list[str] = []
    for arm in Arm:
        label, style = resolved.lever_value(arm).label, theme.arm_style(arm, colours)
        try:
            order = access_animation.access_order(plan.case, plan.lever_value(arm), fields)
        except KeyError:
            unknown.append(label)
            continue
        trace = access_animation.simulate_cache(order)
        panels.append(AnimatedVersion(f"{style.glyph} {label}", order, trace, style.colour))
    if panels:
        draw_figure(
            access_animation.build_animation(panels, colours),
            key="memory-access",
            config={"displayModeBar": False},
            alt="The order of access of " + " and ".join(f"{panel.name[2:]}: {panel.order.label}" for panel in panels),
        )
    for panel in panels:
        st.caption(
            f"{panel.name}: {panel.order.label}. **{panel.trace.lines}** lines fetched for {panel.trace.accesses} "
            "accesses."
        )
    st.caption(
        "A model, not a measurement. Dotted lines separate cache lines of "
        f"{access_animation.LINE_ELEMENTS} elements; the cache holds {access_animation.CACHE_LINES} lines and evicts "
        "the least recently used one. Full colour: accessed now. Pale colour: in the cache. Grey: accessed before and "
        "evicted."
    )
    if unknown:
        st.caption(f"{' and '.join(unknown)}: a library function, whose order of access is not known.")
