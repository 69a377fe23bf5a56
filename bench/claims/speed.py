"""Whether the arms differ in speed."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.values import Interval, Speed

MIN_DETECTABLE_DIFFERENCE = 0.02
"""Smallest relative difference that a race with one process per arm can detect.

Two processes of the same program differ by about one per cent for as long as they live, because of address layout,
page colours and thread placement. More samples do not average that difference away.
"""


def decide_speed(context: RuleContext) -> Speed:
    """The verdict on the speed of a step or of the total."""
    return Speed.SAME_CODE if context.same_code else compare_speed(context.comparison.ratio)


def compare_speed(ratio: Interval) -> Speed:
    """Whether a ratio is a difference, whatever code the arms ran."""
    smallest, largest = 1 / (1 + MIN_DETECTABLE_DIFFERENCE), 1 + MIN_DETECTABLE_DIFFERENCE
    if ratio.includes(1.0) or smallest <= ratio.value <= largest:
        return Speed.SAME
    return Speed.FASTER if ratio.value > 1 else Speed.SLOWER
