"""TODO: bench.claims.verdict.evidence."""

from __future__ import annotations

from bench.run.record import Run
from bench.values import TOTAL, Arm, Engagement, Evidence


def decide_engagement(run: Run, step: str = TOTAL) -> Engagement:
    """Whether the fast path ran in `step`, or in all steps, as far as the run's evidence tells."""
    if run.plan.baseline == run.plan.accelerated:
        return Engagement.SAME
    evidence = select_evidence(run, step)
    paths = {told.path for told in evidence}
    if not set(select_steps(run, step)) <= {told.step for told in evidence}:
        paths.add("unknown")
    if paths == {"accelerated"}:
        return Engagement.ENGAGED
    return Engagement.PARTIAL if "accelerated" in paths else Engagement.NOT


def select_evidence(run: Run, step: str) -> list[Evidence]:
    """What the accelerated arm's library says of this step, or of all steps that the lever changes."""
    return [told for told in run.evidence.get(Arm.ACCELERATED, []) if told.step in select_steps(run, step)]


def select_steps(run: Run, step: str) -> list[str]:
    """This step, or all that the lever changes and the run's statistics know."""
    if step != TOTAL:
        return [step]
    unchanged = {
        declared.name for declared in run.snapshot.steps if not declared.changes or declared.excluded_from_total
    }
    return [comparison.step for comparison in run.statistics if comparison.step not in {TOTAL} | unchanged]
