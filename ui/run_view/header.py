"""TODO: ui.run_view.header."""

from __future__ import annotations

import streamlit as st

from bench.run.events import State
from bench.run.record import Run
from bench.values import TOTAL, Phase
from ui.design import markdown

MAX_STEP_BUTTONS = 6
"""Steps that stand side by side; more are chosen from a list."""


RUNNING_STATES = {State.PREPARING, State.WARMING_UP, State.RACING, State.CORES}


STATE_BADGES = {
    State.PREPARING: ("hourglass_top", "blue"),
    State.WARMING_UP: ("local_fire_department", "blue"),
    State.RACING: ("sports_score", "blue"),
    State.CORES: ("memory", "blue"),
    State.FINISHED: ("flag", "green"),
    State.STOPPED: ("stop_circle", "orange"),
    State.FAILED: ("error", "red"),
    State.INTERRUPTED: ("power_off", "red"),
}


def draw_header(run: Run, key: str, live: bool) -> str:
    """Where the run stands, and the choice of the whole or a step; that choice comes back."""
    labels = run.snapshot.labels()
    if st.session_state.get(f"{key}-step") not in labels:
        # Chosen of another run, whose plan timed other steps.
        st.session_state[f"{key}-step"] = TOTAL
    settings = {"key": f"{key}-step", "format_func": labels.__getitem__, "label_visibility": "collapsed"}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        icon, colour = STATE_BADGES[run.state]
        st.markdown(f":{colour}-badge[:material/{icon}: {run.state}] {_describe_progress(run, live)}", width="content")
        if len(labels) > MAX_STEP_BUTTONS:
            return st.selectbox("What is shown", list(labels), width=240, **settings)
        return st.segmented_control("What is shown", list(labels), required=True, width="content", **settings)


def _describe_progress(run: Run, live: bool) -> str:
    """How far the run is: times, pairs, and how near the interval is to the one asked for."""
    whole = run.comparison()
    parts = []
    if live:
        parts.append(f"{run.last_at:.0f} s")
    elif run.ended_at is not None:
        parts.append(f"in {run.ended_at:.0f} s")
    if whole:
        parts.append(f"{whole.baseline.count} pairs")
        widest = max(comparison.ratio.half_width for comparison in run.statistics)
        parts.append(
            f"interval ± {widest:.1%} of ± {run.plan.target:.1%} asked" if live else f"± {whole.ratio.half_width:.1%}"
        )
    elif warm := sum(sample.phase in (Phase.EARLY, Phase.WARM_UP) for sample in run.samples):
        parts.append(f"{warm} sample{'s' * (warm != 1)} of warm-up")
    if run.why and run.state not in RUNNING_STATES:
        parts.append(markdown.escape_markdown(run.why))
    return ":gray[" + ", ".join(parts) + "]" if parts else ""


def draw_failure(run: Run) -> None:
    failure = run.failure
    assert failure
    name = f"{run.snapshot.arms[failure.arm]}: " if failure.arm else ""
    st.error(
        f"{markdown.escape_markdown(failure.remedy)}",
        title=markdown.escape_markdown(f"{name}{failure.what}"),
        icon=":material/error:",
    )
    if failure.log:
        with st.expander("The last lines of its output", icon=":material/terminal:", expanded=True):
            st.code("\n".join(failure.log), language=None, wrap_lines=True)
