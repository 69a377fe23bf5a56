"""The race page of every workload: introduction, controls, the live race, and its results."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.workload.declaration import Workload
from bench.workload.registry import load_workloads
from ui.controls.form import plan_from_controls
from ui.design.browser import detect_theme
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.run_view.view import draw_run
from ui.views.race.before_run import draw_before_run
from ui.views.race.buttons import draw_buttons, error_key
from ui.views.race.followed_run import DisplayedRun, drop_outdated_run, get_session_run, resolve_displayed_run
from ui.views.race.header import draw_header, draw_introduction
from ui.views.race.live import NO_FADE_STYLE, REFRESH_S, draw_live_run, draw_other_tab_race, refresh_interval_s
from ui.views.race.tabs import DrawTab, Tabs, WorkloadTab, choose_tab, draw_tab_bar


def draw_race_page(workload_name: str, tabs: Tabs | None = None) -> None:
    """The whole page of a workload, with its tabs if it has any."""
    workload, theme = load_workloads()[workload_name], detect_theme()
    displayed = resolve_displayed_run(workload)
    name = choose_tab(workload, tabs, displayed) if tabs else ""
    tab = tabs[name] if tabs else None
    workload_tab, draw_other = (tab, None) if isinstance(tab, WorkloadTab) else (None, tab)
    header = st.container()
    if tabs and workload_tab:
        draw_tab_bar(workload, tabs)
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    messages = st.container()
    introduction = st.container()
    with row:
        with st.container(width="stretch"):
            plan = plan_from_controls(workload, theme, messages, workload_tab.controls if workload_tab else None)
        if workload_tab is None or workload_tab.code:
            draw_buttons(workload, plan, displayed, name if workload_tab else "")
    if tabs:
        st.query_params["tab"] = name
    displayed = drop_outdated_run(workload, plan, displayed, name)
    if workload_tab:
        with header:
            draw_header(workload, plan, displayed, with_code=True, code=workload_tab.code)
        _draw_workload_tab(workload, workload_tab, plan, displayed, introduction, theme)
        return
    if tabs:
        with introduction:
            draw_tab_bar(workload, tabs)
    if draw_other is None:
        _draw_race(workload, plan, displayed, header, introduction, theme)
        return
    with introduction:
        _draw_tab(workload, draw_other, plan)
    with header:
        draw_header(workload, plan, displayed, with_code=True)


def _draw_race(
    workload: Workload,
    plan: Plan | None,
    displayed: DisplayedRun,
    header: DeltaGenerator,
    introduction: DeltaGenerator,
    theme: Theme,
) -> None:
    """The race itself. The introduction moves into the header when there is a run to see."""
    has_run = _draw_below_controls(workload, plan, displayed, theme)
    with header:
        draw_header(workload, plan, displayed, with_code=has_run)
    if not has_run:
        # While a run waits, the queue comes first.
        with introduction if displayed.queue_position is None else st.container():
            draw_introduction(workload, plan)


def _draw_tab(workload: Workload, draw: DrawTab, plan: Plan | None) -> None:
    """A tab without a race."""
    if reason := _unavailable(workload, plan):
        st.warning(reason, title="Not available on this machine", icon=":material/desktop_access_disabled:")
    elif plan is not None:
        draw(plan)


def _draw_workload_tab(
    workload: Workload,
    tab: WorkloadTab,
    plan: Plan | None,
    displayed: DisplayedRun,
    introduction: DeltaGenerator,
    theme: Theme,
) -> None:
    """A tab with its own part of the workload: introduction, race, and what is below it."""
    if tab.code is None:
        _draw_tab(workload, tab.above, plan)
        return
    # During a race nothing is drawn that keeps the browser busy.
    idle = plan is not None and not displayed.live
    available = not _unavailable(workload, plan)
    if plan is not None and idle:
        with introduction:
            if displayed.run is None:
                tab.above(plan)
            else:
                with st.expander("Introduction and code", icon=":material/menu_book:"):
                    tab.above(plan)
            if tab.first and available:
                tab.first(plan)
    _draw_below_controls(workload, plan, displayed, theme, same_plan_only=True)
    if plan is not None and idle and tab.below and available:
        tab.below(plan)


def _unavailable(workload: Workload, plan: Plan | None) -> str:
    """Why the plan (or without one, the workload) cannot run on this machine; empty if it can."""
    return resolve(plan).unavailable() if plan else workload.unavailable()


def _draw_below_controls(
    workload: Workload,
    plan: Plan | None,
    displayed: DisplayedRun,
    theme: Theme,
    *,
    same_plan_only: bool = False,
) -> bool:
    """The displayed run, else the last one (with `same_plan_only`: of this plan). Returns whether a run was drawn."""
    if reason := _unavailable(workload, plan):
        st.warning(
            reason, title="This race is not available on this machine", icon=":material/desktop_access_disabled:"
        )
    if error := st.session_state.pop(error_key(workload), ""):
        st.error(error, title="The last action failed", icon=":material/error:")
    if displayed.other_tab:
        st.fragment(draw_other_tab_race, run_every=REFRESH_S)(workload, displayed.other_tab)
        return False
    followed = get_session_run(workload)
    if displayed.live and followed:
        st.html(NO_FADE_STYLE)
        draw_live = st.fragment(draw_live_run, run_every=refresh_interval_s(displayed))
        draw_live(workload, followed.run_id, waiting=displayed.run is None)
        return displayed.run is not None
    if displayed.problem:
        st.warning(escape_markdown(displayed.problem), icon=":material/info:")
    if displayed.run is not None:
        draw_run(displayed.run, key=f"{workload.name}-run", live=False)
        return True
    return draw_before_run(workload, plan, theme, same_plan_only)
