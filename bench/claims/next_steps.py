"""What to do after a run, derived from what its rules found: settings of another plan, or something to look at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bench.claims.best_core_counts import explain_disturbance, find_best_core_counts
from bench.claims.interruption import ran_without_interruption
from bench.claims.notes import quiet
from bench.claims.processor_time import got_processor, not_throttled
from bench.claims.processor_use import measure_processor_use
from bench.claims.refusals import background
from bench.formatting import format_budget, format_cores
from bench.plan.change import change_plan
from bench.plan.plan import Plan
from bench.plan.resolved import ResolvedPlan, resolve
from bench.plan.validation import BUDGET_RANGE_S, PlanError
from bench.run.outcome import MIN_PAIRS, count_pairs, estimate_budget_s, estimate_pair_s
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import Claim, ClaimState, Finding, Speed
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison
from bench.workload.parameters import Setting

MAX_STEPS = 3
BUDGET_STEPS_S = (20, 30, 60, 120, 300, 600)
"""Time budgets that are proposed. A race that would need a longer one needs less work or a quieter machine instead."""
BUDGET_MARGIN = 1.25
"""A proposed budget is larger than the estimate by this factor, because times vary from race to race."""

DISTURBANCE_RULES = ("background", "got-processor", "ran-without-interruption", "not-throttled", "quiet")
DISTURBANCE_TITLES = (
    *(background.noted, background.refused, got_processor.noted, got_processor.refused),
    *(ran_without_interruption.refused, quiet.noted),
)
"""Titles of findings that something else used the processor. The same rules also note that it is not known."""
LIMIT_TITLES = (not_throttled.noted, not_throttled.refused)
EVIDENCE_RULES = ("same-conditions", "engaged", "same-work", "accuracy", "materialised", "order-within-pairs")


class NextStepKind(StrEnum):
    """What a next step does."""

    RACE_LONGER = "race longer"
    RACE_FEWER_CORES = "race on fewer cores"
    SHOW_STEP = "show step"
    CHANGE_BASELINE = "change baseline"
    COMPARE_LAST = "compare with the last run"
    QUIET_MACHINE = "quiet the machine"
    OPEN_RUN = "open run"
    TRY = "try"


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do next."""

    kind: NextStepKind
    label: str
    """Imperative, for a button: `Race 60 s`."""
    changes: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    """Settings of the plan that change, by their names in URLs; empty if the plan stays."""
    step: str = ""
    """The step to show; empty if none is meant."""


def list_next_steps(run: Run, step: str, best_step: str | None) -> tuple[NextStep, ...]:
    """What to do after a run that has ended, the best first, at most `MAX_STEPS`. Those with changes lead to another
    plan that today's declarations accept."""
    chosen: dict[NextStepKind, NextStep] = {}
    for proposed in _propose_steps(run, step, best_step):
        if not proposed.changes or _changes_plan(run.plan, proposed.changes):
            chosen.setdefault(proposed.kind, proposed)
    return tuple(chosen.values())[:MAX_STEPS]


def _propose_steps(run: Run, step: str, best_step: str | None) -> Iterator[NextStep]:
    claim, comparison = run.claim(step), run.comparison(step)
    if claim is None or comparison is None:
        yield from _propose_without_claim(run)
        return
    state, speed = claim.state, claim.verdict.speed
    if state is ClaimState.NONE:
        yield from _propose_after_refusal(run, claim, comparison)
    if speed in (Speed.SLOWER, Speed.SAME):
        yield from _propose_fewer_cores(run, claim, comparison)
    if best_step and step == TOTAL:
        label = run.snapshot.labels()[best_step]
        yield NextStep(NextStepKind.SHOW_STEP, f"Show {label}", step=best_step)
    if state is ClaimState.RESERVED:
        yield from _propose_after_reservations(run, claim, comparison)
    yield from _propose_suggestions(run)
    if state is not ClaimState.NONE:
        yield NextStep(NextStepKind.COMPARE_LAST, "Compare with the last run")


def _propose_without_claim(run: Run) -> Iterator[NextStep]:
    """For a run that ended before the rules could be applied."""
    if count_pairs(run) < MIN_PAIRS and not run.failure:
        yield from _propose_longer(run, MIN_PAIRS)
    if run.failure:
        yield NextStep(NextStepKind.OPEN_RUN, "Show what failed")
    else:
        yield NextStep(NextStepKind.TRY, "Race again")


def _propose_after_refusal(run: Run, claim: Claim, comparison: Comparison) -> Iterator[NextStep]:
    for finding in claim.refusals:
        if finding.rule == "absolute-baseline":
            yield from _propose_longer(run, MIN_PAIRS)
        elif finding.rule == "interval" and comparison.is_stable is not False and comparison.pairs_needed:
            yield from _propose_longer(run, comparison.pairs_needed)
        elif finding.rule == "different-code":
            yield from _propose_default_arms(run)
        elif finding.rule == "complete":
            yield NextStep(NextStepKind.TRY, "Race again")
        elif finding.title in LIMIT_TITLES:
            yield from _propose_cores_within_limit(run)
        elif finding.rule in DISTURBANCE_RULES:
            yield NextStep(NextStepKind.QUIET_MACHINE, "Quiet the machine")
        elif finding.rule in EVIDENCE_RULES:
            yield NextStep(NextStepKind.OPEN_RUN, "Show the evidence")


