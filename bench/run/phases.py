"""The phases of a task, from its lines of progress: what it did, one after the other, and how long each took.

A line names an activity and may say after a colon how far it has come: `measuring accuracy: 120 of 201 questions`. See
`bench.workload.interface.ProgressReporter`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.run.measurement import ProgressLine


@dataclass(frozen=True, slots=True)
class TaskPhase:
    """One activity. Times are in seconds after the start of the task."""

    name: str
    detail: str
    """How far it has come; empty if that is not known."""
    share: float | None
    """How much of it is done, 0 to 1; None if that is not known."""
    began_s: float
    ended_s: float | None = None
    """None while it lasts."""


def add_progress(phases: tuple[TaskPhase, ...], line: ProgressLine) -> tuple[TaskPhase, ...]:
    """Return `phases` after a line of progress: it continues the last phase, or ends it and begins another one.

    A line without a share does not replace a count: libraries log between the counts.
    """
    name, _, detail = line.text.partition(": ")
    last = phases[-1] if phases else None
    if last is not None and not detail and not last.detail and _grows(last.share, line.share):
        # A count without the name of an activity: "3 of 10" after "2 of 10".
        return (*phases[:-1], replace(last, name=name, share=line.share))
    if last is None or last.name != name:
        ended = (replace(last, ended_s=line.at),) if last else ()
        return (*phases[:-1], *ended, TaskPhase(name, detail, line.share, line.at))
    if line.share is None and last.share is not None and last.share < 1:
        return phases
    return (*phases[:-1], replace(last, detail=detail, share=line.share))


def _grows(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and before < after


def list_phases(lines: Iterable[ProgressLine]) -> tuple[TaskPhase, ...]:
    """Return the phases of a task. The last one has not ended."""
    phases: tuple[TaskPhase, ...] = ()
    for line in lines:
        phases = add_progress(phases, line)
    return phases


def measure_phases(phases: Iterable[TaskPhase], until: float) -> dict[str, float]:
    """Return the seconds of each phase by name, in order; one that occurred several times has the sum.

    `until` ends a phase that has not ended.
    """
    seconds: dict[str, float] = {}
    for phase in phases:
        ended_s = until if phase.ended_s is None else phase.ended_s
        seconds[phase.name] = seconds.get(phase.name, 0.0) + ended_s - phase.began_s
    return seconds
