"""TODO: bench.claims.verdict.quality."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.formatting import format_measure
from bench.values import Accuracy, Arm, Measure


def decide_accuracy(context: RuleContext) -> Accuracy:
    pairs = _pair_measures(context)
    named = {measure.name for arm in Arm for measure in context.measures(arm)}
    if not pairs or len(select_common_measures(context)) < len(named):
        return Accuracy.NOT_MEASURED
    limit = context.run.plan.accuracy_limit
    return Accuracy.WITHIN if all(relative_accuracy(a, b) >= limit for a, b in pairs) else Accuracy.OUTSIDE


def describe_quality(context: RuleContext) -> list[str]:
    """What a claim stands on, in words: each measure of both arms, and which steps' results are equal."""
    told = [f"{a.label} {format_measure(a)} and {format_measure(b)}" for a, b in select_common_measures(context)]
    compared = context.agreement
    if not compared:
        return told
    differ = [measure.step or measure.label for measure in compared if measure.value < 100]
    if differ:
        return [*told, f"results differ: {', '.join(differ)}"]
    return [*told, "equal results" if len(compared) == 1 else f"equal results of {len(compared)} steps"]


def _pair_measures(context: RuleContext) -> list[tuple[Measure, Measure]]:
    """All that a claim stands on. Where results themselves are compared, equality asks for all of them."""
    complete = [(measure.model_copy(update={"value": 100.0}), measure) for measure in context.agreement]
    return select_common_measures(context) + complete


def select_common_measures(context: RuleContext) -> list[tuple[Measure, Measure]]:
    accelerated = {measure.name: measure for measure in context.measures(Arm.ACCELERATED)}
    return [
        (measure, accelerated[measure.name])
        for measure in context.measures(Arm.BASELINE)
        if measure.name in accelerated
    ]


def relative_accuracy(baseline: Measure, accelerated: Measure) -> float:
    """The accelerated arm's accuracy as a share of the baseline's; for a loss, the share turned round."""
    good, other = baseline.value, accelerated.value
    if not baseline.higher_is_better:
        good, other = other, good
    if good <= 0:
        # A share of nothing or of less has no meaning: as good is within, worse is outside.
        return 1.0 if other >= good else 0.0
    return other / good