def _propose_after_reservations(run: Run, claim: Claim, comparison: Comparison) -> Iterator[NextStep]:
    rules = {finding.rule for finding in claim.reservations}
    if _was_limited(claim):
        yield from _propose_cores_within_limit(run)
    if rules & set(DISTURBANCE_RULES):
        yield NextStep(NextStepKind.QUIET_MACHINE, "Quiet the machine")
    if "fair-baseline" in rules:
        yield from _propose_fair_baseline(run)
    if "best-with-best" in rules:
        yield from _propose_fewer_cores(run, claim, comparison)
    if "strict-limits" in rules:
        yield from _propose_strict_limits(run)
    if rules & {"narrow", "stable", "warm", "best-with-best", "order-within-pairs"}:
        target = run.plan.target or Plan.model_fields["target"].default
        # The half-width falls with the square root of the number of pairs.
        factor = max(2.0, (comparison.precision / target) ** 2) if target else 2.0
        yield from _propose_longer(run, math.ceil(comparison.baseline.count * factor), at_most=True)


def _propose_longer(run: Run, pairs: int, *, at_most: bool = False) -> Iterator[NextStep]:
    """A budget for so many pairs, if there is one. `at_most`: else the largest budget that is proposed."""
    needed_s, pair_s = estimate_budget_s(run, pairs), estimate_pair_s(run)
    if needed_s is None or pair_s is None:
        return
    wanted_s = max(needed_s * BUDGET_MARGIN, run.plan.budget_s + 1)
    budget_s = next((budget_s for budget_s in BUDGET_STEPS_S if budget_s >= wanted_s), None)
    if budget_s is None and at_most and run.plan.budget_s < BUDGET_STEPS_S[-1]:
        budget_s = BUDGET_STEPS_S[-1]
    if budget_s is None and not at_most and wanted_s <= BUDGET_RANGE_S[1]:
        budget_s = 60 * math.ceil(wanted_s / 60)
    if budget_s is not None:
        yield NextStep(NextStepKind.RACE_LONGER, f"Race {format_budget(budget_s)}", {"budget_s": float(budget_s)})


def _propose_fewer_cores(run: Run, claim: Claim, comparison: Comparison) -> Iterator[NextStep]:
    """The core count on which an arm was fastest. After a disturbance, a quiet race instead: beside other programs one
    core is often the fastest, because the others were not free."""
    if _was_limited(claim):
        yield from _propose_cores_within_limit(run)
        return
    if explain_disturbance(run) or any(finding.title in DISTURBANCE_TITLES for finding in _list_doubts(claim)):
        yield NextStep(NextStepKind.QUIET_MACHINE, "Quiet the machine")
        yield from _propose_longer(run, 2 * comparison.baseline.count, at_most=True)
        return
    best = find_best_core_counts(run.core_counts)
    fewest = min((count.cores for count in best.values()), default=run.plan.cores)
    if fewest < run.plan.cores:
        yield NextStep(NextStepKind.RACE_FEWER_CORES, f"Race on {format_cores(fewest)}", {"cores": fewest})


def _list_doubts(claim: Claim) -> list[Finding]:
    return claim.refusals + claim.reservations


def _was_limited(claim: Claim) -> bool:
    """Whether a CPU quota kept an arm from the cores of the plan."""
    return any(finding.title in LIMIT_TITLES for finding in _list_doubts(claim))


def _propose_cores_within_limit(run: Run) -> Iterator[NextStep]:
    """As many cores as the arms got: the quota stops an arm on no more than these."""
    uses = [use for arm in Arm if (use := measure_processor_use(run.samples_of(arm))) and use.wall_s]
    quota = run.machine.limits.cpu_quota or max((use.cpu_s / use.wall_s for use in uses), default=run.plan.cores)
    cores = max(1, int(quota))
    if cores < run.plan.cores:
        yield NextStep(NextStepKind.RACE_FEWER_CORES, f"Race on {format_cores(cores)}", {"cores": cores})


def _propose_fair_baseline(run: Run) -> Iterator[NextStep]:
    today = _resolve_today(run)
    values = {value.name: value for value in today.lever.values} if today else {}
    faster = [known.name for known in run.snapshot.faster_baselines]
    for name in [*faster, *run.snapshot.fair_baselines]:
        value = values.get(name)
        if value is not None and name != run.plan.baseline and not value.unavailable():
            yield NextStep(NextStepKind.CHANGE_BASELINE, f"Race against {value.label}", {"baseline": name})


def _propose_strict_limits(run: Run) -> Iterator[NextStep]:
    default_target = Plan.model_fields["target"].default
    if run.plan.target > default_target:
        yield NextStep(NextStepKind.TRY, "Race with the default target", {"target": default_target})


def _propose_default_arms(run: Run) -> Iterator[NextStep]:
    if today := _resolve_today(run):
        lever = today.lever
        changes: dict[str, Setting] = {"baseline": lever.baseline, "accelerated": lever.accelerated}
        names = f"{lever[lever.baseline].label} against {lever[lever.accelerated].label}"
        if changes != {arm.value: run.plan.lever_value(arm) for arm in Arm}:
            yield NextStep(NextStepKind.TRY, f"Race {names}", changes)


def _propose_suggestions(run: Run) -> Iterator[NextStep]:
    """What the workload declares as worth a try."""
    today = _resolve_today(run)
    for suggestion in today.workload.suggestions if today else ():
        if not suggestion.cases or run.plan.case in suggestion.cases:
            yield NextStep(NextStepKind.TRY, suggestion.label, suggestion.settings)


def _changes_plan(plan: Plan, settings: Mapping[str, Setting]) -> bool:
    try:
        return change_plan(plan, settings) != plan
    except PlanError:
        return False


def _resolve_today(run: Run) -> ResolvedPlan | None:
    """The declarations of the run's plan; None if they no longer exist."""
    try:
        return resolve(run.plan)
    except PlanError:
        return None
