"""Whether the arms differ in speed."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.stats.significance import is_difference
from bench.values import Interval, Speed


def decide_speed(context: RuleContext) -> Speed:
    """The verdict on the speed of a step or of the total."""
    if context.same_code:
        return Speed.SAME_CODE
    ratio = context.comparison.ratio
    return compare_speed(ratio) if is_difference(ratio, context.comparison.p_value) else Speed.SAME


def compare_speed(ratio: Interval) -> Speed:
    """Whether a ratio is a difference, whatever code the arms ran."""
    if ratio.includes(1.0):
        return Speed.SAME
    return Speed.FASTER if ratio.value > 1 else Speed.SLOWER
