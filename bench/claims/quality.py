"""Whether the accelerated arm's accuracy is within the plan's limit, and how sentences describe the quality."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.claims.rule import RuleContext
from bench.formatting import (
    format_count,
    format_difference,
    format_measure,
    format_observations,
    format_percent,
)
from bench.stats.significance import MIN_OBSERVATIONS, NORMAL_QUANTILE, expand_quantile
from bench.values.base import Arm
from bench.values.claims import Accuracy
from bench.values.quality import IntervalMethod, LossKind, Measure, MeasureDifference, Quality
from bench.values.statistics import Interval


@dataclass(frozen=True, slots=True)
class MeasureLoss:
    """How much worse the accelerated arm is in one decisive measure."""

    baseline: Measure
    accelerated: Measure
    value: float
    """Share of the baseline's value; negative if the accelerated arm is better."""
    difference: MeasureDifference | None
    """None if the number of observations is not known."""
    interval: Interval | None
    """95 % interval of `value`; None if it is not known."""
    accuracy: Accuracy
    """Judged by the plan's limit."""


def decide_accuracy(context: RuleContext) -> Accuracy:
    """The verdict on the accuracy.

    It counts as not measured unless both arms have all decisive measures, and if results of a step were not compared.
    """
    losses = list_losses(context)
    names = {measure.name for arm in Arm for measure in context.measures(arm)}
    equal = [measure.value >= 100 for measure in context.agreement]
    if (not losses and not equal) or len(losses) < len(names):
        return Accuracy.NOT_MEASURED
    verdicts = {loss.accuracy for loss in losses} | {Accuracy.WITHIN if same else Accuracy.OUTSIDE for same in equal}
    for verdict in (Accuracy.OUTSIDE, Accuracy.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return Accuracy.NOT_MEASURED if list_uncompared_steps(context) else Accuracy.WITHIN


def list_uncompared_steps(context: RuleContext) -> list[str]:
    """The steps whose results were not compared, in a run that compares the results of each step."""
    quality = context.run.quality
    compared = {measure.step for measure in quality.agreement if measure.decisive} if quality else set[str]()
    if not compared or "" in compared:
        return []
    return [step for step in context.steps if step not in compared]


def find_biased_agreement(context: RuleContext) -> Measure | None:
    """The first measure of agreement that no claim may depend on; None if there is none."""
    quality = context.run.quality
    return next((measure for measure in quality.agreement if measure.bias), None) if quality else None


def list_losses(context: RuleContext) -> list[MeasureLoss]:
    """The losses of the decisive measures that both arms have."""
    run = context.run
    if run.quality is None:
        return []
    max_loss = 1 - run.plan.accuracy_limit
    return [measure_loss(run.quality, *pair, max_loss) for pair in select_common_measures(context)]


def measure_loss(quality: Quality, baseline: Measure, accelerated: Measure, max_loss: float) -> MeasureLoss:
    """The loss of one measure of both arms. `max_loss`, 0 to 1, is the largest loss that the plan allows."""
    difference, interval = quality.difference(baseline.name), None
    if baseline.loss is LossKind.EQUALITY:
        value = relative_loss(baseline, accelerated)
        accuracy = Accuracy.WITHIN if value <= 0 else Accuracy.OUTSIDE
    elif difference is not None and (interval := difference.loss) is not None:
        value = interval.value
        accuracy = _judge_interval(interval, difference, max_loss)
    elif difference is not None:
        value, accuracy = _judge_without_baseline(difference)
    else:
        value = relative_loss(baseline, accelerated)
        accuracy = Accuracy.WITHIN if _is_within(value, max_loss) else Accuracy.OUTSIDE
        if accuracy is Accuracy.WITHIN and scores_nothing(baseline):
            accuracy = Accuracy.UNDECIDED
    if accuracy is Accuracy.WITHIN and (baseline.bias or accelerated.bias):
        accuracy = Accuracy.UNDECIDED
    return MeasureLoss(baseline, accelerated, value, difference, interval, accuracy)


def _judge_interval(loss: Interval, difference: MeasureDifference, max_loss: float) -> Accuracy:
    if not _is_within(loss.value, max_loss):
        return Accuracy.OUTSIDE
    enough = difference.groups >= MIN_OBSERVATIONS and _is_within(loss.high, max_loss)
    return Accuracy.WITHIN if enough else Accuracy.UNDECIDED


def _judge_without_baseline(difference: MeasureDifference) -> tuple[float, Accuracy]:
    """The loss and the verdict if the baseline's mean is 0: an error may not increase, and a score has nothing to lose,
    so that it proves nothing."""
    if difference.higher_is_better or difference.groups < MIN_OBSERVATIONS:
        return 0.0, Accuracy.UNDECIDED
    return (1.0, Accuracy.OUTSIDE) if difference.accelerated > 0 else (0.0, Accuracy.WITHIN)


def scores_nothing(baseline: Measure) -> bool:
    """Whether the baseline has no accuracy that could be lost: its score is 0."""
    return baseline.higher_is_better and baseline.loss is not LossKind.ERROR and baseline.value <= 0


def _is_within(loss: float, max_loss: float) -> bool:
    # A limit of 0.99 is not exactly 1 - 0.01 in binary.
    return loss <= max_loss + 1e-12


def relative_loss(baseline: Measure, accelerated: Measure) -> float:
    """How much worse the accelerated arm's value is, as a share of the baseline's; negative if it is better."""
    good, other = baseline.value, accelerated.value
    worse_by = good - other if baseline.higher_is_better else other - good
    if good <= 0:
        # A share of zero or of a negative number has no meaning: equal or better is no loss, worse is a total one.
        return 1.0 if worse_by > 0 else 0.0
    return worse_by / good


def find_observations_needed(difference: MeasureDifference, max_loss: float) -> int | None:
    """How many observations it takes until the interval of the loss ends at the limit, if the loss stays as it is.

    Rounded up to two digits. None if the loss itself is beyond the limit, so that no number suffices.
    """
    loss = difference.loss
    if loss is None or loss.value >= max_loss:
        return None
    margin = (max_loss - loss.value) * difference.baseline
    # The half-width is the quantile times sqrt(n * variance + unseen) / n. The unseen part, of bounded scores only, is
    # that of the pairs which the bootstrap adds, or of Tango's interval. All are per group of observations.
    per_group = difference.observations / difference.groups
    added_size = 1.0 if difference.design_effect is None else difference.design_effect / per_group
    factor = 4.0 if difference.method is IntervalMethod.TANGO else 3.0
    unseen = (factor * (difference.largest or 0.0) * added_size) ** 2

    def count_groups(quantile: float) -> float:
        variance = (quantile * difference.deviation) ** 2
        return (variance + math.sqrt(variance**2 + 4 * margin**2 * unseen)) / (2 * margin**2)

    groups = max(MIN_OBSERVATIONS, count_groups(NORMAL_QUANTILE))
    if difference.design_effect is not None:
        groups = max(MIN_OBSERVATIONS, count_groups(expand_quantile(groups)))
    return _round_up(groups * per_group)


def _round_up(number: float) -> int:
    step = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(number / step) * step


def list_different_results(context: RuleContext) -> list[str]:
    """What differs between the arms: steps, or measures with their value."""
    return [
        measure.step or f"{measure.label}: {format_measure(measure)}"
        for measure in context.agreement
        if measure.value < 100
    ]


def describe_quality(context: RuleContext) -> list[str]:
    """The quality as text: every decisive measure with the values of both arms, and which results are equal. Measures
    that refuse a claim come first."""
    order = [Accuracy.OUTSIDE, Accuracy.UNDECIDED, Accuracy.WITHIN]
    losses = sorted(list_losses(context), key=lambda loss: order.index(loss.accuracy))
    texts = [describe_loss(loss) for loss in losses]
    agreement = context.agreement
    if not agreement:
        return texts
    if different := list_different_results(context):
        return [*texts, f"results differ: {', '.join(different)}"]
    if len(agreement) == 1 and agreement[0].selection:
        # What was left out belongs to the claim.
        return [*texts, f"equal results ({format_observations(agreement[0])})"]
    return [*texts, "equal results" if len(agreement) == 1 else f"equal results of {len(agreement)} steps"]


def describe_loss(loss: MeasureLoss) -> str:
    """Both values, the number of observations, and the interval of the difference: `F1 71.40 and 70.87 (…)`."""
    text = f"{loss.baseline.label} {format_measure(loss.baseline)} and {format_measure(loss.accelerated)}"
    if loss.difference is None:
        return text
    observations = format_observations(loss.baseline)
    return f"{text} ({observations}; {format_difference(loss.difference)})"


def explain_undecided(loss: MeasureLoss, max_loss: float) -> str:
    """Why it is not decided whether a loss is within the limit, as a clause."""
    if scores_nothing(loss.baseline):
        return "the baseline scores 0, so there is no accuracy that could be kept"
    noun = loss.baseline.observation or "observation"
    if loss.difference is not None and loss.difference.groups < MIN_OBSERVATIONS:
        count = format_count(loss.difference.groups, loss.baseline.group or noun)
        return f"only {count}, and an accuracy needs at least {MIN_OBSERVATIONS}"
    return f"the loss may exceed {format_percent(max_loss, 2)}"


def describe_needed(loss: MeasureLoss, max_loss: float) -> str:
    """What to do about an interval that reaches beyond the limit: how many observations it takes."""
    noun = loss.baseline.observation or "observation"
    if scores_nothing(loss.baseline):
        return f"Use {noun}s that the baseline can answer, or a model that is trained for them."
    if loss.difference is None:
        return f"Measure with more {noun}s."
    needed = find_observations_needed(loss.difference, max_loss)
    if needed is None:
        if loss.interval is None:
            return (
                f"The baseline's error is 0, so its share cannot be measured: use at least {MIN_OBSERVATIONS} {noun}s."
            )
        return f"The loss is at the limit, and no number of {noun}s changes that: use a more exact setting."
    more = max(1, needed - loss.difference.observations)
    # More questions on the same passages would hardly make the interval narrower.
    where = f" on other {loss.baseline.group}s" if loss.baseline.group else ""
    return (
        f"Use about {format_count(more, f'more {noun}')}{where} ({needed:,} in all). Then the interval of the loss "
        f"ends at {format_percent(max_loss, 2)}, if the loss stays the same."
    )


def select_common_measures(context: RuleContext) -> list[tuple[Measure, Measure]]:
    """The decisive measures that both arms have: baseline, accelerated."""
    accelerated = {measure.name: measure for measure in context.measures(Arm.ACCELERATED)}
    return [
        (measure, accelerated[measure.name])
        for measure in context.measures(Arm.BASELINE)
        if measure.name in accelerated
    ]
