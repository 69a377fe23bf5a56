"""What a run did when: the stretches of time from its opening to its end, and what share of them was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.run.events import State
from bench.values.base import Arm, Value
from bench.values.samples import Phase, Sample

PAIRED_PHASES = (Phase.RACE, Phase.CORES)
"""Phases whose samples are taken in rounds in which both arms have their turn."""


class Span(Value):
    """A stretch of time, in seconds after the opening of the run."""

    name: str
    """What was done: a stage of the run, such as `racing`, or an activity of an arm, such as `first call`."""
    arm: Arm | None = None
    """The arm that was active; None for a stage of the whole run."""
    cores: int | None = None
    """Number of cores of the arm; None for a stage of the whole run."""
    began: float
    ended: float | None = None
    """None while it lasts."""


def begin_span(spans: list[Span], span: Span) -> None:
    """Add `span`, which ends the one that its arm, or the run, has open. One of the same name simply continues."""
    for other in spans:
        if _is_open(other, span.arm, span.cores) and other.name == span.name:
            return
    end_span(spans, span.began, span.arm, span.cores)
    spans.append(span)


def end_span(spans: list[Span], at: float, arm: Arm | None = None, cores: int | None = None) -> None:
    """End what the arm with so many cores, or without them the run itself, has open."""
    for position, span in enumerate(spans):
        if _is_open(span, arm, cores):
            spans[position] = span.model_copy(update={"ended": at})


def end_all_spans(spans: list[Span], at: float) -> None:
    for position, span in enumerate(spans):
        if span.ended is None:
            spans[position] = span.model_copy(update={"ended": at})


def _is_open(span: Span, arm: Arm | None, cores: int | None) -> bool:
    return span.ended is None and (span.arm, span.cores) == (arm, cores)


def measure_stages(spans: Iterable[Span], until: float) -> Mapping[str, float]:
    """Seconds that the run spent in each of its stages, in the order of their beginnings; an open one until `until`."""
    seconds: dict[str, float] = {}
    for span in spans:
        if span.arm is None:
            ended = until if span.ended is None else span.ended
            seconds[span.name] = seconds.get(span.name, 0.0) + ended - span.began
    return seconds


def measure_paired_s(samples: Iterable[Sample]) -> float:
    """Wall time in seconds of the samples of pairs, at the race's core count and at others."""
    return sum(sample.repetition.wall_s for sample in samples if sample.phase in PAIRED_PHASES)


def measure_first_pair_wait_s(spans: Iterable[Span], samples: Iterable[Sample]) -> float | None:
    """Seconds from the start of a race to its first pair that counts; None without one. A race that waited with its
    arms ready was started when that ended, see `State.READY`."""
    began = find_first_pair(samples)
    if began is None:
        return None
    ready = [span for span in spans if span.arm is None and span.name == State.READY.value]
    return began - max((span.ended or began for span in ready), default=0.0)


def find_first_pair(samples: Iterable[Sample]) -> float | None:
    """When the first pair that counts began, in seconds after the opening; None without one."""
    return next((sample.repetition.began for sample in samples if sample.phase is Phase.RACE), None)
