"""The race page, the same for every workload: story, controls, the race as it goes, and what came of it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.workload.declaration import Workload
from bench.workload.registry import load_workloads
from ui.controls import form
from ui.design import browser, markdown
from ui.design.theme import Theme
from ui.run_view import view
from ui.views.race.before_run import draw_before_run
from ui.views.race.buttons import draw_buttons
from ui.views.race.followed_run import DisplayedRun, drop_outdated_run, resolve_displayed_run, session_run_key
from ui.views.race.header import draw_header, draw_story
from ui.views.race.live import NO_FADE_STYLE, REFRESH_S, draw_live_run, draw_other_tab_race, refresh_interval_s
from ui.views.race.tabs import DrawTab, Tabs, WorkloadTab, choose_tab, draw_tab_bar


def draw_race_page(workload_name: str, tabs: Tabs | None = None) -> None:
    """The whole page. With `tabs`, what each of them draws stands beside the race, which is the one with None; where
    they are parts of the workload, each has its own race."""
    workload, colours = load_workloads()[workload_name], browser.detect_theme()
    shown = resolve_displayed_run(workload)
    chosen = choose_tab(workload, tabs, shown) if tabs else ""
    tab = tabs[chosen] if tabs else None
    part = tab if isinstance(tab, WorkloadTab) else None
    header = st.container()
    if tabs and part:
        draw_tab_bar(workload, tabs)
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    messages = st.container()
    story = st.container()
    with row:
        with st.container(width="stretch"):
            plan = form.plan_from_controls(workload, colours, messages, part.controls if part else None)
        if part is None or part.code:
            draw_buttons(workload, plan, shown, chosen if part else "")
    if tabs:
        st.query_params["tab"] = chosen
    shown = drop_outdated_run(workload, plan, shown, chosen)
    if part:
        with header:
            draw_header(workload, plan, shown, folded=True, code=part.code)
        _draw_workload_tab(workload, part, plan, shown, story, colours)
        return
    if tabs:
        with story:
            draw_tab_bar(workload, tabs)
            if tab is not None:
                _draw_tab(workload, tab, plan)
    if tab is not None:
        with header:
            draw_header(workload, plan, shown, folded=True)
        return
    fold = _draw_below_controls(workload, plan, shown, colours)
    with header:
        draw_header(workload, plan, shown, folded=fold)
    if not fold:
        # Who waits sees first what is waited for.
        with story if shown.waits is None else st.container():
            draw_story(workload, plan)


def _draw_tab(workload: Workload, draw: DrawTab, plan: Plan | None) -> None:
    """What a tab draws in the race's place."""
    if why := resolve(plan).unavailable() if plan else workload.unavailable():
        st.warning(why, title="This cannot run here", icon=":material/desktop_access_disabled:")
    elif plan is not None:
        draw(plan)


def _draw_workload_tab(
    workload: Workload, part: WorkloadTab, plan: Plan | None, shown: DisplayedRun, place: DeltaGenerator, colours: Theme
) -> None:
    """A part of the workload: its story, its race, and what stands below."""
    if part.code is None:
        _draw_tab(workload, part.above, plan)
        return
    run_in_sight = shown.run is not None
    if plan is not None and not shown.live:
        # Beside a race nothing is drawn that takes the browser long.
        with place:
            if run_in_sight:
                with st.expander("The story and the code", icon=":material/menu_book:"):
                    part.above(plan)
            else:
                part.above(plan)
            if part.first and not resolve(plan).unavailable():
                part.first(plan)
    _draw_below_controls(workload, plan, shown, colours, same=True)
    if part.below and plan is not None and not shown.live and not resolve(plan).unavailable():
        part.below(plan)


# --- below the controls ---


def _draw_below_controls(
    workload: Workload, plan: Plan | None, shown: DisplayedRun, colours: Theme, *, same: bool = False
) -> bool:
    """What there is to see; whether it is a run, beside which the story folds. With `same` no other plan's run."""
    if why := resolve(plan).unavailable() if plan else workload.unavailable():
        st.warning(why, title="This race cannot run here", icon=":material/desktop_access_disabled:")
    if error := st.session_state.pop(f"{workload.name}:error", ""):
        st.error(error, title="That did not work", icon=":material/error:")
    if shown.elsewhere:
        st.fragment(draw_other_tab_race, run_every=REFRESH_S)(workload, shown.elsewhere)
        return False
    if shown.live:
        st.html(NO_FADE_STYLE)
        live = st.fragment(draw_live_run, run_every=refresh_interval_s(shown))
        live(workload, st.session_state[session_run_key(workload)].run, waiting=shown.run is None)
        return shown.run is not None
    if shown.problem:
        st.warning(markdown.escape_markdown(shown.problem), icon=":material/info:")
    if shown.run is not None:
        view.draw_run(shown.run, key=f"{workload.name}-run", live=False)
        return True
    return draw_before_run(workload, plan, colours, same)
