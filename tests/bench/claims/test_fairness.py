"""Straw men: naive baselines and inputs that slow down one arm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bench.claims.rule import RuleContext
from bench.claims.sentences import write_claim_sentence
from bench.claims.verdict import decide_claims
from bench.machine.core_selection import choose_cores
from bench.plan.validation import make_plan
from bench.race.race import Race
from bench.run.events import State
from bench.run.record import Run
from bench.run.snapshot import DeclarationSnapshot
from bench.stats.comparison import compare_samples
from bench.values.arms import BaselineKind, FasterBaseline, PreparedArm
from bench.values.base import Arm
from bench.values.claims import Engagement, Finding, NoteKind, Outcome, Speed
from bench.values.quality import Measure, Quality
from bench.values.samples import Phase, Sample
from bench.values.statistics import Interval
from bench.workload.registry import load_workloads
from tests.support.runs import get_claim, get_finding, make_claim_run, open_plan, run_trial_race
from tests.support.trial_variants import replace_trial
from workloads.memory_traffic.problem_sizes import describe_conflicts, max_odd_side


def find(run: Run, rule: str) -> Finding:
    claim = run.claim()
    assert claim is not None, run.failure
    return next(finding for finding in claim.findings if finding.rule == rule)


def write_sentence(run: Run) -> str:
    """The sentence of the claim, also if the load of the machine refuses the claim."""
    comparison, verdict = run.comparison(), run.verdict
    assert comparison and verdict
    return write_claim_sentence(RuleContext(run, comparison.step, comparison), verdict)


def race_memory_traffic(tmp_path, case: str, **fields) -> Run:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    plan = make_plan("memory-traffic", case, cores=1, budget_s=2, **fields)
    race = Race(
        open_plan(plan), emit=lambda event: None, stop_requested=lambda: None, scratch=scratch, cores=choose_cores(1)
    )
    race.run()
    assert race.record.state is State.FINISHED, race.record.failure
    return race.record


def test_every_lever_value_has_a_kind_and_every_baseline_that_is_naive_a_fair_one_or_none_is_known():
    for workload in load_workloads().values():
        for lever in workload.levers():
            assert all(value.baseline_kind is not BaselineKind.UNKNOWN for value in lever.values)
            assert any(value.baseline_kind is not BaselineKind.NAIVE for value in lever.values)
    bert = load_workloads()["bert"].lever
    assert bert["fp32-stock"].baseline_kind is BaselineKind.NAIVE
    assert bert[bert.baseline].baseline_kind is BaselineKind.LIBRARY


def test_a_naive_baseline_is_noted_and_named_in_the_claim(tmp_path, monkeypatch):
    lever = load_workloads()["trial"].lever
    values = (replace(lever["full"], baseline_kind=BaselineKind.NAIVE), lever["half"])
    replace_trial(monkeypatch, lever=replace(lever, values=values))
    run = run_trial_race(tmp_path).record
    finding = find(run, "fair-baseline")
    assert (finding.outcome, finding.seen) == (Outcome.ANNOTATED, "full work: naive")
    assert finding.remedy == "State with the ratio that the baseline is naive."
    assert "the baseline, full work, is naive" in write_sentence(run)


def test_a_loop_against_blas_is_noted_with_the_baseline_that_would_be_fair(tmp_path):
    run = race_memory_traffic(tmp_path, "tiling", parameters={"side": 128})
    finding = find(run, "fair-baseline")
    assert finding.outcome is Outcome.ANNOTATED
    assert finding.remedy == "Compare with a fair baseline too: blas."
    sentence = write_sentence(run)
    assert "with loop order ijk," in sentence and "with register blocks," in sentence
    assert "before" not in sentence and "after" not in sentence
    assert "the baseline, loop order ijk, is naive" in sentence
    assert "the side of the matrices, 128, is a power of two" in sentence
    assert find(run, "typical-input").outcome is Outcome.ANNOTATED
    assert "128, is a power of two" in find(run, "typical-input").seen


def test_a_straw_man_in_the_other_arm_is_noted_too():
    run = make_claim_run(fit=(1.0, 4.0))
    kinds = {Arm.BASELINE: BaselineKind.LIBRARY, Arm.ACCELERATED: BaselineKind.NAIVE}
    run.snapshot = run.snapshot.model_copy(update={"baseline_kinds": kinds})
    finding = get_finding(run, "fair-baseline")
    assert (finding.outcome, finding.seen) == (
        Outcome.ANNOTATED,
        "stock scikit-learn: library; the slower arm, scikit-learn-intelex: naive",
    )
    assert "the slower arm, scikit-learn-intelex, is naive" in get_claim(run).sentence


def test_a_baseline_that_is_known_to_be_slower_than_another_is_noted_and_the_claim_names_the_faster_one():
    run = make_claim_run()
    assert get_finding(run, "fair-baseline").outcome is Outcome.PASSED
    ratio = Interval(value=1.8, low=1.7, high=1.9)
    faster = FasterBaseline(name="other", label="Other", ratio=ratio, run="0123456789ab", raced_on=date(2026, 11, 30))
    run.snapshot = run.snapshot.model_copy(update={"faster_baselines": [faster], "rivals": ["Other"]})
    finding = get_finding(run, "fair-baseline")
    assert (finding.outcome, finding.title) == (Outcome.ANNOTATED, "A faster baseline is known")
    assert finding.kind is NoteKind.RESERVATION
    assert "Other was 1.8x (1.7 to 1.9) faster here than the baseline, stock scikit-learn" in finding.seen
    assert "2026-11-30, run 01234567" in finding.seen
    assert finding.remedy == "Compare with a faster baseline too: --baseline other."
    assert "Other was 1.8x (1.7 to 1.9) faster here than the baseline, stock scikit-learn" in get_claim(run).sentence
    assert "Other was 1.8x (1.7 to 1.9) faster here in total than the baseline" in get_claim(run, "fit").sentence
    older = faster.model_copy(update={"software_differences": ["numpy: 2.3.0 and 2.4.6"]})
    run.snapshot = run.snapshot.model_copy(update={"faster_baselines": [older]})
    assert get_finding(run, "fair-baseline").seen.endswith("with other software (then and now): numpy: 2.3.0 and 2.4.6")


def test_a_rival_that_was_not_raced_is_named_and_no_reservation():
    run = make_claim_run()
    run.snapshot = run.snapshot.model_copy(update={"rivals": ["Other"]})
    finding = get_finding(run, "fair-baseline")
    assert (finding.outcome, finding.seen) == (Outcome.PASSED, "stock scikit-learn: library; not compared with Other")


def test_arms_that_differ_in_library_and_precision_name_both_changes():
    run = make_claim_run()
    one, other = {"library": "A", "precision": "FP32"}, {"library": "B", "precision": "INT8"}
    run.snapshot = run.snapshot.model_copy(update={"traits": {Arm.BASELINE: one, Arm.ACCELERATED: other}})
    finding = get_finding(run, "one-change")
    assert (finding.outcome, finding.kind) == (Outcome.ANNOTATED, NoteKind.CONDITION)
    assert finding.seen == "library and precision changed: A to B, FP32 to INT8"
    assert "library and precision changed: A to B, FP32 to INT8" in get_claim(run).sentence
    run.snapshot = run.snapshot.model_copy(
        update={"traits": {Arm.BASELINE: one, Arm.ACCELERATED: {**other, "library": "A"}}}
    )
    finding = get_finding(run, "one-change")
    assert (finding.outcome, finding.seen) == (Outcome.PASSED, "precision: FP32 and INT8")
    assert "changed" not in get_claim(run).sentence
    assert get_finding(make_claim_run(), "one-change").seen == "scikit-learn-intelex"


def test_an_input_that_slows_one_arm_is_in_the_claim():
    run = make_claim_run()
    assert get_finding(run, "typical-input").outcome is Outcome.PASSED
    run.prepared = [prepared.model_copy(update={"bias": describe_conflicts(1024)}) for prepared in run.prepared]
    assert get_finding(run, "typical-input").outcome is Outcome.ANNOTATED
    assert "the side of the matrices, 1,024, is a power of two" in get_claim(run).sentence


@pytest.mark.parametrize(
    ("side", "conflicts"),
    [(0, False), (32, False), (64, True), (1000, False), (1025, False), (1024, True), (768, True)],
)
def test_sides_that_cause_cache_conflicts(side, conflicts):
    assert bool(describe_conflicts(side)) is conflicts


def test_a_side_that_is_derived_from_a_size_causes_no_conflicts():
    assert not any(describe_conflicts(max_odd_side(1 << power, 2)) for power in range(14, 36))


def test_one_setting_in_both_arms_is_no_speedup_even_if_one_worker_is_paused(tmp_path):
    """As if somebody stopped one of the arms again and again: its times grow, and its code does not change."""
    emitted: list = []
    run = run_trial_race(tmp_path, accelerated="full", emitted=emitted).record
    paused = [
        event.model_copy(update={"sample": make_slower(event.sample)}) if event.type == "sample" else event
        for event in emitted
        if event.type not in ("estimate", "verdict")
    ]
    slowed = Run.from_events(paused)
    slowed.statistics = compare_samples([s for s in slowed.samples if s.phase is Phase.RACE], work=1)
    for raced in (run, slowed):
        raced.claims = decide_claims(raced)
        assert raced.verdict is not None and raced.verdict.speed is Speed.SAME_CODE
        assert not any(claim.made for claim in raced.claims)
        assert find(raced, "different-code").seen == 'both arms ran "full work"'
    assert slowed.comparison().ratio.value > 1.5
    assert 'both arms ran "full work". The difference between' in slowed.claim().sentence


def make_slower(sample: Sample) -> Sample:
    """The sample as it is, or with twice the time if it is the baseline's."""
    if sample.arm is not Arm.BASELINE:
        return sample
    steps = [step.model_copy(update={"seconds": 2 * step.seconds}) for step in sample.repetition.steps]
    return sample.model_copy(update={"repetition": sample.repetition.model_copy(update={"steps": steps})})


