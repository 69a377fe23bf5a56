"""The best of each stage of an application: the button that finds it, how far that is, and what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from bench.formatting import format_count
from bench.plan.plan import Plan
from bench.run.outcome import count_pairs
from bench.scheduler.best_stages import (
    BestStages,
    BestStagesGoal,
    ChoiceState,
    estimate_choice_s,
    find_stages,
    plan_all_stages,
)
from bench.scheduler.best_stages_text import StageLine, describe_result, list_stage_lines
from bench.scheduler.race_series import RaceSeries
from bench.scheduler.series_goals import KnownResults
from bench.storage.store import StoreError
from bench.values.claims import Speed
from bench.values.selection import StageVerdict
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.design.badges import SPEED_BADGES, Badge
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.design.text import format_date_time

REFRESH_S = 2.0
"""Time between two looks at the series. The page may be drawn on the cores of a race."""
MESSAGE_KEY = "best-stages-message"
"""Session key of an error, as Markdown, that the next rerun shows."""
NOTHING_KNOWN = KnownResults({})
VERDICT_BADGES = {
    StageVerdict.GAIN: SPEED_BADGES[Speed.FASTER],
    StageVerdict.LOSS: SPEED_BADGES[Speed.SLOWER],
    StageVerdict.UNDECIDED: SPEED_BADGES[Speed.SAME],
    StageVerdict.SAME_CODE: SPEED_BADGES[Speed.SAME_CODE],
    StageVerdict.NO_CLAIM: Badge("remove", "gray"),
}


def find_goal(plan: Plan) -> BestStagesGoal | None:
    """The search for the best stages of `plan`; None if its case has none."""
    return BestStagesGoal(plan_all_stages(plan), services.get_selected_runs()) if find_stages(plan) else None


def find_choice(plan: Plan) -> BestStages | None:
    """What is known of the best stages of `plan`, with all its other settings; None if its case has none, or if runs
    cannot be read."""
    goal = find_goal(plan)
    try:
        return goal.find_choice() if goal else None
    except StoreError as error:
        services.draw_store_error(error)
        return None


def format_preset(choice: BestStages) -> str:
    """The label of the preset: `Best of each stage (measured 24 Nov 2025, 02:25)`."""
    assert choice.decided_at is not None
    return f"Best of each stage (measured {format_date_time(choice.decided_at)})"


def draw_best_stages(plan: Plan, choice: BestStages, key: str) -> None:
    """The button, the progress, and the table of `choice`, which is that of `plan`. `key` is unique for the place."""
    goal = find_goal(plan)
    assert goal is not None
    series = actions.find_series()
    own = series if series is not None and _is_about(series, goal) else None
    with st.container(border=True, gap="small"):
        st.markdown(describe_choice(choice))
        goes_on = own is not None and not own.progress.over
        if own is not None and goes_on:
            st.fragment(_draw_progress, run_every=REFRESH_S)(own, goal, own.progress.raced)
            _draw_stop(key)
        else:
            _draw_start(goal, choice, series, key)
        if message := st.session_state.pop(MESSAGE_KEY, ""):
            st.error(message, title="The last action failed", icon=":material/error:")
        if own is not None and own.progress.over:
            _draw_end(own)
        if choice.selection.decisions:
            _draw_table(list_stage_lines(choice))
        _draw_links(choice)


def describe_choice(choice: BestStages) -> str:
    """What is known, as Markdown."""
    text = f"**{escape_markdown(describe_result(choice))}.**"
    if choice.changes:
        changed = escape_markdown("; ".join(choice.changes))
        return f"{text} :orange-badge[:material/update: out of date] Since then, something has changed: {changed}."
    if choice.state is ChoiceState.CONFIRMED:
        return f"{text} :gray[Chosen after looking, and confirmed by a race with new samples.]"
    if choice.state is ChoiceState.OPEN and not choice.selection.run_ids:
        return (
            f"{text} :gray[Fairlap finds it by racing on this machine: all stages, again without those that lose, and "
            "at last those that gain. Only the last race is to be quoted, because its samples chose nothing.]"
        )
    return text


def _is_about(series: RaceSeries, goal: BestStagesGoal) -> bool:
    return any(isinstance(other, BestStagesGoal) and other.first == goal.first for other in series.goals)


def _draw_start(goal: BestStagesGoal, choice: BestStages, series: RaceSeries | None, key: str) -> None:
    is_again = choice.is_over and not choice.changes
    if is_again:
        goal = BestStagesGoal(goal.first, services.get_selected_runs(since=datetime.now(UTC)))
    label = describe_button(goal, "Find it again" if is_again else "Find the best of each stage")
    why_not = actions.why_not_start()
    if series is not None and not series.progress.over:
        why_not = why_not or "A series of races goes on. Stop it, or wait until it ends."
    pressed = st.button(
        label,
        icon=":material/search:",
        key=f"{key}-best",
        disabled=bool(why_not),
        help=why_not or "The races wait in the queue like all others. You can close the page meanwhile.",
    )
    if not pressed:
        return
    try:
        actions.start_series([goal], again=is_again)
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    services.freeze_loaded_objects()
    st.rerun()


def describe_button(goal: BestStagesGoal, what: str) -> str:
    """The label of the button, with the number of races and the time that they take."""
    races = goal.count_races(NOTHING_KNOWN)
    minutes = max(1, math.ceil(estimate_choice_s(goal, NOTHING_KNOWN) / 60))
    return f"{what} (at most {format_count(races, 'race')}, about {minutes:,} min)"


def _draw_progress(series: RaceSeries, goal: BestStagesGoal, raced: int) -> None:
    """What the series does, as long as `raced` of its races have ended."""
    progress = series.progress
    if progress.over or progress.raced != raced:
        st.rerun()
    try:
        doing = _describe_progress(series, goal)
        races = raced + max(1, goal.count_races(series.history))
    except (OSError, StoreError) as error:
        services.draw_store_error(error)
        return
    draw_progress(raced / races, f":material/flag: {doing}", "Races of the choice")


def _describe_progress(series: RaceSeries, goal: BestStagesGoal) -> str:
    """As Markdown. Raises OSError and StoreError."""
    progress = series.progress
    if progress.plan is None:
        return "Checking the input"
    details = f"race {progress.raced + 1}, {escape_markdown(goal.describe_race(progress.plan))}"
    if progress.waits_for:
        return f"Waits for the same race from elsewhere: {details}"
    if not progress.job_id:
        return f"Checking the input of {details}"
    ids = [entry.job_id for entry in records.list_entries()]
    place = ids.index(progress.job_id) if progress.job_id in ids else 0
    if place:
        return f"{format_count(place, 'other job')} in front of {details}"
    run = records.read_status(progress.job_id).run
    stage = f" ({run.state}, {format_count(count_pairs(run), 'pair')})" if run is not None else ""
    return f"Races now: {details}{stage}"


def _draw_stop(key: str) -> None:
    stopped = st.button(
        "Stop", icon=":material/stop:", key=f"{key}-best-stop", help="End the race that runs. Ended races are kept."
    )
    if not stopped:
        return
    try:
        actions.stop_series()
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    except (OSError, StoreError) as error:
        st.session_state[MESSAGE_KEY] = f"{describe_error(error)}. Press Stop again, or end Fairlap to end the race."
    st.rerun()


def _draw_end(series: RaceSeries) -> None:
    """Why the series has found nothing, if it has not."""
    problems = [*series.history.problems.values(), series.progress.why_ended]
    for problem in filter(None, problems):
        text = f"{describe_text(problem).rstrip('.')}. Press the button again to go on."
        st.warning(text, title="The choice has ended early", icon=":material/warning:")


def _draw_table(lines: Sequence[StageLine]) -> None:
    """The stages, with what was found about each."""
    header = "| stage | when chosen | verdict | kept | when confirmed | decided by |"
    rows = [
        f"| {escape_markdown(line.label)} | {line.chosen} | {VERDICT_BADGES[line.verdict].markdown(line.verdict)} | "
        f"{'yes' if line.is_kept else 'no'} | {line.confirmed} | {escape_markdown(line.why)} |"
        for line in lines
    ]
    st.markdown("\n".join([header, "| --- " * 6 + "|", *rows]))


def _draw_links(choice: BestStages) -> None:
    run = choice.confirmed_by
    if run is not None:
        st.page_link(
            services.page_script("runs"),
            label="The race that confirms, to be quoted",
            icon=":material/open_in_full:",
            query_params={"run": run.id},
        )
