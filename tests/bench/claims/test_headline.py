"""The headline of a run: the sentence, the reason, and the next steps."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bench.claims.best_step import find_best_step, find_headline_step
from bench.claims.headline import write_headline
from bench.claims.next_steps import NextStepKind
from bench.claims.verdict import decide_claims
from bench.formatting import format_lower_end
from bench.plan.change import change_plan
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.record import Run
from bench.values.arms import BaselineKind, FasterBaseline
from bench.values.base import Arm
from bench.values.claims import ClaimState, Speed
from bench.values.quality import Quality
from bench.values.samples import TOTAL, Evidence
from bench.values.statistics import CoreCount, Interval
from tests.support.runs import PSNR, make_claim_run, make_psnr_quality, run_trial_race


def decide(run: Run) -> Run:
    run.claims = decide_claims(run)
    return run


def change_total(run: Run, **changes) -> Run:
    run.statistics = [run.statistics[0].model_copy(update=changes), *run.statistics[1:]]
    return run


def list_kinds(run: Run, step: str = TOTAL) -> list[NextStepKind]:
    return [step.kind for step in write_headline(run, step).next_steps]


def test_a_clean_claim_is_one_sentence_with_times_and_quality():
    run = decide(make_claim_run())
    headline = write_headline(run)
    assert headline.state is ClaimState.MADE and headline.speed is Speed.FASTER
    assert headline.sentence == "scikit-learn-intelex is 2.5x faster: 5.00 → 2.00 s, same picture quality"
    assert (headline.ratio_text, headline.interval_text, headline.reason) == ("2.5x", "2.4 to 2.6", "")
    assert headline.text == headline.sentence + "."


def test_a_step_is_the_subject_and_the_one_that_gained_most_is_shown():
    run = decide(make_claim_run())
    assert find_best_step(run) == "fit"
    assert write_headline(run, "fit").sentence.startswith("Fit is 4.0x faster: 4.00 → 1.00 s")
    steps = write_headline(run).next_steps
    assert (steps[0].kind, steps[0].step, steps[0].label) == (NextStepKind.SHOW_STEP, "fit", "Show fit")
    assert NextStepKind.SHOW_STEP not in list_kinds(run, "fit")


def test_the_headline_of_an_application_is_about_the_total():
    run = decide(make_claim_run())
    assert find_headline_step(run) == "fit"
    run.snapshot = run.snapshot.model_copy(update={"end_to_end": True})
    assert (find_best_step(run), find_headline_step(run)) == ("fit", None)
    assert NextStepKind.SHOW_STEP not in list_kinds(run)


def test_no_step_is_best_if_none_gained_more_than_the_total():
    run = make_claim_run()
    fit = run.comparison("fit")
    assert fit
    run.statistics = [run.statistics[0], fit.model_copy(update={"ratio": run.statistics[0].ratio})]
    assert find_best_step(decide(run)) is None
    run = make_claim_run()
    run.evidence[Arm.ACCELERATED] = [Evidence(step=step, path="stock", words=["x"]) for step in ("fit", "predict")]
    assert find_best_step(decide(run)) is None, "no claim is made for it"


def test_a_wide_interval_gives_its_end_and_a_reservation_whatever_was_requested():
    ratio = Interval(value=2.5, low=1.75, high=4.9)
    run = decide(change_total(make_claim_run(target=0), ratio=ratio))
    headline = write_headline(run)
    assert headline.state is ClaimState.RESERVED
    assert headline.sentence.startswith("scikit-learn-intelex is at least 1.7x faster: "), "rounded down"
    assert (headline.ratio_text, headline.interval_text) == ("at least 1.7x", "1.8 to 4.9")
    assert headline.reason == "The interval is wide: 1.8 to 4.9."
    claim = run.claim()
    assert claim and [finding.rule for finding in claim.reservations] == ["narrow"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(8.48, 47.9, "8.4"), (1.75, 4.9, "1.7"), (1.06, 1.9, "1.06"), (1.004, 2.5, "1.004"), (123.9, 400.0, "123")],
)
def test_at_least_never_exceeds_the_interval(low: float, high: float, text: str):
    assert format_lower_end(Interval(value=(low * high) ** 0.5, low=low, high=high)) == text


def test_no_step_is_proposed_that_the_declarations_refuse():
    run = make_claim_run(pairs=6, parameters={"sample": 1000})
    assert NextStepKind.RACE_LONGER in list_kinds(decide(run))
    run.plan = run.plan.model_copy(update={"case": "of-an-older-version"})
    assert not [step for step in write_headline(run).next_steps if step.changes]


def test_an_edited_run_says_so_first():
    run = decide(make_claim_run())
    run.edited = True
    assert write_headline(run).text.startswith("Edited after it was stored: scikit-learn-intelex is 2.5x faster")


def test_a_run_without_a_decision_has_an_end():
    run = make_claim_run()
    run.claims = []
    assert write_headline(run).reason.endswith(" pairs without a decision.")
    run.state = State.FAILED
    assert write_headline(run).reason.startswith("The run failed after ")


def test_slower_turns_the_ratio_and_proposes_the_best_core_count():
    run = make_claim_run(fit=(1.0, 4.0))
    best = run.core_counts[0].whole.model_copy(update={"median": 1.0})
    run.core_counts.append(CoreCount(arm=Arm.BASELINE, cores=1, whole=best))
    headline = write_headline(decide(run))
    assert headline.sentence.startswith("scikit-learn-intelex is 2.5x slower here: 2.00 → 5.00 s")
    assert (headline.speed, headline.ratio_text, headline.interval_text) == (Speed.SLOWER, "2.5x", "2.4 to 2.6")
    first = headline.next_steps[0]
    assert (first.kind, first.label, first.changes) == (NextStepKind.RACE_FEWER_CORES, "Race on 1 core", {"cores": 1})
    assert change_plan(run.plan, first.changes).cores == 1


@pytest.mark.parametrize("disturbed", [{"busy": (0.5, 0.45)}, {"delay": (0.3, 0.3), "used": 1.6}])
def test_after_a_disturbance_a_quiet_race_is_proposed_and_not_fewer_cores(disturbed):
    """Beside other programs one core is often the fastest, because the others were not free."""
    run = make_claim_run(fit=(1.0, 4.0), **disturbed)
    best = run.core_counts[0].whole.model_copy(update={"median": 1.0})
    run.core_counts.append(CoreCount(arm=Arm.BASELINE, cores=1, whole=best))
    kinds = list_kinds(decide(run))
    assert kinds[:2] == [NextStepKind.QUIET_MACHINE, NextStepKind.RACE_LONGER]
    assert NextStepKind.RACE_FEWER_CORES not in kinds


@pytest.mark.parametrize("throttled", [(0.05, 0.05), (0.5, 0.1)])
def test_a_quota_that_stopped_an_arm_proposes_the_cores_that_it_leaves(throttled):
    run = make_claim_run(fit=(1.0, 4.0), throttled=throttled, used=1.5)
    run.machine = run.machine.model_copy(update={"limits": run.machine.limits.model_copy(update={"cpu_quota": 1.5})})
    first = write_headline(decide(run)).next_steps[0]
    assert (first.kind, first.label) == (NextStepKind.RACE_FEWER_CORES, "Race on 1 core")


def test_no_difference_is_said_with_the_interval_and_proposes_as_many_pairs_as_it_takes():
    run = make_claim_run(fit=(1.02, 1.0))
    headline = write_headline(decide(change_total(run, pairs_needed=60)))
    assert headline.sentence == "No difference detected: 1.0x (0.96 to 1.07)"
    assert headline.reason.startswith("The interval contains 1")
    longer = headline.next_steps[0]
    assert longer.kind is NextStepKind.RACE_LONGER
    assert float(longer.changes["budget_s"]) > run.plan.budget_s
    unstable = decide(change_total(make_claim_run(fit=(1.02, 1.0)), pairs_needed=60, is_stable=False))
    assert NextStepKind.RACE_LONGER not in list_kinds(unstable), "more pairs do not help"


def test_too_few_pairs_are_the_reason_with_both_numbers_and_the_budget_that_is_enough():
    run = decide(make_claim_run(pairs=6))
    headline = write_headline(run)
    assert (headline.state, headline.sentence) == (ClaimState.NONE, "No claim: 5.00 → 2.00 s")
    assert headline.reason == "Too few pairs: 6 pairs, 8 are needed."
    first = headline.next_steps[0]
    assert first.kind is NextStepKind.RACE_LONGER and first.label.startswith("Race ")
    assert change_plan(run.plan, first.changes).budget_s == first.changes["budget_s"]


def test_a_run_without_statistics_has_its_times_or_its_state():
    run = make_claim_run(pairs=2)
    run.samples = [sample for sample in run.samples if sample.pair == 0]
    run.statistics, run.core_counts = [], []
    headline = write_headline(run)
    assert headline.sentence == "Not decided: 4.98 → 2.00 s"
    assert headline.reason == "Too few pairs: 1 pair, 8 are needed."
    assert NextStepKind.RACE_LONGER in list_kinds(run)
    run.samples, run.state = [], State.STOPPED
    assert write_headline(run).text == "Not decided: the run has no pairs. The run was stopped after 0 pairs."
    run.state = State.RACING
    assert write_headline(run).text == "No claim yet: racing."


def test_the_same_code_is_the_reason_whatever_else_was_found_and_the_default_arms_come_next():
    run = decide(make_claim_run(accelerated="stock", pairs=6))
    headline = write_headline(run)
    assert headline.state is ClaimState.NONE
    assert headline.reason.startswith("Both arms ran the same code")
    tried = next(step for step in headline.next_steps if step.kind is NextStepKind.TRY)
    assert change_plan(run.plan, tried.changes).accelerated == "sklearnex"


def test_a_disturbance_proposes_a_quiet_machine():
    refused = decide(make_claim_run(busy=(0.9, 0.0)))
    assert write_headline(refused).reason.startswith("Background load differed between the arms: 0.90 and 0.00 cores")
    assert list_kinds(refused)[0] is NextStepKind.QUIET_MACHINE
    noted = decide(make_claim_run(busy=(0.5, 0.45)))
    assert write_headline(noted).state is ClaimState.RESERVED
    assert NextStepKind.QUIET_MACHINE in list_kinds(noted)


def test_a_naive_baseline_proposes_the_fair_one():
    run = make_claim_run()
    kinds = {Arm.BASELINE: BaselineKind.NAIVE, Arm.ACCELERATED: BaselineKind.BEST_KNOWN}
    run.snapshot = run.snapshot.model_copy(update={"baseline_kinds": kinds, "fair_baselines": ["sklearnex"]})
    headline = write_headline(decide(run))
    assert headline.state is ClaimState.RESERVED and headline.reason.startswith("The baseline is naive")
    change = next(step for step in headline.next_steps if step.kind is NextStepKind.CHANGE_BASELINE)
    assert change.changes == {"baseline": "sklearnex"}


def test_a_faster_baseline_that_is_known_is_proposed():
    run = make_claim_run()
    ratio = Interval(value=1.8, low=1.7, high=1.9)
    faster = FasterBaseline(name="sklearnex", label="Other", ratio=ratio, run="0" * 32, raced_on=date(2026, 11, 30))
    fields = {"faster_baselines": [faster], "fair_baselines": ["stock"]}
    run.snapshot = run.snapshot.model_copy(update=fields)
    headline = write_headline(decide(run))
    assert headline.state is ClaimState.RESERVED and headline.reason.startswith("A faster baseline is known: Other")
    change = next(step for step in headline.next_steps if step.kind is NextStepKind.CHANGE_BASELINE)
    assert change.changes == {"baseline": "sklearnex"}


def test_a_clean_claim_proposes_what_the_workload_declares_and_a_comparison():
    run = decide(make_claim_run())
    steps = {step.kind: step for step in write_headline(run, "fit").next_steps}
    assert list(steps) == [NextStepKind.TRY, NextStepKind.COMPARE_LAST]
    assert steps[NextStepKind.TRY].label == "Learn from all pixels"
    tried = decide(make_claim_run(parameters={"sample": 10**9}))
    (other, _) = write_headline(tried, "fit").next_steps
    assert other.label != "Learn from all pixels", "it is what was raced"


def test_a_loss_within_the_limit_is_said_with_the_limit():
    run = make_claim_run()
    run.quality = Quality(baseline=[PSNR], accelerated=[PSNR.model_copy(update={"value": 31.5})])
    assert write_headline(decide(run)).sentence.endswith(", same picture quality within 1 %")
    run.plan = run.plan.model_copy(update={"accuracy_limit": 0.5})
    assert write_headline(decide(run)).sentence.endswith(", picture quality at least 50 % of the baseline's")


def test_a_reason_names_the_measure_that_refuses_and_closes_its_brackets():
    run = make_claim_run()
    quality = make_psnr_quality()
    accuracy = quality.baseline[0].model_copy(update={"name": "accuracy", "label": "accuracy"})
    difference = quality.differences[0].model_copy(update={"difference": Interval(value=-1.5, low=-9.0, high=9.0)})
    sound = quality.differences[0].model_copy(update={"name": "accuracy"})
    measures = [accuracy, *quality.baseline]
    run.quality = quality.model_copy(
        update={"baseline": measures, "accelerated": measures, "differences": [sound, difference]}
    )
    # The first measure is within the limit, and the second one may not be.
    reason = write_headline(decide(run)).reason
    assert reason.startswith("The accuracy may be below the limit: PSNR ") and reason.endswith("(273,280 pixels).")


def test_another_case_drops_the_settings_of_the_case_before():
    plan = Plan(
        workload="modin",
        case="selection",
        baseline="pandas",
        accelerated="modin-ray",
        cores=2,
        batch=1 << 17,
        parameters={"columns": 32, "kind": "mixed", "file": "synthetic", "cluster": "own", "calls": "mean"},
    )
    changed = change_plan(plan, {"case": "etl"})
    assert (changed.case, changed.batch, changed.cores) == ("etl", 1 << 17, 2)
    assert "calls" not in changed.parameters


def test_the_next_steps_of_a_real_race_are_plans_that_can_be_run(tmp_path: Path):
    run = run_trial_race(tmp_path).record
    headline = write_headline(run)
    assert 1 <= len(headline.next_steps) <= 3
    for step in headline.next_steps:
        assert step.label and change_plan(run.plan, step.changes)
