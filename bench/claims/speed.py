"""Whether the arms differ in speed."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.values import Interval, Speed

MAX_P_VALUE = 0.05
"""A difference is claimed only if a difference at least as clear would arise by chance in fewer cases than this."""


def decide_speed(context: RuleContext) -> Speed:
    """The verdict on the speed of a step or of the total."""
    if context.same_code:
        return Speed.SAME_CODE
    return Speed.SAME if context.comparison.p_value >= MAX_P_VALUE else compare_speed(context.comparison.ratio)


def compare_speed(ratio: Interval) -> Speed:
    """Whether a ratio is a difference, whatever code the arms ran."""
    if ratio.includes(1.0):
        return Speed.SAME
    return Speed.FASTER if ratio.value > 1 else Speed.SLOWER
