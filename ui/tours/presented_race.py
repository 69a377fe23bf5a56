"""A part of a race in the presenter view: before, during and after the race, with the claim sentence below it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.claims.best_step import find_headline_step
from bench.claims.headline import write_headline
from bench.formatting import format_batch, format_budget, format_cores
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, find_workload
from bench.run.outcome import describe_outcome, describe_recording
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.workload.cases import Code
from ui.access.redaction import describe_text
from ui.charts.live_race import PRESENTATION_LAYOUT
from ui.design.badges import claim_state_badge
from ui.design.browser import detect_theme
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.design.theme import Theme, arm_name_markdown
from ui.history import forget_expected_stages
from ui.run_view.evidence import draw_evidence
from ui.run_view.header import STATE_BADGES, describe_progress, draw_failure
from ui.run_view.metrics import build_quality, build_ratio, build_time
from ui.run_view.phases import draw_phases
from ui.run_view.replay_region import draw_replay_region
from ui.run_view.results import draw_pictures, draw_race_image, draw_steps_chart
from ui.tours.contracts import load_tabs
from ui.tours.model import Step
from ui.tours.parts import PLAN_PARTS
from ui.tours.playing import REFRESH_S, ReplaySession
from ui.tours.presenter_style import (
    AREA_KEY,
    CODE_KEY,
    CONTENT_KEY,
    LEGEND_KEY,
    MARK_KEY,
    NUMBER_KEY,
    NUMBERS_KEY,
    SENTENCE_KEY,
    STATEMENT_KEY,
    TEXT_KEY,
)
from ui.tours.session import make_step_plan
from ui.views.race.before_run import find_last_run
from ui.views.race.buttons import error_key
from ui.views.race.followed_run import DisplayedRun, find_displayed_plan, get_session_run, load_displayed_run
from ui.views.race.header import draw_diff
from ui.views.race.live import pause_race, refresh_interval_s
from ui.views.race.notices import describe_elsewhere
from ui.views.race.result_part import find_live_part, find_result_part
from ui.views.race.tabs import WorkloadTab, find_covering_tab
from ui.views.race.waiting import draw_waiting

RUN_KEY = "presenter-run"
"""Key of what is drawn of a run."""


@dataclass(frozen=True, slots=True)
class PresentedRun:
    """The run that a step shows: the race that this session started, else the last run of the plan."""

    displayed: DisplayedRun
    is_last: bool = False
    """Whether it is the last run of the plan, and not a race of this session."""


def has_race(step: Step) -> bool:
    """Whether the step shows a race, and not another tab of its page."""
    if not step.has_plan:
        return False
    tab = load_tabs(step.page).get(step.tab) if step.tab else None
    return tab is None or (isinstance(tab, WorkloadTab) and tab.code is not None)


def find_presented_run(step: Step, plan: Plan) -> PresentedRun:
    """The run to show for the plan of a step. Its `DisplayedRun.run` is None before the first run."""
    workload = find_workload(step.page)
    followed = get_session_run(workload)
    displayed = load_displayed_run(followed.run_id) if followed else DisplayedRun()
    shown = find_displayed_plan(workload, displayed)
    if shown is not None and shown.digest == plan.digest:
        return PresentedRun(displayed)
    return PresentedRun(DisplayedRun(run=find_last_run(workload, plan)), is_last=True)


def draw_race_part(step: Step, part: str, *, rehearsal: bool) -> None:
    """Draw a part of the race of a step. A live race is drawn again every half second or two."""
    try:
        plan = make_step_plan(step, rehearsal)
    except PlanError as error:
        with _area(STATEMENT_KEY):
            st.markdown(
                f"## This race cannot be run here\n\n{escape_markdown(describe_text('; '.join(error.problems)))}"
            )
        return
    presented = find_presented_run(step, plan)
    displayed = presented.displayed
    if not displayed.live:
        forget_expected_stages()
    if part in PLAN_PARTS:
        _draw_plan_part(step, plan, part)
    elif displayed.live:
        followed = get_session_run(find_workload(step.page))
        if followed is not None:
            draw_live = st.fragment(_draw_live, run_every=refresh_interval_s(displayed))
            draw_live(followed.run_id, plan, part, waiting=displayed.run is None)
    elif displayed.run is None:
        _draw_before_run(step, plan, displayed)
    else:
        is_statement = _draw_run_part(displayed.run, part, live=False)
        _draw_sentence(displayed.run, is_statement=is_statement, is_last=presented.is_last)


def draw_replayed_part(playing: ReplaySession, part: str) -> None:
    """Draw a part of the run that is played, with its mark everywhere. It is drawn again while it is played."""
    if playing.is_over:
        _draw_moment(playing, part)
        return
    st.fragment(_draw_playing, run_every=REFRESH_S if playing.playing_since is not None else None)(playing, part)


def _draw_playing(playing: ReplaySession, part: str) -> None:
    if playing.is_over:
        playing.skip_to_end()
        st.rerun()
    _draw_moment(playing, part)


def _draw_moment(playing: ReplaySession, part: str) -> None:
    now_s = playing.now_s
    run = playing.replay.at(now_s)
    is_live = not run.state.over
    with draw_replay_region(run, has_banner=False):
        with st.container(key=MARK_KEY):
            position = f", second {now_s:.0f} of {playing.replay.duration_s:.0f}" if is_live else ""
            note = f" {escape_markdown(describe_text(playing.note))}" if playing.note else ""
            st.markdown(f"**:violet[Replay: {escape_markdown(describe_recording(run))}{position}.]**{note}")
        is_statement = _draw_run_part(run, part, live=is_live)
        _draw_sentence(run, is_statement=is_statement, is_last=False)


def draw_introduction(step: Step, *, rehearsal: bool) -> None:
    """The text of a step, and what is raced if it is a race."""
    with _area(TEXT_KEY):
        st.markdown(step.text)
        if not step.race:
            return
        try:
            plan = make_step_plan(step, rehearsal)
        except PlanError:
            # The parts of the race say why.
            return
        st.markdown(_describe_race(plan))


def _area(key: str):
    """A container for a part, in the area that the part has for itself."""
    with st.container(key=AREA_KEY), st.container(key=CONTENT_KEY):
        return st.container(key=key)


def _describe_race(plan: Plan) -> str:
    """`○ stock against ◆ patched` as a heading, and the settings below it, as Markdown."""
    resolved, theme = resolve(plan), detect_theme()
    arms = " against ".join(arm_name_markdown(arm, resolved.lever_value(arm).label, theme) for arm in Arm)
    batch = format_batch(plan.batch, resolved.workload.batch.noun)
    settings = [resolved.case.label, format_cores(plan.cores), batch, f"at most {format_budget(plan.budget_s)}"]
    return f"## {arms}\n\n:gray[{escape_markdown(', '.join(filter(None, settings)))}]"


def _draw_plan_part(step: Step, plan: Plan, part: str) -> None:
    if part == "code":
        with _area(CODE_KEY):
            draw_diff(_find_code(step, plan))
        return
    with _area(STATEMENT_KEY):
        st.markdown(_describe_race(plan))


def _find_code(step: Step, plan: Plan) -> Code:
    tabs = load_tabs(step.page)
    tab = tabs.get(step.tab or find_covering_tab(tabs, plan))
    return tab.code(plan) if isinstance(tab, WorkloadTab) and tab.code else resolve(plan).code()


def _draw_before_run(step: Step, plan: Plan, displayed: DisplayedRun) -> None:
    problem = displayed.problem or resolve(plan).unavailable()
    error = st.session_state.get(error_key(find_workload(step.page)), "")
    with _area(STATEMENT_KEY):
        st.markdown(_describe_race(plan))
        if error or problem:
            st.markdown(f":orange[:material/error:] {error or escape_markdown(describe_text(problem))}")
        elif step.race:
            st.markdown(":gray[Not raced yet with these settings on this machine.]")
        else:
            st.markdown(":gray[There is no run of these settings yet.]")


def _draw_live(run_id: str, plan: Plan, part: str, *, waiting: bool) -> None:
    """The present state of a race. When it starts or ends, the whole page is drawn again."""
    displayed = load_displayed_run(run_id)
    if not displayed.live or (waiting and displayed.run is not None):
        st.rerun()
    if displayed.run is None:
        with _area(STATEMENT_KEY):
            st.markdown(_describe_race(plan))
            draw_waiting(displayed.queue_position or 0, plan)
        return
    pause_race(displayed.run)
    is_statement = _draw_run_part(displayed.run, part, live=True)
    _draw_sentence(displayed.run, is_statement=is_statement, is_last=False)


def _draw_run_part(run: Run, part: str, *, live: bool) -> bool:
    """One part of a run in its area. In place of a part that the run does not have, or not yet, is its sentence.
    Returns whether the part is the sentence, so that there is none below it."""
    theme, step = detect_theme(), TOTAL if live else find_headline_step(run) or TOTAL
    match part:
        case "times":
            with _area(NUMBERS_KEY):
                for column, arm in zip(st.columns(2, gap="large"), Arm, strict=True):
                    with column:
                        build_time(run, arm, step, theme, live).draw(has_help=False)
        case "ratio":
            with _area(NUMBER_KEY):
                build_ratio(run, step).draw(has_help=False)
        case "quality":
            with _area(NUMBERS_KEY):
                build_quality(run, theme).draw(has_help=False)
        case "chart":
            # The image also after the race: a Plotly chart cannot be enlarged by CSS.
            with _area("presenter-chart"):
                arms = ", ".join(arm_name_markdown(arm, run.snapshot.arms[arm], theme) for arm in Arm)
                with st.container(key=LEGEND_KEY):
                    st.markdown(f"{arms}. Warm-up samples are pale.")
                draw_race_image(run, step, theme, PRESENTATION_LAYOUT)
        case "claim":
            with _area(STATEMENT_KEY):
                st.markdown(f"### {escape_markdown(describe_outcome(run, step))}")
            return True
        case "evidence" if run.evidence:
            with _area(TEXT_KEY):
                draw_evidence(run, theme, step, arms=(Arm.ACCELERATED,), has_words=False)
        case "phases":
            with _area(STATEMENT_KEY):
                st.markdown(f"## {STATE_BADGES[run.state].markdown(run.state)} {describe_progress(run)}")
        case "result" if _has_result(run, live):
            with _area("presenter-result"):
                _draw_result(run, theme, live)
        case "details" if run.statistics and not live:
            with _area("presenter-chart"):
                draw_steps_chart(run, RUN_KEY, theme)
        case _:
            with _area(STATEMENT_KEY):
                headline = write_headline(run, step)
                st.markdown(f"## {escape_markdown(headline.sentence)}")
                if not live:
                    draw_failure(run)
            return True
    return False


def _has_result(run: Run, live: bool) -> bool:
    workload = run.plan.workload
    if live:
        return find_live_part(workload) is not None
    return find_result_part(workload) is not None or any(run.pictures.values())


def _draw_result(run: Run, theme: Theme, live: bool) -> None:
    draw = find_live_part(run.plan.workload) if live else find_result_part(run.plan.workload)
    if draw is not None:
        draw(run, f"{RUN_KEY}-result", theme)
    else:
        draw_pictures(run, theme)


def _draw_sentence(run: Run, *, is_statement: bool, is_last: bool) -> None:
    """What the run says so far, when it was, and how far a live one has come."""
    step = TOTAL if not run.state.over else find_headline_step(run) or TOTAL
    headline = write_headline(run, step)
    with st.container(key=SENTENCE_KEY):
        if not is_statement:
            st.markdown(f"## {escape_markdown(headline.sentence)}")
        if not run.state.over:
            draw_phases(run, has_later=False)
            return
        notes = [claim_state_badge(headline.state)]
        if headline.reason:
            notes.append(escape_markdown(headline.reason))
        if is_last:
            when = f"{format_date_time(run.started)}{describe_elsewhere(run)}"
            notes.append(f":gray[:material/history: Last run of these settings, {when}]")
        st.markdown(" ".join(notes))