def test_two_settings_that_run_the_same_code_are_found_by_their_evidence(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "same-code"}).record
    assert run.plan.baseline != run.plan.accelerated
    assert run.verdict is not None and run.verdict.engagement is Engagement.SAME
    assert not run.claim().made
    finding = find(run, "different-code")
    assert finding.outcome is Outcome.REFUSED and finding.remedy
    assert finding.seen == '"full work" and "half the work" are the same code on 1 core'
    assert "noise of this machine" in run.claim().sentence


def test_a_step_with_the_same_code_is_not_compared_but_the_total_is():
    run = make_claim_run()
    for arm in Arm:
        codes = {"fit": f"fit of {arm}", "predict": "predict"}
        run.evidence[arm] = [item.model_copy(update={"code": codes[item.step]}) for item in run.evidence[arm]]
    assert get_claim(run).made
    assert get_claim(run, "fit").made
    claim = get_claim(run, "predict")
    assert not claim.made and claim.verdict.speed is Speed.SAME_CODE


def test_an_accuracy_limit_of_nothing_is_noted_and_in_the_claim():
    lost = Quality(
        baseline=[Measure(name="f1", label="F1", value=100.0, unit="%", decisive=True)],
        accelerated=[Measure(name="f1", label="F1", value=3.0, unit="%", decisive=True)],
    )
    run = make_claim_run(accuracy_limit=0)
    run.quality = lost
    finding = get_finding(run, "strict-limits")
    assert finding.outcome is Outcome.ANNOTATED and finding.remedy
    assert finding.seen == "accuracy limit 0.00 % of the baseline's instead of 99.00 %"
    claim = get_claim(run)
    assert claim.made and finding.seen in claim.sentence and "F1 100.00 % and 3.00 %" in claim.sentence


