"""Whether the accelerated path ran, as the library's own output says."""

from __future__ import annotations

from collections.abc import Iterable

from bench.formatting import format_count
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import Engagement
from bench.values.samples import TOTAL, Evidence


def decide_engagement(run: Run, step: str = TOTAL) -> Engagement:
    """Whether the accelerated path ran in `step`, or in all steps, according to the run's evidence."""
    if run.plan.baseline == run.plan.accelerated or _ran_same_code(run, step):
        return Engagement.SAME
    collected = select_evidence(run, step)
    paths: set[str] = {evidence.path for evidence in collected}
    if not set(select_steps(run, step)) <= {evidence.step for evidence in collected}:
        paths.add("unknown")
    if paths == {"accelerated"} and not any(evidence.is_partial for evidence in collected):
        return Engagement.ENGAGED
    return Engagement.PARTIAL if "accelerated" in paths else Engagement.NOT


def describe_engagement(run: Run, step: str = TOTAL) -> str:
    """In how many of the steps that the lever can accelerate the fast path ran, as a clause."""
    engagement = decide_engagement(run, step)
    if engagement is Engagement.SAME:
        return "both arms ran the same code"
    if engagement is Engagement.NOT:
        return "the fast path did not run"
    evidence = select_evidence(run, step)
    accelerated = sum(item.path == "accelerated" for item in evidence)
    # A step without evidence counts too.
    missing = len(set(select_steps(run, step)) - {item.step for item in evidence})
    count = len(evidence) + missing
    if accelerated == count and any(item.is_partial for item in evidence):
        return "the fast path ran in part"
    if accelerated == count == 1:
        return "the fast path ran"
    if engagement is Engagement.ENGAGED:
        return f"the fast path ran in all {format_count(count, 'step')} that have one"
    return f"the fast path ran in {accelerated} of {format_count(count, 'step')}"


def _ran_same_code(run: Run, step: str) -> bool:
    """Whether the evidence of both arms names the same code for `step`, or for all steps of the total."""
    codes = [
        {evidence.step: evidence.code for evidence in run.evidence.get(arm, []) if evidence.code}
        for arm in (Arm.BASELINE, Arm.ACCELERATED)
    ]
    steps = select_steps(run, step)
    return bool(steps) and all(name in codes[0] and codes[0][name] == codes[1].get(name) for name in steps)


def select_evidence(run: Run, step: str) -> list[Evidence]:
    """The accelerated arm's evidence of `step`; for the total, of all steps that the lever changes."""
    steps = select_steps(run, step)
    return [evidence for evidence in run.evidence.get(Arm.ACCELERATED, []) if evidence.step in steps]


def select_steps(run: Run, step: str) -> list[str]:
    """`step` itself; for the total, the measured steps that the lever changes and that are part of the total."""
    if step != TOTAL:
        return [step]
    ignored = {TOTAL} | {
        declared.name for declared in run.snapshot.steps if not declared.changes or declared.excluded_from_total
    }
    return [comparison.step for comparison in run.statistics if comparison.step not in ignored]


def describe_partial_steps(collected: Iterable[Evidence]) -> list[str]:
    """For each accelerated step with some calls that fell back: how many were accelerated, and why the others not."""
    return [_describe_partial_step(one) for one in collected if one.path == "accelerated" and one.is_partial]


def _describe_partial_step(evidence: Evidence) -> str:
    counts = ""
    if 0 < evidence.accelerated_calls < evidence.calls:
        counts = f", {evidence.accelerated_calls:,} of {format_count(evidence.calls, 'call')}"
    return f"{evidence.step} in part{counts}" + (f"; {evidence.reason}" if evidence.reason else "")
