"""Starts, follows and stops the series of races of the gallery."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from bench.formatting import format_cores, format_count
from bench.plan.resolved import resolve
from bench.scheduler.queue import QueueEntry
from bench.scheduler.race_series import RaceSeries, SeriesProgress
from bench.scheduler.series_goals import Goal, ResultGoal
from bench.storage.store import StoreError
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.components.announcer import draw_announcer
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.views.estimators.gallery_cases import Gallery, SeriesProblems
from ui.views.estimators.gallery_settings import WORKLOAD

REFRESH_S = 2.0
"""Time between two looks at the queue. They are short, because the page may be drawn on the cores of a race."""
ANNOUNCER_KEY = "gallery-announcer"
MESSAGE_KEY = f"{WORKLOAD}:gallery-message"
"""Session key of an error, as Markdown, that the next rerun shows."""


def draw_buttons(gallery: Gallery, active: Sequence[QueueEntry]) -> None:
    """The buttons that race all cases and that stop what waits or runs."""
    series = _find_series()
    goes_on = series is not None and not series.progress.over
    goals = gallery.list_goals()
    # With a result for each, all are raced again; but not while the last of them still wait.
    again = not goals and not any(case.entry for case in gallery.cases)
    label = describe_button(gallery, goals, again=again)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_start(
            label,
            key="run",
            goals=[ResultGoal(case.plan) for case in gallery.cases] if again else goals,
            why_not="" if goals or again else "All of these are in the queue or have a result.",
            help_text="One race for each, one after the other. Those that have a result with these settings are kept.",
            again=again,
            primary=True,
        )
        others = _describe_others(series, active)
        why_not_stop = "" if goes_on else f"You have started no series of races that goes on. {others}".rstrip()
        stopped = st.button(
            "Stop",
            icon=":material/stop:",
            key=f"{WORKLOAD}:gallery-stop",
            disabled=bool(why_not_stop),
            help=why_not_stop
            or f"End your series, and the race of it that waits or runs. Results are kept. {others}".rstrip(),
        )
    if stopped:
        _stop()
        st.rerun()
    if message := st.session_state.pop(MESSAGE_KEY, ""):
        st.error(message, title="The last action failed", icon=":material/error:")


def draw_start(
    label: str,
    *,
    key: str,
    goals: Sequence[Goal],
    help_text: str,
    why_not: str = "",
    again: bool = False,
    primary: bool = False,
) -> None:
    """A button that starts a series of races with `goals`. `why_not` disables it."""
    series = actions.find_series()
    if series is not None and not series.progress.over:
        why_not = "A series of races goes on. Stop it, or wait until it ends."
    why_not = actions.why_not_start() or why_not
    pressed = st.button(
        label,
        icon=":material/play_arrow:",
        type="primary" if primary else "secondary",
        key=f"{WORKLOAD}:gallery-{key}",
        disabled=bool(why_not),
        help=why_not or help_text,
    )
    if not pressed:
        return
    try:
        actions.start_series(goals, again=again)
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    services.freeze_loaded_objects()
    st.rerun()


def describe_button(gallery: Gallery, goals: Sequence[Goal], *, again: bool) -> str:
    """The label of the button, with the number of races and the time that they take."""
    count = len(gallery.cases)
    if again:
        time = format_minutes(sum(case.expected_s for case in gallery.cases))
        return f"Race all {count} again (about {time})"
    if not goals:
        return f"Race all {count}"
    time = format_minutes(gallery.estimate_s(goals))
    which = f"all {count}" if len(goals) == count else f"the {len(goals)} without a result"
    return f"Race {which} (about {time})"


def _find_series() -> RaceSeries | None:
    """The visitor's series of races, if it is one of the gallery."""
    series = actions.find_series()
    return series if series and all(goal.first.workload == WORKLOAD for goal in series.goals) else None


def format_minutes(seconds: float) -> str:
    return f"{max(1, math.ceil(seconds / 60)):,} min"


def list_problems() -> SeriesProblems:
    """What the visitor's last series could not race."""
    series = _find_series()
    return SeriesProblems(dict(series.history.problems), series.created) if series else SeriesProblems()