def test_a_loose_target_is_noted_and_in_the_claim(tmp_path):
    run = run_trial_race(tmp_path, target=0.5, accuracy_limit=0.5).record
    finding = find(run, "strict-limits")
    assert finding.outcome is Outcome.ANNOTATED
    assert "requested sampling error ± 50.0 % instead of ± 3.0 %" in finding.seen
    assert finding.seen in write_sentence(run)


@pytest.mark.parametrize("limits", [{}, {"target": 0}, {"target": 0.01, "accuracy_limit": 1.0}])
def test_limits_that_are_as_strict_as_the_default_are_not_noted(limits):
    run = make_claim_run(**limits)
    assert get_finding(run, "strict-limits").outcome is Outcome.PASSED
    assert "instead of" not in get_claim(run).sentence


def test_an_arm_that_is_no_fair_baseline_on_this_machine_is_noted_and_named_in_the_claim(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "handicap"}).record
    finding = find(run, "fair-baseline")
    assert (finding.title, finding.kind) == ("The baseline is not fair on this machine", NoteKind.RESERVATION)
    assert finding.seen == "full work: its instructions are missing here"
    assert "the baseline is not fair on this machine (full work: its instructions are missing here)" in (
        write_sentence(run)
    )


def test_the_remedy_of_an_unfair_baseline_names_the_fair_ones():
    run = handicap(make_claim_run(), Arm.BASELINE)
    run.snapshot = run.snapshot.model_copy(update={"fair_baselines": [run.plan.baseline, "other"]})
    assert get_finding(run, "fair-baseline").remedy == "Compare with a fair baseline too: other."


@pytest.mark.parametrize(("seconds", "is_noted"), [((1.0, 4.0), True), ((4.0, 1.0), False)])
def test_an_unfair_accelerated_arm_is_noted_if_it_is_the_slower_one(seconds, is_noted):
    run = handicap(make_claim_run(fit=seconds), Arm.ACCELERATED)
    noted = get_finding(run, "fair-baseline").title == "The slower arm is not fair on this machine"
    named = "the slower arm is not fair on this machine (scikit-learn-intelex: a reason)" in get_claim(run).sentence
    assert (noted, named) == (is_noted, is_noted)


def test_runs_that_did_not_record_whether_an_arm_is_fair_have_no_handicap():
    run = make_claim_run()
    old = [prepared.model_dump(exclude={"handicap"}) for prepared in run.prepared]
    run.prepared = [PreparedArm.model_validate(fields) for fields in old]
    assert get_finding(run, "fair-baseline").outcome is Outcome.PASSED


def handicap(run: Run, arm: Arm) -> Run:
    run.prepared = [
        prepared.model_copy(update={"handicap": "a reason" if prepared.arm is arm else ""}) for prepared in run.prepared
    ]
    return run


def test_the_fairness_of_old_runs_is_not_known():
    run = make_claim_run()
    assert get_finding(run, "fair-baseline").seen == "stock scikit-learn: library"
    fields = run.snapshot.model_dump(exclude={"baseline_kinds", "fair_baselines"})
    run.snapshot = DeclarationSnapshot.model_validate(fields)
    assert run.snapshot.baseline_kind(Arm.BASELINE) is BaselineKind.UNKNOWN
    finding = get_finding(run, "fair-baseline")
    assert (finding.outcome, finding.seen) == (Outcome.ANNOTATED, "stock scikit-learn: not known")
    assert decide_claims(run)[0].made
