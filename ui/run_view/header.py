"""The state of a run, its progress, and the choice of a step; and the reason if it failed."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count, format_percent
from bench.run.events import State
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.values.samples import TOTAL
from ui.design.badges import Badge
from ui.design.markdown import escape_markdown, quote_code

MAX_STEP_BUTTONS = 6
"""More steps are offered in a list instead of as buttons."""
STATE_BADGES = {
    State.PREPARING: Badge("hourglass_top", "blue"),
    State.READY: Badge("flag_circle", "blue"),
    State.WARMING_UP: Badge("local_fire_department", "blue"),
    State.RACING: Badge("sports_score", "blue"),
    State.CHECKING: Badge("fact_check", "blue"),
    State.CORES: Badge("memory", "blue"),
    State.NOISE: Badge("graphic_eq", "blue"),
    State.MEASURING: Badge("speed", "blue"),
    State.FINISHED: Badge("flag", "green"),
    State.STOPPED: Badge("stop_circle", "orange"),
    State.FAILED: Badge("error", "red"),
    State.INTERRUPTED: Badge("power_off", "red"),
}


def step_key(key: str) -> str:
    """Session key of the selected step of a run that is drawn with `key`."""
    return f"{key}-step"


def open_step(key: str, run_id: str, step: str) -> None:
    """Select the step that a link names, or TOTAL, for a run that will be drawn with `key`."""
    st.session_state[step_key(key)] = step
    st.session_state[_linked_run_key(key)] = run_id


def consume_step_link(key: str, run_id: str) -> bool:
    """Whether a link to this run named the selected step. True once for each link that was opened."""
    return st.session_state.pop(_linked_run_key(key), "") == run_id


def _linked_run_key(key: str) -> str:
    """Session key of the id of the run whose link named a step. A page shows several runs with one `key`."""
    return f"{key}-step-linked-run"


def draw_header(run: Run, key: str) -> str:
    """State, progress and the choice of a step, of a live run. Returns the selected step, or TOTAL."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        badge = STATE_BADGES[run.state].markdown(run.state)
        st.markdown(f"{badge} :gray[{describe_progress(run)}]", width="content")
        return draw_step_choice(run, key)


def draw_step_choice(run: Run, key: str) -> str:
    """Select a step or the total; returns it."""
    labels = run.list_timed_labels()
    if st.session_state.get(step_key(key)) not in labels:
        # The selection was made for another run, which timed other steps.
        st.session_state[step_key(key)] = TOTAL
    if len(labels) > MAX_STEP_BUTTONS:
        step = st.selectbox(
            "Step",
            list(labels),
            key=step_key(key),
            format_func=labels.__getitem__,
            label_visibility="collapsed",
            width=240,
        )
    else:
        step = st.segmented_control(
            "Step",
            list(labels),
            key=step_key(key),
            format_func=lambda name: escape_markdown(labels[name]),
            label_visibility="collapsed",
            required=True,
            width="content",
        )
    return step or TOTAL


def describe_progress(run: Run) -> str:
    """The time that the run took, pairs, the largest sampling error, and why the run ended, as Markdown."""
    total = run.comparison()
    parts = [f"{run.last_at:.0f} s" if run.ended_at is None else f"in {run.ended_at:.0f} s"]
    if total:
        parts.append(format_count(total.baseline.count, "pair"))
        widest = max(comparison.precision for comparison in run.statistics)
        target = f", target ± {format_percent(run.plan.target)}" if run.plan.target else ""
        # Runs of older versions have an interval without its parts.
        word = "interval" if total.sampling_half_width is None else "sampling error"
        parts.append(f"{word} ± {format_percent(widest)}{target}")
    elif run.warm_up:
        parts.append(format_count(len(run.warm_up), "warm-up sample"))
    if run.why and run.state.over:
        parts.append(escape_markdown(run.why))
    return ", ".join(parts)


def draw_edited_warning(record: JobRecord) -> None:
    """Say if the record was edited after it was stored."""
    if record.edited:
        st.error(
            "The record in the database is not the one that Fairlap wrote. Do not rely on it: repeat it, or restore "
            "the database from a backup.",
            title="Edited after it was stored",
            icon=":material/edit_off:",
        )


def draw_imported_notice(run: Run) -> None:
    """Say if the run was read from a file."""
    if run.imported is None:
        return
    attempts = f" When it was exported: {run.imported.attempts}" if run.imported.attempts else ""
    st.info(
        f"Made on {escape_markdown(run.imported.machine)}, read from the file {quote_code(run.imported.file)} on "
        f"{run.imported.at:%Y-%m-%d %H:%M} UTC. It counts as no attempt and no result of this machine."
        f"{escape_markdown(attempts)}",
        title="Imported",
        icon=":material/move_to_inbox:",
    )


def draw_failure(run: Run) -> None:
    """Why the run failed, what to do, and the last output of the arm."""
    failure = run.failure
    if failure is None:
        return
    arm = f"{run.snapshot.arms[failure.arm]}: " if failure.arm else ""
    st.error(escape_markdown(failure.remedy), title=escape_markdown(f"{arm}{failure.what}"), icon=":material/error:")
    if failure.log:
        with st.expander("Last lines of output", icon=":material/terminal:"):
            st.code("\n".join(failure.log), language=None, wrap_lines=True)
