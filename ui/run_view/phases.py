"""How far a live run has come: its phases, and how long each took in the last run like it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bench.run.events import State
from bench.run.record import Run
from bench.run.time_use import measure_stage_s
from bench.run.timeline import measure_stages
from ui.design.progress import draw_progress
from ui.history import load_expected_stages

PHASE_LABELS = {
    State.PREPARING: "start both arms",
    State.READY: "wait for the start",
    State.WARMING_UP: "warm up",
    State.RACING: "race",
    State.CHECKING: "check the results",
    State.CORES: "try other core counts",
    State.NOISE: "measure the noise",
}
"""The phases of a run, in their order."""
MAX_SHARE = 0.99
"""A phase that takes longer than the last time does not make the bar full before the end."""


def draw_phases(run: Run, *, has_later: bool = True) -> None:
    """A bar with the phase, its time so far and the expected one, and with `has_later` the phases that follow."""
    if run.state not in PHASE_LABELS:
        return
    expected = load_expected_stages(run.plan)
    text = describe_phase(run, expected) if has_later else _describe_present_phase(run, expected)
    share = measure_progress(run, expected)
    if share is None:
        st.markdown(f":material/progress_activity: {text}")
    else:
        draw_progress(share, text, "Progress of the race")


def describe_phase(run: Run, expected: Mapping[str, float]) -> str:
    """`**Race**, 12 of about 21 s. Then: check the results 9 s, …`, as Markdown."""
    text = _describe_present_phase(run, expected)
    later = list(PHASE_LABELS)[list(PHASE_LABELS).index(run.state) + 1 :]
    if expected:
        # A phase that the last run did not have is not promised.
        later = [state for state in later if state.value in expected]
    coming = [f"{PHASE_LABELS[state]}{_format_expected(expected, state)}" for state in later]
    return f"{text}. Then: {', '.join(coming)}" if coming else text


def _describe_present_phase(run: Run, expected: Mapping[str, float]) -> str:
    """`**Race**, 12 of about 21 s`, as Markdown."""
    stage_s = measure_stage_s(run)
    label = PHASE_LABELS[run.state]
    text = f"**{label[:1].upper()}{label[1:]}**, {stage_s:.0f}"
    usual_s = expected.get(run.state.value)
    return text + (f" of about {usual_s:.0f} s" if usual_s and usual_s > stage_s else " s")


def measure_progress(run: Run, expected: Mapping[str, float]) -> float | None:
    """How much of the run is done, 0 to 1, by the time that each phase took in the last run; None without one."""
    total_s = sum(expected.values())
    if not total_s:
        return None
    spent, done_s = measure_stages(run.timeline, run.last_at), 0.0
    for name, usual_s in expected.items():
        if name == run.state.value:
            done_s += min(usual_s, spent.get(name, 0.0))
        elif name in spent:
            done_s += usual_s
    return min(MAX_SHARE, done_s / total_s)


def _format_expected(expected: Mapping[str, float], state: State) -> str:
    usual_s = expected.get(state.value)
    return f" {usual_s:.0f} s" if usual_s else ""
