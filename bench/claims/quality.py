"""Whether the accelerated arm's accuracy is within the plan's limit, and how sentences describe the quality."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.formatting import format_measure
from bench.values import Accuracy, Arm, Measure


def decide_accuracy(context: RuleContext) -> Accuracy:
    """The verdict on the accuracy. It counts as not measured unless both arms have all decisive measures."""
    pairs = _pair_measures(context)
    names = {measure.name for arm in Arm for measure in context.measures(arm)}
    if not pairs or len(select_common_measures(context)) < len(names):
        return Accuracy.NOT_MEASURED
    limit = context.run.plan.accuracy_limit
    return Accuracy.WITHIN if all(relative_accuracy(a, b) >= limit for a, b in pairs) else Accuracy.OUTSIDE


def describe_quality(context: RuleContext) -> list[str]:
    """The quality as text: every decisive measure with the values of both arms, and which results are equal."""
    texts = [f"{a.label} {format_measure(a)} and {format_measure(b)}" for a, b in select_common_measures(context)]
    agreement = context.agreement
    if not agreement:
        return texts
    different = [measure.step or measure.label for measure in agreement if measure.value < 100]
    if different:
        return [*texts, f"results differ: {', '.join(different)}"]
    return [*texts, "equal results" if len(agreement) == 1 else f"equal results of {len(agreement)} steps"]


def _pair_measures(context: RuleContext) -> list[tuple[Measure, Measure]]:
    """All decisive measures with the value to compare them with: the baseline's, or 100 % for an agreement."""
    complete = [(measure.model_copy(update={"value": 100.0}), measure) for measure in context.agreement]
    return select_common_measures(context) + complete


def select_common_measures(context: RuleContext) -> list[tuple[Measure, Measure]]:
    """The decisive measures that both arms have: baseline, accelerated."""
    accelerated = {measure.name: measure for measure in context.measures(Arm.ACCELERATED)}
    return [
        (measure, accelerated[measure.name])
        for measure in context.measures(Arm.BASELINE)
        if measure.name in accelerated
    ]


def relative_accuracy(baseline: Measure, accelerated: Measure) -> float:
    """The accelerated arm's accuracy as a share of the baseline's. For a loss, where lower is better, the inverse."""
    good, other = baseline.value, accelerated.value
    if not baseline.higher_is_better:
        good, other = other, good
    if good <= 0:
        # A share of zero or of a negative number has no meaning: equal or better is within, worse is outside.
        return 1.0 if other >= good else 0.0
    return other / good
