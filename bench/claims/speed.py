"""TODO: bench.claims.verdict.speed."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.run.record import Run
from bench.values import Arm, Speed

MIN_DETECTABLE_DIFFERENCE = 0.02
"""Smallest difference that a race of one process an arm can tell.

Two processes of the very same program differ by a per cent or so for as long as they live (address layout, page
colours, the cores that their threads are on), and no number of samples averages that away.
"""


def decide_speed(context: RuleContext) -> Speed:
    ratio = context.comparison.ratio
    if ratio.includes(1.0) or 1 / (1 + MIN_DETECTABLE_DIFFERENCE) <= ratio.value <= 1 + MIN_DETECTABLE_DIFFERENCE:
        return Speed.SAME
    return Speed.FASTER if ratio.value > 1 else Speed.SLOWER


def find_best_core_count(run: Run, arm: Arm):
    return min((count for count in run.core_counts if count.arm == arm), key=lambda count: count.whole.median)
