"""The race of a step: its start, and how it stands."""

from __future__ import annotations

import streamlit as st

from bench.plan.validation import PlanError, find_workload
from bench.run.events import State
from bench.run.record import Run
from ui.access.redaction import describe_text
from ui.controls.url import adopt_plan
from ui.tours.contracts import load_tabs
from ui.tours.model import Step
from ui.tours.session import make_step_plan
from ui.views.race.buttons import error_key, start_race
from ui.views.race.followed_run import DisplayedRun, get_session_run, load_displayed_run
from ui.views.race.tabs import WorkloadTab, find_covering_tab, show_tab_of

ACCURACY_RULE = "accuracy"
"""Name of the rule that refuses a claim without a measured accuracy, if the lever changes the arithmetic."""


def start_step_race(step: Step, *, rehearsal: bool) -> None:
    """Start the race of a step, as if Run was pressed on its page. Must be called before the page is drawn, which then
    shows the race, or the error that prevented it."""
    workload = find_workload(step.page)
    try:
        plan = make_step_plan(step, rehearsal)
    except PlanError as error:
        st.session_state[error_key(workload)] = describe_text("; ".join(error.problems))
        return
    adopt_plan(plan)
    show_tab_of(workload, plan)
    tabs = load_tabs(workload.name)
    name = step.tab or find_covering_tab(tabs, plan)
    start_race(workload, plan, name if isinstance(tabs.get(name), WorkloadTab) else "")


def find_step_run(step: Step) -> DisplayedRun | None:
    """The race of the step's page that this session follows; None without one, and for a step that shows no run."""
    if not step.shows_run:
        return None
    followed = get_session_run(find_workload(step.page))
    return load_displayed_run(followed.run_id) if followed else None


def is_run_unread(step: Step) -> bool:
    """Whether the address of the step's page names a run that this session has yet to open, as after a reload."""
    return step.has_plan and "run" in st.query_params and get_session_run(find_workload(step.page)) is None


def needs_recording(step: Step, displayed: DisplayedRun | None, *, rehearsal: bool) -> bool:
    """Whether the race that the step shows has failed, or could not be started, or its claim is refused. Not if the
    race that is shown is that of another step, nor if no recording of this race could have a claim either."""
    if not step.shows_run:
        return False
    if st.session_state.get(error_key(find_workload(step.page))):
        return True
    if displayed is None or displayed.live:
        return False
    run = displayed.run
    if run is None:
        return bool(displayed.problem)
    if step.race and not is_race_of(step, run, rehearsal=rehearsal):
        return False
    claim = run.claim()
    if run.state is not State.FINISHED or claim is None:
        return True
    return any(finding.rule != ACCURACY_RULE or not _has_nothing_to_judge(run) for finding in claim.refusals)


def _has_nothing_to_judge(run: Run) -> bool:
    """Whether the race has no measure of accuracy at all, such as that of an untrained model."""
    quality = run.quality
    return quality is not None and not (quality.baseline or quality.accelerated or quality.agreement)


def is_race_of(step: Step, run: Run, *, rehearsal: bool) -> bool:
    """Whether a run is that of the race of a step."""
    try:
        return run.plan.digest == make_step_plan(step, rehearsal).digest
    except PlanError:
        return False
