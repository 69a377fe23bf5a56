"""The sentence of a claim, or of its refusal."""

from __future__ import annotations

from collections.abc import Sequence

from bench.claims.best_core_counts import describe_best_core_counts
from bench.claims.fairness import describe_fairness, describe_same_code
from bench.claims.quality import describe_quality
from bench.claims.rule import RuleContext
from bench.formatting import format_cores, format_duration, format_ratio_with_interval
from bench.values import Arm, Engagement, Finding, Verdict


def write_claim_sentence(context: RuleContext, verdict: Verdict) -> str:
    """The sentence of a claim that is made. The absolute times come before the ratio."""
    run, comparison, snapshot = context.run, context.comparison, context.run.snapshot
    parts = [
        f"{snapshot.title}, {snapshot.labels()[context.step]}: "
        f"{format_duration(comparison.baseline.median)} with {snapshot.arms[Arm.BASELINE]}, "
        f"{format_duration(comparison.accelerated.median)} with {snapshot.arms[Arm.ACCELERATED]}, "
        f"a ratio of {format_ratio_with_interval(comparison.ratio)}, {verdict.speed}",
        f"{format_cores(run.plan.cores)}, batch {run.plan.batch}" + _describe_part_of_work(context),
    ]
    parts += describe_best_core_counts(run)
    parts += describe_fairness(context)
    parts += describe_quality(context) or ["the lever does not change the arithmetic"]
    if verdict.engagement is Engagement.PARTIAL:
        parts.append("only some steps ran accelerated")
    return "; ".join([*parts, f"on {run.machine.short}"]) + "."


def _describe_part_of_work(context: RuleContext) -> str:
    """How much of the batch a step works on; empty if it works on all of it."""
    prepared = context.run.prepared_arm(Arm.BASELINE)
    amount = prepared.step_work.get(context.step) if prepared else None
    return "" if amount is None else f" (this step: {amount:,.0f} {context.run.snapshot.unit})"


def write_refusal_sentence(context: RuleContext, refused: Sequence[Finding]) -> str:
    """The sentence of a claim that is refused, with the reasons and what to do about them."""
    comparison = context.comparison
    times = f"{format_duration(comparison.baseline.median)} and {format_duration(comparison.accelerated.median)}"
    reasons = "; ".join(f"{finding.title.lower()}: {finding.seen.rstrip('.')}" for finding in refused)
    remedies = " ".join(dict.fromkeys(finding.remedy for finding in refused))
    label = context.run.snapshot.labels()[context.step]
    if context.same_code:
        others = [f"{finding.title.lower()}: {finding.seen}" for finding in refused if finding.rule != "different-code"]
        same = (
            f"No claim for {label}: both arms ran {describe_same_code(context)}. The difference between {times}, a "
            f"ratio of {format_ratio_with_interval(comparison.ratio)}, is noise of this machine"
        )
        return "; ".join([same, *others]) + "."
    if [finding.rule for finding in refused] == ["interval"]:
        return (
            f"No difference detected in {label} ({times}): {comparison.ratio.low:.3f} to {comparison.ratio.high:.3f}. "
            f"{remedies}"
        )
    return f"No claim for {label} ({times}): {reasons}. {remedies}"