def _describe_others(series: RaceSeries | None, active: Sequence[QueueEntry]) -> str:
    """The races of the gallery that the visitor's series has not started, as a sentence; empty without any."""
    own = series.progress.job_id if series is not None else ""
    others = [entry for entry in active if entry.job_id != own]
    if not others:
        return ""
    sources = dict.fromkeys(f"{entry.requester} from the {entry.origin}" for entry in others)
    verb = "was" if len(others) == 1 else "were"
    return (
        f"{format_count(len(others), 'race')} of these cases {verb} started elsewhere, by "
        f"{escape_markdown(', '.join(sources))}. To stop one, open it from the list of jobs in the sidebar."
    )


def _stop() -> None:
    """End the visitor's series, and the race of it that waits or runs."""
    try:
        actions.stop_series()
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    except (OSError, StoreError) as error:
        st.session_state[MESSAGE_KEY] = f"{describe_error(error)}. Press Stop again, or end Fairlap to end the races."


def draw_state(gallery: Gallery, active: Sequence[QueueEntry]) -> None:
    """How far the gallery is. The page is drawn again when one of its races ends."""
    series = _find_series()
    goes_on = series is not None and not series.progress.over
    result_count = sum(case.has_ratio for case in gallery.cases)
    results = f"{result_count} of {format_count(len(gallery.cases), 'case')} have a ratio"
    _draw_announcement(series, results)
    if series is not None and goes_on:
        st.fragment(_draw_series, run_every=REFRESH_S)(series, series.progress.raced, results)
    elif active:
        st.fragment(_draw_queue, run_every=REFRESH_S)(tuple(entry.job_id for entry in active), results)
    if series is not None and series.progress.why_ended:
        st.warning(
            f"{describe_text(series.progress.why_ended).rstrip('.')}. Press the button again to go on.",
            title="The series of races has ended early",
            icon=":material/warning:",
        )


def _draw_announcement(series: RaceSeries | None, results: str) -> None:
    """For screen readers, only for a visitor who has started a series."""
    text = ""
    if series is not None:
        progress = series.progress
        doing = "The races have ended" if progress.over else f"{format_count(progress.raced, 'race')} ended"
        text = f"{doing}; {results}."
    draw_announcer(text, key=ANNOUNCER_KEY)


def _draw_series(series: RaceSeries, raced: int, results: str) -> None:
    """What the visitor's series does, as long as `raced` of its races have ended."""
    progress = series.progress
    if progress.over or progress.raced != raced:
        st.rerun()
    count = len(series.goals)
    try:
        doing = _describe_progress(progress)
    except OSError as error:
        services.draw_store_error(error)
        return
    cases = f"{progress.goal + 1} of {format_count(count, 'case')}" if progress.plan else format_count(count, "case")
    draw_progress(progress.goal / count, f":material/flag: {doing}, {cases}. {results}.", "Cases that were raced")


def _describe_progress(progress: SeriesProgress) -> str:
    """As Markdown. Raises OSError."""
    plan = progress.plan
    if plan is None:
        return "Checking the inputs"
    label = f"**{escape_markdown(resolve(plan).case.label)}**"
    details = f"{label}, {plan.batch:,} rows, {format_cores(plan.cores)}"
    if progress.waits_for:
        return f"Waits for the same race from elsewhere: {details}"
    if not progress.job_id:
        return f"Checking the inputs of {details}"
    ids = [entry.job_id for entry in records.list_entries()]
    place = ids.index(progress.job_id) if progress.job_id in ids else 0
    if place:
        return f"{format_count(place, 'other job')} in front of {details}"
    return f"Races now: {details}"


def _draw_queue(job_ids: tuple[str, ...], results: str) -> None:
    """Races of the gallery that another session or the command line has queued."""
    try:
        entries = records.list_entries()
    except OSError as error:
        services.draw_store_error(error)
        return
    ids = {entry.job_id for entry in entries}
    if any(job_id not in ids for job_id in job_ids):
        st.rerun()
    st.markdown(
        f":material/flag: {format_count(len(job_ids), 'race')} of these cases, started elsewhere, "
        f"{'waits or runs' if len(job_ids) == 1 else 'wait or run'}. {results}."
    )
