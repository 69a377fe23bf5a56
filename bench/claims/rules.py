"""All claim rules, in the order of the findings: the rules that refuse a claim first, then those that add notes.

A refusal's sentence has the remedy of the first rule that refuses. A run that is not complete lacks much else for that
reason, so that rule comes first.
"""

from __future__ import annotations

from bench.claims import best_core_counts, fairness, interruption, notes, order, processor_time, refusals
from bench.claims.rule import Rule
from bench.run.record import Run
from bench.values import TOTAL, Outcome

RULES: tuple[Rule, ...] = (
    refusals.complete,
    refusals.absolute_baseline,
    refusals.same_conditions,
    refusals.engaged,
    refusals.accuracy,
    refusals.interval,
    refusals.materialised,
    refusals.background,
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
    notes.same_work,
    notes.part_of_whole,
    notes.real_data,
    notes.quiet,
    notes.measured,
    notes.stable,
    fairness.fair_baseline,
    fairness.typical_input,
    fairness.strict_limits,
)

_BROKEN_TITLES = {rule.name: rule.broken for rule in RULES}


def list_refusal_titles(run: Run, step: str = TOTAL) -> list[str]:
    """What is wrong with a claim that is not made, by the titles of the findings that refuse it; empty for a claim.

    Findings of older versions have the title of what is right.
    """
    claim = run.claim(step)
    if claim is None or claim.made:
        return []
    refused = [finding for finding in claim.findings if finding.outcome is Outcome.REFUSED]
    return [_BROKEN_TITLES.get(finding.rule) or finding.title for finding in refused]
