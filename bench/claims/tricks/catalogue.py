"""All tricks: Bailey's twelve ways in his order, then others."""

from __future__ import annotations

from bench.claims.tricks import comparison, quotation
from bench.claims.tricks.trick import Trick

TWELVE_WAYS: tuple[Trick, ...] = (
    comparison.other_precision,
    comparison.kernel_as_application,
    comparison.unmentioned_code,
    comparison.scaled_problem,
    quotation.projection,
    comparison.scalar_baseline,
    comparison.obsolete_system,
    comparison.own_operations,
    quotation.utilization,
    comparison.mutilated_algorithm,
    quotation.busy_baseline,
    quotation.truncated_axis,
)
"""D. H. Bailey, Twelve Ways to Fool the Masses When Giving Performance Results on Parallel Computers, Supercomputing
Review, August 1991, pp. 54-55."""
OTHER_TRICKS: tuple[Trick, ...] = (
    quotation.hidden_cold_start,
    quotation.average_ratios,
    quotation.best_of_many,
    quotation.stopped_at_best,
)
TRICKS = TWELVE_WAYS + OTHER_TRICKS
