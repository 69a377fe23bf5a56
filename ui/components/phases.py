"""The progress of a task: what it does now, what it has done, and how long that took the last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from bench.run.phases import TaskPhase, measure_phases
from ui.access.redaction import describe_text
from ui.design.progress import draw_progress

MAX_SHOWN_PHASES = 6
"""Number of finished phases that are listed."""
MAX_SHARE = 0.99
"""A forecast never shows more than this before the end."""


def draw_phases(phases: Sequence[TaskPhase], seconds: float, expected_s: Mapping[str, float]) -> None:
    """Draw the progress of a task that has worked for `seconds`.

    `expected_s` has the seconds of each phase the last time; empty if they are not known.
    """
    current = phases[-1] if phases else None
    text = "starting its process" if current is None else current.name
    if current is not None and current.detail:
        text += f": {current.detail}"
    label = f"{describe_text(text)} :gray[({describe_elapsed(seconds, expected_s)})]"
    share = estimate_share(phases, seconds, expected_s)
    if share is None:
        st.markdown(f":material/progress_activity: {label}")
    else:
        draw_progress(share, label, "Progress of the task")
    if done := describe_done(phases[:-1]):
        st.caption(describe_text(done))


def describe_elapsed(seconds: float, expected_s: Mapping[str, float]) -> str:
    """Return the time so far, and that of the last time: `12 s, 74 s the last time`."""
    elapsed = f"{seconds:.0f} s"
    return f"{elapsed}, {sum(expected_s.values()):.0f} s the last time" if expected_s else elapsed


def estimate_share(phases: Sequence[TaskPhase], seconds: float, expected_s: Mapping[str, float]) -> float | None:
    """Return how much of the task is done, 0 to 1, by the times of the last time.

    Without these, how much of the present phase is done; None if that is not known either.
    """
    current = phases[-1] if phases else None
    total_s = sum(expected_s.values())
    if not total_s:
        return current.share if current else None
    phase_s = expected_s.get(current.name, 0.0) if current else 0.0
    if current is None or not phase_s:
        # A phase that the last time did not have.
        return min(MAX_SHARE, seconds / total_s)
    taken_s = measure_phases(phases, seconds)
    done_s = sum(expected_s.get(name, 0.0) for name in taken_s if name != current.name)
    counted = taken_s[current.name] / phase_s if current.share is None else current.share
    return min(MAX_SHARE, (done_s + phase_s * min(1.0, counted)) / total_s)


def describe_done(phases: Sequence[TaskPhase]) -> str:
    """Return the finished phases with their times, as a sentence; empty if there are none."""
    if not phases:
        return ""
    times = list(measure_phases(phases, until=phases[-1].ended_s or 0.0).items())
    shown = [f"{name} {taken_s:.1f} s" for name, taken_s in times[-MAX_SHOWN_PHASES:]]
    more = "…, " if len(times) > len(shown) else ""
    return f"Done: {more}{', '.join(shown)}."
