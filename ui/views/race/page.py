"""The race page of every workload: controls, introduction, the live race, and its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from bench.plan.change import change_plan
from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.run.record import Run
from bench.system.limits import core_limit
from bench.workload.declaration import Workload
from bench.workload.parameters import Setting
from bench.workload.registry import load_workloads
from ui import services
from ui.access.redaction import describe_text
from ui.controls.form import plan_from_controls
from ui.controls.overrides import ControlOverrides
from ui.design.browser import detect_theme, set_tab_title
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.design.theme import Theme
from ui.history import forget_expected_stages
from ui.records import WORKLOAD_PARAMETER
from ui.run_view.tab_title import describe_tab
from ui.run_view.view import draw_run
from ui.views.race.announcement import draw_announcement
from ui.views.race.bar import draw_bar
from ui.views.race.before_run import draw_last_other_run, draw_published, find_last_run
from ui.views.race.buttons import draw_buttons, error_key, start_with
from ui.views.race.followed_run import (
    DisplayedRun,
    drop_outdated_run,
    get_session_run,
    resolve_displayed_run,
    run_view_key,
)
from ui.views.race.header import draw_header, draw_introduction
from ui.views.race.live import NO_FADE_STYLE, REFRESH_S, draw_live_run, draw_other_tab_race, refresh_interval_s
from ui.views.race.notices import describe_elsewhere, draw_settings_notice
from ui.views.race.result_part import find_input_part, find_result_part
from ui.views.race.tabs import (
    DrawTab,
    Tabs,
    TaskTab,
    WorkloadTab,
    choose_tab,
    draw_tab_bar,
    explain_missing_tab,
)

NO_LOCAL_TABS: Mapping[str, str] = {}


def draw_race_page(workload_name: str, tabs: Tabs | None = None, local_tabs: Mapping[str, str] = NO_LOCAL_TABS) -> None:
    """The whole page of a workload, with its tabs if it has any.

    `local_tabs` are tabs that only some visitors have, each with the reason, for those who follow a link to one.
    """
    workload, theme = load_workloads()[workload_name], detect_theme()
    displayed = resolve_displayed_run(workload)
    name = choose_tab(workload, tabs, displayed) if tabs else ""
    tab = tabs[name] if tabs else None
    workload_tab = tab if isinstance(tab, WorkloadTab) else None
    draw_task = tab.draw if isinstance(tab, TaskTab) else None
    races = draw_task is None and (workload_tab is None or workload_tab.code is not None)
    bar = draw_bar()
    if tabs:
        draw_tab_bar(workload, tabs)
    messages = st.container()
    if reason := explain_missing_tab(workload, tabs, local_tabs, name) if tabs else "":
        messages.warning(escape_markdown(reason), title="This dashboard does not have that tab", icon=":material/tab:")
    with bar.controls:
        plan = plan_from_controls(workload, messages, _choose_controls(tab))
        if races:
            draw_buttons(workload, plan, displayed, name if workload_tab else "")
    if tabs:
        st.query_params["tab"] = name
    displayed = drop_outdated_run(workload, plan, displayed, name)
    set_tab_title(describe_tab(workload.title, displayed.run))
    with bar.title:
        draw_header(workload, plan, displayed, workload_tab.code if workload_tab else None)
        draw_announcement(displayed)
    if draw_task:
        _draw_task_tab(workload, draw_task, plan)
    elif workload_tab and not races:
        _draw_task_tab(workload, workload_tab.above, plan)
    else:
        _draw_race(workload, workload_tab, plan, displayed, theme)


def _choose_controls(tab: TaskTab | WorkloadTab | None) -> ControlOverrides | None:
    return tab.controls if tab else None


def _draw_task_tab(workload: Workload, draw: DrawTab, plan: Plan | None) -> None:
    """A tab without a race."""
    if reason := _unavailable(workload, plan):
        st.warning(
            describe_text(reason), title="Not available on this machine", icon=":material/desktop_access_disabled:"
        )
    elif plan is not None:
        draw(plan)


def _draw_race(
    workload: Workload, tab: WorkloadTab | None, plan: Plan | None, displayed: DisplayedRun, theme: Theme
) -> None:
    """What is below the controls: the displayed run, else the last one of this plan, else what the race is about.

    While a race is timed, nothing else is drawn, because it would keep the browser busy.
    """
    reason = _unavailable(workload, plan)
    _draw_messages(workload, reason, displayed)
    if displayed.other_tab:
        st.fragment(draw_other_tab_race, run_every=REFRESH_S)(workload, displayed.other_tab)
        return
    draw_settings_notice(workload, plan, displayed)
    run = displayed.run
    if displayed.live:
        _follow_live_run(workload, displayed)
        if run is None:
            _draw_about(workload, tab, plan)
        elif draw_input := find_input_part(workload.name):
            # Outside of the fragment that is drawn again and again.
            draw_input(run.plan)
        return
    forget_expected_stages()
    if run is None and not displayed.problem and (run := find_last_run(workload, plan)):
        when = f"{format_date_time(run.started)}{describe_elsewhere(run)}"
        st.caption(f":material/history: Last run of these settings, {when}. Press **Run** to race again.")
    below = tab.below if tab and not reason else None
    if run is not None:
        _draw_finished_run(workload, run, lambda: _draw_below_run(tab, plan, below))
        return
    draw_last_other_run(workload, plan)
    _draw_about(workload, tab, plan)
    draw_published(workload, plan, theme)
    if below and plan:
        below(plan)


def _draw_below_run(tab: WorkloadTab | None, plan: Plan | None, below: DrawTab | None) -> None:
    """What is below a run that is over: a link to the sweep of its settings, and what a tab adds."""
    if plan is not None:
        st.page_link(
            services.page_script("sweep"),
            label="Sweep these settings over cores and batch",
            icon=":material/grid_on:",
            query_params=to_query(plan) | {WORKLOAD_PARAMETER: plan.workload},
        )
    if tab is None or plan is None:
        return
    if below:
        below(plan)
    with st.expander("Introduction and code", icon=":material/menu_book:"):
        tab.above(plan)


def _draw_messages(workload: Workload, unavailable: str, displayed: DisplayedRun) -> None:
    if unavailable:
        st.warning(
            describe_text(unavailable),
            title="This race is not available on this machine",
            icon=":material/desktop_access_disabled:",
        )
    if error := st.session_state.pop(error_key(workload), ""):
        st.error(error, title="The last action failed", icon=":material/error:")
    if not displayed.problem:
        return
    st.warning(escape_markdown(displayed.problem), icon=":material/info:")
    if displayed.measurement_id:
        st.page_link(
            services.page_script("runs"),
            label="Open the measurement",
            icon=":material/straighten:",
            query_params={"run": displayed.measurement_id},
        )


def _draw_about(workload: Workload, tab: WorkloadTab | None, plan: Plan | None) -> None:
    """What is raced, and the code that differs."""
    if plan is not None and (draw_input := find_input_part(workload.name)):
        draw_input(plan)
    if tab is None:
        draw_introduction(workload, plan)
    elif plan is not None:
        tab.above(plan)


def _follow_live_run(workload: Workload, displayed: DisplayedRun) -> None:
    followed = get_session_run(workload)
    if followed is None:
        return
    st.html(NO_FADE_STYLE)
    draw_live = st.fragment(draw_live_run, run_every=refresh_interval_s(displayed))
    draw_live(workload, followed.run_id, waiting=displayed.run is None)


def _draw_finished_run(workload: Workload, run: Run, draw_more: Callable[[], None]) -> None:
    draw_run(
        run,
        key=run_view_key(workload),
        live=False,
        draw_result=find_result_part(workload.name),
        draw_more=draw_more,
        race_with=lambda changes: _race_with(workload, run.plan, changes),
    )


def _race_with(workload: Workload, plan: Plan, changes: Mapping[str, Setting]) -> None:
    """Start a race with `plan` and changed settings. For callbacks."""
    try:
        changed = change_plan(plan, changes, core_limit())
    except PlanError as error:
        st.session_state[error_key(workload)] = describe_text("; ".join(error.problems))
        return
    start_with(workload, changed)


def _unavailable(workload: Workload, plan: Plan | None) -> str:
    """Why the plan (or without one, the workload) cannot run on this machine; empty if it can."""
    return resolve(plan).unavailable() if plan else workload.unavailable()
