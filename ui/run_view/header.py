"""The first line of a run: its state, its progress, and the choice of a step; and the reason if it failed."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count, format_percent
from bench.run.events import State
from bench.run.record import Run
from bench.values import TOTAL
from ui.design.badges import Badge
from ui.design.markdown import escape_markdown

MAX_STEP_BUTTONS = 6
"""More steps are offered in a list instead of as buttons."""
STATE_BADGES = {
    State.PREPARING: Badge("hourglass_top", "blue"),
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


def draw_header(run: Run, key: str, live: bool) -> str:
    """Draw state, progress and the selection of a step. Returns the selected step, or TOTAL."""
    labels = run.snapshot.labels()
    if st.session_state.get(f"{key}-step") not in labels:
        # The selection was made for another run, which timed other steps.
        st.session_state[f"{key}-step"] = TOTAL
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        badge = STATE_BADGES[run.state].markdown(run.state)
        st.markdown(f"{badge} :gray[{_describe_progress(run, live)}]", width="content")
        if len(labels) > MAX_STEP_BUTTONS:
            step = st.selectbox(
                "Step",
                list(labels),
                key=f"{key}-step",
                format_func=labels.__getitem__,
                label_visibility="collapsed",
                width=240,
            )
        else:
            step = st.segmented_control(
                "Step",
                list(labels),
                key=f"{key}-step",
                format_func=labels.__getitem__,
                label_visibility="collapsed",
                required=True,
                width="content",
            )
    return step or TOTAL


def _describe_progress(run: Run, live: bool) -> str:
    """Elapsed time, pairs, the largest sampling error, and why the run ended, as Markdown."""
    total = run.comparison()
    parts = []
    if live:
        parts.append(f"{run.last_at:.0f} s")
    elif run.ended_at is not None:
        parts.append(f"in {run.ended_at:.0f} s")
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


def draw_failure(run: Run) -> None:
    """Why the run failed, what to do, and the last output of the arm."""
    failure = run.failure
    if failure is None:
        return
    arm = f"{run.snapshot.arms[failure.arm]}: " if failure.arm else ""
    st.error(escape_markdown(failure.remedy), title=escape_markdown(f"{arm}{failure.what}"), icon=":material/error:")
    if failure.log:
        with st.expander("Last lines of output", icon=":material/terminal:", expanded=True):
            st.code("\n".join(failure.log), language=None, wrap_lines=True)
