"""Whether the arms differ in speed."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.run.record import Run
from bench.values import Arm, CoreCount, Speed

MAX_P_VALUE = 0.05
"""A difference is claimed only if a difference at least as clear would arise by chance in fewer cases than this."""


def decide_speed(context: RuleContext) -> Speed:
    comparison = context.comparison
    if comparison.ratio.includes(1.0) or comparison.p_value >= MAX_P_VALUE:
        return Speed.SAME
    return Speed.FASTER if comparison.ratio.value > 1 else Speed.SLOWER


def find_best_core_count(run: Run, arm: Arm) -> CoreCount:
    """The core count at which the arm's total was fastest. Raises ValueError if no core counts were tried."""
    return min((count for count in run.core_counts if count.arm == arm), key=lambda count: count.whole.median)
