"""Whether the arms differ in speed."""

from __future__ import annotations

from bench.claims.rule import RuleContext
from bench.formatting import format_count, format_interval
from bench.stats.significance import is_difference
from bench.values.claims import Speed
from bench.values.samples import TOTAL
from bench.values.statistics import Interval

MAX_INTERVAL_FACTOR = 1.5
"""An interval whose upper end is more than this factor above its lower end is wide: the ratio in its middle says
little, so a claim quotes the end that is nearer to 1, and has a reservation."""


def decide_speed(context: RuleContext) -> Speed:
    """The verdict on the speed of a step or of the total."""
    if context.same_code:
        return Speed.SAME_CODE
    ratio = context.comparison.ratio
    return compare_speed(ratio) if is_difference(ratio, context.comparison.p_value) else Speed.SAME


def explain_by_family(context: RuleContext) -> str:
    """Why a ratio whose own interval excludes 1 is no difference: it is one of several steps that were tested. Empty if
    its interval decides."""
    comparison = context.comparison
    if context.step == TOTAL or comparison.ratio.includes(1.0) or decide_speed(context) is not Speed.SAME:
        return ""
    steps = sum(other.step != TOTAL for other in context.run.statistics)
    return (
        f"its own interval, {format_interval(comparison.ratio)}, excludes 1, but among {format_count(steps, 'step')} "
        f"that may be chance (p {comparison.p_value:.2f})"
    )


def is_wide(ratio: Interval) -> bool:
    """Whether the middle of an interval says little, so that a claim quotes its end: `at least 8.4x`."""
    return ratio.low <= 0 or ratio.high / ratio.low > MAX_INTERVAL_FACTOR


def compare_speed(ratio: Interval) -> Speed:
    """Whether a ratio is a difference, whatever code the arms ran."""
    if ratio.includes(1.0):
        return Speed.SAME
    return Speed.FASTER if ratio.value > 1 else Speed.SLOWER
