"""All claim rules, in the order of the findings: the rules that refuse a claim first, then those that add notes.

A refusal's sentence has the remedy of the first rule that refuses. A run that is not complete lacks much else for that
reason, so that rule comes first.
"""

from __future__ import annotations

from bench.claims import best_core_counts, fairness, interruption, notes, order, processor_time, refusals, stage_choice
from bench.claims.rule import Rule
from bench.run.record import Run
from bench.values.samples import TOTAL

RULES: tuple[Rule, ...] = (
    refusals.complete,
    refusals.absolute_baseline,
    refusals.same_conditions,
    refusals.engaged,
    refusals.same_work,
    refusals.accuracy,
    refusals.interval,
    refusals.materialised,
    refusals.background,
    refusals.measured,
    fairness.different_code,
    order.order_within_pairs,
    processor_time.got_processor,
    interruption.ran_without_interruption,
    processor_time.not_throttled,
    best_core_counts.best_with_best,
    notes.narrow,
    notes.spread,
    notes.warm,
    notes.cores_used,
    notes.placed_alike,
    notes.whole_machine,
    notes.part_of_whole,
    notes.real_data,
    notes.quiet,
    notes.stable,
    fairness.fair_baseline,
    fairness.one_change,
    fairness.typical_input,
    fairness.strict_limits,
    stage_choice.chosen_after_looking,
)


def list_refusal_titles(run: Run, step: str = TOTAL) -> list[str]:
    """What is wrong with a claim that is not made, by the titles of the findings that refuse it; empty for a claim."""
    claim = run.claim(step)
    return [finding.title for finding in claim.refusals] if claim else []
