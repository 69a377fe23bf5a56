"""What a run spent its time on, as text. Empty for runs of version 0.1.0, which recorded no timeline."""

from __future__ import annotations

from bench.formatting import format_percent
from bench.run.events import State
from bench.run.record import Run
from bench.run.timeline import find_first_pair, measure_first_pair_wait_s, measure_paired_s, measure_stages

SAMPLING_STATES = (State.WARMING_UP, State.RACING)
"""States in which the arms take samples, until the time budget is spent."""


def describe_time_use(run: Run) -> str:
    """How long a run took, when its first pair began, and how much of the time from then on it took samples of pairs.

    As one sentence without a period.
    """
    if not run.timeline:
        return ""
    until = "to its end" if run.state.over else "so far"
    parts = [f"{run.last_at:.1f} s from the start of the run {until}"]
    first_pair_wait_s = measure_first_pair_wait_s(run.timeline, run.samples)
    if first_pair_wait_s is None:
        return f"{parts[0]}, without a pair"
    was_ready = ", with its arms ready" if State.READY.value in measure_stages(run.timeline, run.last_at) else ""
    parts.append(f"the first pair began after {first_pair_wait_s:.1f} s{was_ready}")
    if (share := measure_paired_share(run)) is not None:
        parts.append(f"{format_percent(share, 0)} of the time from then on is samples of pairs")
    return "; ".join(parts)


def measure_paired_share(run: Run) -> float | None:
    """Share of the time from the first pair to the last event that is samples of pairs, 0 to 1; None without a pair."""
    first_pair_at = find_first_pair(run.samples)
    if first_pair_at is None or run.last_at <= first_pair_at:
        return None
    return min(1.0, measure_paired_s(run.samples) / (run.last_at - first_pair_at))


def describe_stages(run: Run) -> str:
    """The stages of a run with their seconds, in order: `preparing 2.9 s, racing 21.0 s`."""
    stages = measure_stages(run.timeline, run.last_at)
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())


def describe_activities(run: Run) -> tuple[str, float | None]:
    """What the arms do now apart from taking samples, and how much of it is done, 0 to 1, if that is known.

    The text names each active arm: `accelerated measuring accuracy: 120 of 425 questions`. It is empty if no arm has an
    activity. The share is that of the arm that has come least far; None if that of any active arm is not known.
    """
    text = ", ".join(f"{arm} {activity}" for arm, activity in run.progress.items())
    is_known = run.progress_shares.keys() == run.progress.keys()
    return text, min(run.progress_shares.values(), default=None) if is_known else None


def measure_stage_s(run: Run) -> float:
    """Seconds for which a run has been in its present stage, up to its last event."""
    began = next((span.began for span in reversed(run.timeline) if span.arm is None), 0.0)
    return run.last_at - began
