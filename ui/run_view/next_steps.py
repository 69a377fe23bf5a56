"""What to do after a run: the best step as a button, up to two more as links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from bench.claims.next_steps import NextStep, NextStepKind
from bench.plan.change import change_plan
from bench.plan.query import to_query
from bench.plan.validation import PlanError
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.workload.parameters import Setting
from ui import records, services
from ui.design.markdown import escape_markdown

RaceWith = Callable[[Mapping[str, Setting]], None]
"""Starts a race with the plan of the displayed run and these changes."""
ICONS = {
    NextStepKind.RACE_LONGER: ":material/more_time:",
    NextStepKind.RACE_FEWER_CORES: ":material/memory:",
    NextStepKind.SHOW_STEP: ":material/ads_click:",
    NextStepKind.CHANGE_BASELINE: ":material/swap_horiz:",
    NextStepKind.COMPARE_LAST: ":material/compare_arrows:",
    NextStepKind.QUIET_MACHINE: ":material/volume_off:",
    NextStepKind.OPEN_RUN: ":material/open_in_full:",
    NextStepKind.TRY: ":material/science:",
}
QUIET_TEXT = (
    "- Close other programs, other tabs and background jobs.\n"
    "- On a laptop, plug in the power supply and set the frequency governor to performance.\n"
    "- In a virtual machine, other guests may use the processor: race at another time, or on other hardware.\n"
    "- Then race again with a larger time budget (**More**)."
)


def draw_next_steps(run: Run, steps: Sequence[NextStep], key: str, step_key: str, race_with: RaceWith | None) -> None:
    """The steps side by side. Without `race_with`, as where a stored run is shown, races are links to their page."""
    if not steps:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-next"):
        for place, step in enumerate(steps):
            _draw_step(run, step, f"{key}-next-{place}", step_key, race_with, is_first=place == 0)


def _draw_step(
    run: Run, step: NextStep, key: str, step_key: str, race_with: RaceWith | None, *, is_first: bool
) -> None:
    label, icon = escape_markdown(step.label), ICONS[step.kind]
    kind = "secondary" if is_first else "tertiary"
    match step.kind:
        case NextStepKind.SHOW_STEP:
            st.button(label, icon=icon, type=kind, key=key, on_click=_select_step, args=(step_key, step.step))
        case NextStepKind.QUIET_MACHINE:
            with st.popover(label, icon=icon, type=kind, key=key):
                st.markdown(QUIET_TEXT)
                st.page_link(services.page_script("machine"), label="Open Machine", icon=":material/monitoring:")
        case NextStepKind.COMPARE_LAST:
            _draw_comparison_link(run, label, icon)
        case NextStepKind.OPEN_RUN:
            st.page_link(services.page_script("runs"), label=label, icon=icon, query_params={"run": run.id})
        case _ if race_with:
            st.button(label, icon=icon, type=kind, key=key, on_click=race_with, args=(step.changes,))
        case _:
            _draw_race_link(run, step, label, icon)


def _select_step(step_key: str, step: str) -> None:
    st.session_state[step_key] = step


def _draw_comparison_link(run: Run, label: str, icon: str) -> None:
    """A link to the comparison with the run before. Nothing if there is none, or if the store cannot be read."""
    try:
        previous = records.find_previous_run(run)
    except StoreError:
        return
    if previous:
        query = records.comparison_query(previous.id, run.id)
        st.page_link(services.page_script("runs"), label=label, icon=icon, query_params=query)


def _draw_race_link(run: Run, step: NextStep, label: str, icon: str) -> None:
    """A link to the race page with the changed settings. Nothing if the workload no longer takes them."""
    page = services.workload_page_script(run.plan.workload)
    try:
        query = to_query(change_plan(run.plan, step.changes))
    except PlanError:
        return
    if page:
        st.page_link(page, label=label, icon=icon, query_params=query)
