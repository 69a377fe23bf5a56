"""Whole races of the trial workload, with real processes; what goes wrong in an arm, and what is left then."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest

from bench.race.budget import SamplingBudget
from bench.race.watchdog import RaceStopped
from bench.run import events
from bench.run.events import State
from bench.run.outcome import MIN_PAIRS, count_pairs, describe_outcome
from bench.run.record import Run
from bench.system.limits import core_limit
from bench.values import Arm, Outcome, Phase, Speed
from bench.workload.declaration import Parameter
from bench.workload.registry import load_workloads
from tests.support.processes import wait_until_gone
from tests.support.runs import run_trial_race
from tests.support.trial_variants import replace_trial_case


def test_events_come_in_order_and_end_with_a_verdict(tmp_path):
    emitted: list = []
    run = run_trial_race(tmp_path, emitted=emitted).record
    assert run.state is State.FINISHED, run.failure
    assert isinstance(emitted[0], events.RunOpened)
    states = [event.state for event in emitted if isinstance(event, events.StateChanged)]
    assert states == [State.WARMING_UP, State.RACING, State.CHECKING, State.NOISE, State.FINISHED]
    kinds = [event.type for event in emitted]
    for kind in ("prepared", "sample", "telemetry", "evidence", "quality", "estimate", "noise", "verdict"):
        assert kind in kinds
    assert kinds.index("prepared") < kinds.index("sample") < kinds.index("estimate") < kinds.index("verdict")
    assert run.comparison().ratio.value > 1.2
    assert run.verdict.speed is Speed.FASTER
    assert set(run.thread_pools) == set(Arm), "each arm reports its thread pools, even if it has none"
    assert Run.from_events(emitted) == run


def test_evidence_and_quality_are_asked_for_once_the_ratio_is_known(tmp_path):
    emitted: list = []
    assert run_trial_race(tmp_path, emitted=emitted).record.state is State.FINISHED
    kinds = [event.type for event in emitted]
    assert kinds.count("quality") == 1 and kinds.count("evidence") == len(Arm)
    last_estimate = len(kinds) - 1 - kinds[::-1].index("estimate")
    assert last_estimate < kinds.index("evidence") < kinds.index("quality")
    last_samples = [event.sample for event in emitted if isinstance(event, events.SampleTaken)][-2:]
    assert {sample.arm for sample in last_samples} == set(Arm), "the quality is that of a repetition of both arms"
    assert len({sample.pair for sample in last_samples}) == 1


def test_every_moment_has_a_stage_and_every_wait_for_an_arm_an_activity(tmp_path):
    run = run_trial_race(tmp_path).record
    stages = [span for span in run.timeline if span.arm is None]
    assert [span.name for span in stages] == [
        "preparing",
        "warming up",
        "racing",
        "checking the results",
        "measuring the noise",
    ]
    assert stages[0].began == 0.0 and stages[-1].ended == run.ended_at
    assert all(earlier.ended == later.began for earlier, later in pairwise(stages))
    for arm in Arm:
        activities = [span.name for span in run.timeline if span.arm is arm]
        assert activities[0] == "starting the process"
        for activity in ("importing the libraries", "first call", "collecting evidence", "measuring the quality"):
            assert activity in activities
    assert all(span.ended is not None for span in run.timeline)


def test_the_arms_do_their_first_call_before_the_warm_up_and_at_the_same_time(tmp_path):
    run = run_trial_race(tmp_path, parameters={"loops": 3_000_000}).record
    first_calls = [span for span in run.timeline if span.name == "first call"]
    assert [sample.arm for sample in run.samples if sample.phase is Phase.EARLY] and len(first_calls) == 2
    assert max(span.began for span in first_calls) < min(span.ended for span in first_calls), "they overlap"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise", "this arm was told to fail"),
        ("raise-preparing", "there is nothing to work on"),
        ("die", "SIGKILL"),
        ("hang", "sent nothing for 5 s"),
        ("garbage", "not in the protocol"),
    ],
)
def test_a_fault_ends_in_a_clear_failure_with_the_log(tmp_path, home, fault, words):
    run = run_trial_race(tmp_path, parameters={"fault": fault}).record
    assert run.state is State.FAILED
    assert words in run.failure.what
    assert "accelerated arm (half the work)" in run.failure.what
    assert run.failure.remedy
    assert run.failure.arm is Arm.ACCELERATED
    assert run.failure.what in describe_outcome(run) and run.failure.remedy in describe_outcome(run)
    assert not wait_until_gone(home)


def test_the_log_of_a_failed_arm_is_kept(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "raise"}).record
    assert any("RuntimeError: this arm was told to fail" in line for line in run.failure.log)


def test_an_arm_may_print_to_standard_output(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "print"}).record
    assert run.state is State.FINISHED


def test_a_process_that_an_arm_leaves_in_another_session_is_ended(tmp_path, home):
    run = run_trial_race(tmp_path, parameters={"fault": "orphan"}).record
    assert run.state is State.FINISHED
    assert not wait_until_gone(home)


@pytest.mark.parametrize("phase", [state.value for state in State if not state.over and state is not State.MEASURING])
def test_stopping_in_each_phase_leaves_nothing(tmp_path, home, monkeypatch, phase):
    # Also on a machine that is too busy for other core counts.
    monkeypatch.setattr(SamplingBudget, "allows", lambda self, seconds: True)
    emitted: list = []
    cores = 2 if phase == "trying core counts" else 1
    if core_limit() < cores:
        pytest.skip("this process may use one core only")

    def stop():
        states = ["preparing", *(event.state.value for event in emitted if isinstance(event, events.StateChanged))]
        return RaceStopped(State.STOPPED, "Stop was pressed") if states[-1] == phase else None

    run = run_trial_race(tmp_path, stop=stop, emitted=emitted, target=0, cores=cores).record
    assert run.state is State.STOPPED
    assert run.why == "Stop was pressed"
    sentence = describe_outcome(run)
    assert sentence.startswith("No claim") and "(Stop was pressed)" in sentence and "Let the run finish" in sentence
    assert not wait_until_gone(home)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [(State.STOPPED, "Let the run finish"), (State.INTERRUPTED, "Run it again")],
)
def test_a_race_that_ends_early_with_a_good_ratio_makes_no_claim(tmp_path, state, remedy):
    emitted: list = []

    def stop():
        looks_good = any(
            event.type == "estimate" and event.pairs >= 20 and event.comparisons[0].ratio.low > 1 for event in emitted
        )
        return RaceStopped(state, "it looked good") if looks_good else None

    run = run_trial_race(tmp_path, stop=stop, emitted=emitted, target=0, budget_s=20).record
    assert run.state is state
    assert run.comparison().ratio.low > 1, "times and interval are kept"
    claim = run.claim()
    assert not claim.made
    finding = next(f for f in claim.findings if f.rule == "complete")
    assert finding.outcome is Outcome.REFUSED
    assert "it looked good" in finding.seen and finding.remedy.startswith(remedy)
    assert describe_outcome(run) == claim.sentence
    assert "it looked good" in claim.sentence and remedy in claim.sentence


def test_waiting_for_the_statistics_to_be_imported_is_not_in_the_budget(tmp_path, monkeypatch):
    slow_import = SimpleNamespace(import_module=lambda _: time.sleep(8))
    monkeypatch.setattr("bench.race.race.importlib", slow_import)
    run = run_trial_race(tmp_path, budget_s=2.0).record
    assert run.state is State.FINISHED
    assert count_pairs(run) >= MIN_PAIRS


def test_a_race_that_finishes_with_one_pair_says_why_it_makes_no_claim(tmp_path, monkeypatch):
    monkeypatch.setattr(SamplingBudget, "limit_s", 0.0)
    run = run_trial_race(tmp_path).record
    assert run.state is State.FINISHED
    assert count_pairs(run) == 1 and not run.statistics and not run.claims
    assert describe_outcome(run).startswith("No claim: only 1 pair in ")
    assert "an interval needs 8; a pair takes" in describe_outcome(run)


def test_an_excluded_step_is_timed_but_not_part_of_the_total(tmp_path, monkeypatch):
    spin, nothing = load_workloads()["trial"].default_case.steps
    replace_trial_case(monkeypatch, steps=(replace(spin, excluded_from_total=True), nothing))
    run = run_trial_race(tmp_path, parameters={"loops": 50_000}).record
    assert run.state is State.FINISHED, run.failure
    assert run.comparison("spin").baseline.median > run.comparison().baseline.median
    for sample in run.samples_of(Arm.BASELINE):
        assert sample.total_s == sample.repetition.other_s + sample.seconds("nothing")


def test_a_parameter_chooses_the_steps(tmp_path, monkeypatch):
    choices = {step.name: step.label for step in load_workloads()["trial"].default_case.steps}
    parameter = Parameter("steps", "Steps", "several", "spin", choices=choices)
    replace_trial_case(monkeypatch, parameters=(parameter,), step_parameter="steps")
    run = run_trial_race(tmp_path).record
    assert [step.name for step in run.snapshot.steps] == ["spin"]
    assert run.state is State.FAILED, "the arm timed what was not chosen, and that is noticed"
    assert "not those declared" in run.failure.what


def test_lazy_work_is_refused(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "lazy"}).record
    finding = next(f for f in run.claim().findings if f.rule == "materialised")
    assert finding.outcome is Outcome.REFUSED
    assert not run.claim().made


def test_a_fast_path_that_did_not_run_is_refused(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "not-engaged"}).record
    finding = next(f for f in run.claim().findings if f.rule == "engaged")
    assert finding.outcome is Outcome.REFUSED
    assert not run.claim().made
