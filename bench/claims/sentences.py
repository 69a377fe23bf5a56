"""The sentence of a claim, or of its refusal."""

from __future__ import annotations

from collections.abc import Sequence

from bench.claims.best_core_counts import describe_best_core_counts
from bench.claims.fairness import describe_fairness
from bench.claims.quality import describe_quality
from bench.claims.rule import RuleContext
from bench.claims.speed import explain_by_family
from bench.claims.stage_choice import describe_selection
from bench.formatting import format_cores, format_count, format_interval, format_median, format_ratio_with_interval
from bench.values.base import Arm
from bench.values.claims import Engagement, Finding, Verdict


def write_claim_sentence(context: RuleContext, verdict: Verdict) -> str:
    """The sentence of a claim that is made. The absolute times come before the ratio."""
    run, comparison, snapshot = context.run, context.comparison, context.run.snapshot
    parts = [
        f"{snapshot.title}, {snapshot.labels()[context.step]}: "
        f"{format_median(comparison.baseline)} with {snapshot.arms[Arm.BASELINE]}, "
        f"{format_median(comparison.accelerated)} with {snapshot.arms[Arm.ACCELERATED]}, "
        f"a ratio of {format_ratio_with_interval(comparison.ratio)}, {verdict.speed}",
        ", ".join([format_cores(run.plan.cores), run.format_batch(), *_list_parameters(context)])
        + _describe_part_of_work(context),
    ]
    parts += describe_selection(run)
    parts += describe_best_core_counts(run)
    parts += describe_fairness(context)
    parts += describe_quality(context) or ["the lever does not change the arithmetic"]
    if verdict.engagement is Engagement.PARTIAL:
        parts.append(_describe_partial_engagement(context))
    return "; ".join([*parts, f"on {run.machine.short}"]) + "."


def _describe_partial_engagement(context: RuleContext) -> str:
    partial = [evidence for evidence in context.evidence if evidence.is_partial]
    if not partial or any(evidence.path != "accelerated" for evidence in context.evidence):
        return "only some steps ran accelerated"
    accelerated = sum(evidence.accelerated_calls for evidence in context.evidence)
    calls = sum(evidence.calls for evidence in context.evidence)
    if 0 < accelerated < calls:
        return f"only {accelerated:,} of {format_count(calls, 'call')} ran accelerated"
    return "only a part of the work ran accelerated"


def _list_parameters(context: RuleContext) -> list[str]:
    """The parameters that are not at their default, which a reader cannot guess."""
    parameters = context.run.snapshot.parameters
    return [f"{parameter.label} {parameter.value}" for parameter in parameters if not parameter.is_default]


def _describe_part_of_work(context: RuleContext) -> str:
    """How much of the batch a step works on; empty if it works on all of it."""
    prepared = context.run.prepared_arm(Arm.BASELINE)
    amount = prepared.step_work.get(context.step) if prepared else None
    return "" if amount is None else f" (this step: {amount:,.0f} {context.run.snapshot.unit})"


def write_refusal_sentence(context: RuleContext, refused: Sequence[Finding]) -> str:
    """The sentence of a claim that is refused, with its reasons and the first remedy. The findings have all."""
    comparison = context.comparison
    times = f"{format_median(comparison.baseline)} and {format_median(comparison.accelerated)}"
    label = context.run.snapshot.labels()[context.step]
    if [finding.rule for finding in refused] == ["interval"]:
        reason = explain_by_family(context) or format_interval(comparison.ratio)
        return f"No difference detected in {label} ({times}): {reason}. {refused[0].remedy}"
    if context.same_code:
        refused = sorted(refused, key=lambda finding: finding.rule != "different-code")
        same = (
            f"{refused[0].seen}. The difference between {times}, a ratio of "
            f"{format_ratio_with_interval(comparison.ratio)}, is noise of this machine"
        )
        reasons = [same, *map(_describe_reason, refused[1:])]
        return f"No claim for {label}: {'; '.join(reasons)}. {refused[0].remedy}"
    return f"No claim for {label} ({times}): {'; '.join(map(_describe_reason, refused))}. {refused[0].remedy}"


def _describe_reason(finding: Finding) -> str:
    title, seen = f"{finding.title[0].lower()}{finding.title[1:]}", finding.seen.rstrip(".")
    return title if seen.lower() == title.lower() else f"{title}: {seen}"
