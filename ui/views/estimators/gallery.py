"""The tab Gallery: all estimators as a queue of short races, with one chart and one table of what they found."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from bench.formatting import format_count
from bench.plan.plan import Plan
from bench.scheduler.queue import QueueEntry
from bench.storage.store import StoreError
from ui import actions, records, services
from ui.access.redaction import describe_error
from ui.access.visitor import Denied
from ui.charts.gallery import build_gallery_figure
from ui.components.announcer import draw_announcer
from ui.controls.overrides import ControlOverrides
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.views.estimators.gallery_cases import GalleryCase, load_cases
from ui.views.estimators.gallery_settings import WORKLOAD, draw_settings
from ui.views.estimators.gallery_table import draw_table
from ui.views.race.tabs import RACE_TAB, Tabs, WorkloadTab

TAB = "Gallery"
REFRESH_S = 2.0
"""Time between two looks at the queue. They are short, because the page may be drawn on the cores of a race."""
ANNOUNCER_KEY = "gallery-announcer"
JOBS_KEY = f"{WORKLOAD}:gallery-jobs"
"""Session key of the ids of the races that this session has started here."""
MESSAGE_KEY = f"{WORKLOAD}:gallery-message"
"""Session key of an error, as Markdown, that the next rerun shows."""
IN_CODE = """\
# Before sklearn is imported:
from sklearnex import patch_sklearn
patch_sklearn()
"""
IN_SHELL = """\
# Patched, without a change of the script:
python -m sklearnex script.py
# Which of its calls are accelerated, and a race of all of it:
python -m bench profile script.py
# This gallery, without a page:
python -m bench gallery
"""


def build_tabs() -> Tabs:
    """The tabs of the page of estimators by name, in order."""
    return {RACE_TAB: None, TAB: WorkloadTab(ControlOverrides(races=False), above=draw_gallery_tab)}


def draw_gallery_tab(plan: Plan) -> None:
    st.markdown(
        "One short race for each estimator, all with the same cores and settings. Their parameters are the defaults of "
        "each case. The races are stored like all others."
    )
    plans = draw_settings(plan)
    if not plans.selected:
        st.info(
            "No estimator is both of these modules and of this kind. Choose more.", icon=":material/filter_alt_off:"
        )
        return
    try:
        entries = records.list_entries()
        cases = load_cases(plans.selected, entries)
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="The runs cannot be read", icon=":material/database_off:")
        return
    active = _select_active(entries, plans.every)
    _draw_buttons(cases, active)
    _draw_state(cases, active)
    _draw_results(cases)
    _draw_code()


def _select_active(entries: Sequence[QueueEntry], plans: Sequence[Plan]) -> list[QueueEntry]:
    """The races of the gallery that wait or run, in the order of the queue: those of `plans`, and those that this
    session has started with other settings."""
    started, digests = st.session_state.get(JOBS_KEY, []), {plan.digest for plan in plans}
    return [entry for entry in entries if entry.job_id in started or entry.digest in digests]


def _draw_buttons(cases: Sequence[GalleryCase], active: Sequence[QueueEntry]) -> None:
    missing = [case for case in cases if not case.is_fresh and case.entry is None]
    # With a result for each, all are raced again; but not while the last of them still wait.
    wanted = missing or ([] if active else list(cases))
    free = actions.count_free_places()
    allowed = wanted if free is None else wanted[:free]
    why_not, note = actions.why_not_start(), ""
    if not wanted:
        why_not = why_not or "All of these are in the queue or have a result."
    elif not allowed:
        why_not = why_not or "The queue takes no more races of yours now. Wait until one ends."
    elif len(allowed) < len(wanted):
        note = "Visitors of this server may queue only so many. Press it again when they have ended."
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            describe_button(len(cases), len(wanted), allowed, again=not missing),
            icon=":material/play_arrow:",
            type="primary",
            key=f"{WORKLOAD}:gallery-run",
            disabled=bool(why_not),
            help=why_not or note or "Queue one race for each. Those that have a result with these settings are kept.",
        )
        why_not_stop = _explain_stop(active)
        stopped = st.button(
            "Stop",
            icon=":material/stop:",
            key=f"{WORKLOAD}:gallery-stop",
            disabled=bool(why_not_stop),
            help=why_not_stop or "Remove the races that wait, and end the one that runs. Results are kept.",
        )
    if pressed:
        _start([case.plan for case in allowed])
        st.rerun()
    if stopped:
        _stop(active)
        st.rerun()
    if message := st.session_state.pop(MESSAGE_KEY, ""):
        st.error(message, title="The last action failed", icon=":material/error:")


def describe_button(case_count: int, wanted_count: int, allowed: Sequence[GalleryCase], *, again: bool) -> str:
    """The label of the button, with the number of races and the time that they take."""
    if not allowed:
        return f"Race all {case_count}"
    minutes = math.ceil(sum(case.expected_s for case in allowed) / 60)
    time = f"(about {minutes:,} min)"
    if len(allowed) < wanted_count:
        return f"Race the next {len(allowed)} of {wanted_count} {time}"
    if again:
        return f"Race all {case_count} again {time}"
    if wanted_count < case_count:
        return f"Race the {wanted_count} without a result {time}"
    return f"Race all {case_count} {time}"


def _explain_stop(active: Sequence[QueueEntry]) -> str:
    """Why nothing can be stopped; empty if something can."""
    if not active:
        return "No race of the gallery waits or runs."
    try:
        reasons = [actions.why_not_stop(entry.job_id) for entry in active]
    except StoreError as error:
        return describe_error(error)
    return reasons[0] if all(reasons) else ""


def _start(plans: Sequence[Plan]) -> None:
    try:
        started = actions.start_races(plans)
    except (OSError, StoreError) as error:
        st.session_state[MESSAGE_KEY] = (
            f"{describe_error(error)}. Check that the disk has free space and is writable, then press the button again."
        )
        return
    st.session_state[JOBS_KEY] = [*st.session_state.get(JOBS_KEY, []), *started.job_ids]
    if started.why_not_more:
        count = format_count(len(started.job_ids), "race")
        st.session_state[MESSAGE_KEY] = f"Only {count} were queued. {escape_markdown(started.why_not_more)}"
    services.freeze_loaded_objects()


def _stop(active: Sequence[QueueEntry]) -> None:
    try:
        actions.stop_jobs([entry.job_id for entry in active])
    except Denied as denied:
        st.session_state[MESSAGE_KEY] = describe_error(denied)
    except (OSError, StoreError) as error:
        st.session_state[MESSAGE_KEY] = f"{describe_error(error)}. Press Stop again, or end Fairlap to end the races."


def _draw_state(cases: Sequence[GalleryCase], active: Sequence[QueueEntry]) -> None:
    """How far the gallery is. The page is drawn again when one of its races ends."""
    result_count = sum(case.has_ratio for case in cases)
    results = f"{result_count} of {format_count(len(cases), 'case')} have a ratio"
    _draw_announcement(results, len(active))
    if not active:
        return
    labels = {case.entry.job_id: case.label for case in cases if case.entry}
    left_s = sum(case.expected_s for case in cases if case.entry)
    st.fragment(_draw_progress, run_every=REFRESH_S)(
        tuple(entry.job_id for entry in active), labels, results, result_count / len(cases), left_s
    )


def _draw_announcement(results: str, active_count: int) -> None:
    """For screen readers, only in a session that has started races here."""
    text = ""
    if st.session_state.get(JOBS_KEY):
        doing = f"{format_count(active_count, 'race')} wait or run" if active_count else "No race waits or runs"
        text = f"{doing}; {results}."
    draw_announcer(text, key=ANNOUNCER_KEY)


def _draw_progress(job_ids: tuple[str, ...], labels: dict[str, str], results: str, share: float, left_s: float) -> None:
    """Which race runs, and how many wait."""
    try:
        entries = records.list_entries()
    except OSError as error:
        services.draw_store_error(error)
        return
    ids = [entry.job_id for entry in entries]
    if any(job_id not in ids for job_id in job_ids):
        st.rerun()
    place = min(ids.index(job_id) for job_id in job_ids)
    label = escape_markdown(labels.get(ids[place], "a case with other settings"))
    waiting = len(job_ids) - 1
    doing = f"races now: **{label}**" if place == 0 else f"{format_count(place, 'other job')} in front of **{label}**"
    more = f", {waiting} more in the queue, about {math.ceil(left_s / 60):,} min" if waiting else ""
    draw_progress(share, f":material/flag: {doing[:1].upper()}{doing[1:]}{more}. {results}.", "Cases with a ratio")


def _draw_results(cases: Sequence[GalleryCase]) -> None:
    drawn = [case.lines for case in cases if case.has_ratio]
    if drawn:
        draw_heading(
            "Ratios",
            "◆ total, ▲ first step (fit), ▼ second step (predict, transform or kneighbors), with 95 % intervals. "
            "A filled mark is a claim and has the colour of the faster arm. A hollow, grey one is no claim.",
        )
        draw_figure(
            build_gallery_figure(drawn, detect_theme()),
            key="estimators-gallery",
            alt=f"Ratios of {len(drawn)} cases with their intervals, grouped by accelerated, partial and fallback",
        )
    else:
        st.info(
            "None of these cases has a ratio with these settings yet. Each appears here when its race has ended.",
            icon=":material/scatter_plot:",
        )
    _draw_missing(cases)
    draw_heading("All cases")
    draw_table(cases)


def _draw_missing(cases: Sequence[GalleryCase]) -> None:
    """The cases without a ratio: not raced yet, or why not."""
    if waiting := [case.label for case in cases if not case.lines and not case.problem]:
        names = ", ".join(map(escape_markdown, waiting)) if len(waiting) < len(cases) else "all"
        st.markdown(f":small[:material/hourglass_empty: Not yet: {names}.]")
    failed = [case for case in cases if not case.has_ratio and (case.lines or case.problem)]
    if failed:
        lines = [f"- **{escape_markdown(case.label)}**: {escape_markdown(case.reason)}" for case in failed]
        st.markdown("\n".join([":material/info: Without a ratio:", "", *lines]))


def _draw_code() -> None:
    draw_heading("In your own code", "Two lines switch it on; or nothing in the code, and another command.")
    code, shell = st.columns([4, 6], gap="medium")
    code.code(IN_CODE, language="python", wrap_lines=True)
    shell.code(IN_SHELL, language="bash", wrap_lines=True)
