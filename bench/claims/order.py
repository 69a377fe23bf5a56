"""The rule about the order of the samples within pairs."""

from __future__ import annotations

import math

from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule, refuse
from bench.claims.speed import decide_speed
from bench.formatting import format_count, format_ratio, format_ratio_with_interval
from bench.stats.pairing import pair_samples
from bench.values.base import Arm
from bench.values.claims import Speed
from bench.values.samples import Phase

MIN_PAIRS_OF_EACH_ORDER = 4
"""With fewer pairs that one of the arms began, the effect of the order is not known."""


@define_rule(
    "The order within pairs has no effect",
    "SC15 rule 9",
    noted="The order within pairs has an effect",
    refused="The order within pairs explains the ratio",
)
def order_within_pairs(context: RuleContext) -> RuleResult:
    """The second sample of a pair finds what the first left behind: warm caches, a busy clock, memory to be freed."""
    from bench.stats.position import measure_position_effect  # It imports scipy.

    first = {arm: list_ratios(context, arm) for arm in Arm}
    pairs = format_count(len(first[Arm.BASELINE]), "pair")
    counts = f"the baseline was first in {pairs}, second in {len(first[Arm.ACCELERATED])}"
    if min(map(len, first.values())) < MIN_PAIRS_OF_EACH_ORDER:
        title = "Too few pairs to know the effect of their order"
        return note(counts, "Increase the time budget.", title=title)
    effect = measure_position_effect(first[Arm.BASELINE], first[Arm.ACCELERATED], seed=context.run.plan.seed)
    times = format_ratio_with_interval(effect.ratio)
    seen = f"{counts}; the ratio of the pairs that the baseline began is {times} that of the others"
    if not effect.is_significant:
        return pass_rule(f"{seen}: no effect detected")
    # With an odd number of pairs, a strong effect moves the ratio of the medians by its square root.
    ratio = min(context.comparison.ratio.value, effect.balanced_ratio, key=measure_distance_from_1)
    if measure_distance_from_1(effect.ratio.value) >= measure_distance_from_1(ratio):
        remedy = "Find out what a sample leaves behind for the next one. A larger batch or longer steps reduce it."
        # Without a difference there is nothing to refuse.
        is_claimed = decide_speed(context) in (Speed.FASTER, Speed.SLOWER)
        seen += f", which explains a ratio of {format_ratio(ratio)}"
        return refuse(seen, remedy) if is_claimed else note(seen, remedy)
    return note(f"{seen}: smaller than the difference", "State the effect of the order with the ratio.")


def measure_distance_from_1(ratio: float) -> float:
    """The absolute logarithm of a ratio; infinite for 0, which a clock that is too coarse may give."""
    return abs(math.log(ratio)) if ratio > 0 else math.inf


def list_ratios(context: RuleContext, first: Arm) -> list[float]:
    """The ratio of the times of `context.step` in every pair that `first` began. Pairs with a time of 0 are ignored."""
    ratios: list[float] = []
    for pair in pair_samples(sample for arm in Arm for sample in context.run.samples_of(arm, Phase.RACE)):
        if pair[first].place < min(pair[arm].place for arm in Arm if arm is not first):
            times = [pair[arm].seconds(context.step) for arm in (Arm.BASELINE, Arm.ACCELERATED)]
            if min(times) > 0:
                ratios.append(times[0] / times[1])
    return ratios
