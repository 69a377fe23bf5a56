"""Whole races of the trial workload, with real processes; what goes wrong in an arm, and what is left then."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest

from bench.race.budget import SamplingBudget
from bench.race.race import Race
from bench.race.watchdog import RaceStopped
from bench.run import events
from bench.run.events import State
from bench.run.outcome import count_pairs, describe_outcome
from bench.run.record import Run
from bench.system.limits import core_limit
from bench.values.arms import RacedInput
from bench.values.base import Arm
from bench.values.claims import Outcome, Speed
from bench.values.samples import Phase
from bench.workload.parameters import Parameter
from bench.workload.registry import load_workloads
from tests.support.processes import wait_until_gone
from tests.support.runs import run_trial_race
from tests.support.trial_variants import replace_trial_case
from tests.support.waiting import MAX_WAIT_S


def test_events_come_in_order_and_end_with_a_verdict(tmp_path):
    emitted: list = []
    # Enough pairs for a ratio also on a busy machine.
    run = run_trial_race(tmp_path, emitted=emitted, budget_s=5).record
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
    assert run.inputs == [RacedInput(label="Loops", text="2,000 of a trial")], "what the arms reported"
    assert run.report()["inputs"] == [{"label": "Loops", "text": "2,000 of a trial"}]
    assert Run.from_events(emitted) == run


def test_evidence_and_quality_are_asked_for_once_the_ratio_is_known(finished, race_events):
    kinds = [event.type for event in race_events]
    assert kinds.count("quality") == 1 and kinds.count("evidence") == len(Arm)
    last_estimate = len(kinds) - 1 - kinds[::-1].index("estimate")
    assert last_estimate < kinds.index("evidence") < kinds.index("quality")
    last_samples = finished.samples[-2:]
    assert {sample.arm for sample in last_samples} == set(Arm), "the quality is that of a repetition of both arms"
    assert len({sample.pair for sample in last_samples}) == 1


def test_every_moment_has_a_stage_and_every_wait_for_an_arm_an_activity(finished):
    stages = [span for span in finished.timeline if span.arm is None]
    assert [span.name for span in stages] == [
        "preparing",
        "warming up",
        "racing",
        "checking the results",
        "measuring the noise",
    ]
    assert stages[0].began == 0.0 and stages[-1].ended == finished.ended_at
    assert all(earlier.ended == later.began for earlier, later in pairwise(stages))
    for arm in Arm:
        activities = [span.name for span in finished.timeline if span.arm is arm]
        assert activities[0] == "starting the process"
        for activity in ("importing the libraries", "first call", "collecting evidence", "measuring the quality"):
            assert activity in activities
    assert all(span.ended is not None for span in finished.timeline)


def test_the_arms_do_their_first_call_before_the_warm_up_and_at_the_same_time(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "meets"}).record
    first_calls = [span for span in run.timeline if span.name == "first call"]
    assert [sample.arm for sample in run.samples if sample.phase is Phase.EARLY] and len(first_calls) == 2
    assert max(span.began for span in first_calls) < min(span.ended for span in first_calls), "they overlap"


def test_a_job_starts_without_importing_scipy():
    script = "import sys, bench.scheduler.runner; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_arms_that_timed_warm_calls_race_at_once(tmp_path):
    emitted: list = []
    run = run_trial_race(tmp_path, emitted=emitted, parameters={"fault": "times-calls"}).record
    assert run.state is State.FINISHED, run.failure
    states = [event.state for event in emitted if isinstance(event, events.StateChanged)]
    assert states == [State.RACING, State.CHECKING, State.NOISE, State.FINISHED]
    assert not [sample for sample in run.samples if sample.phase is Phase.EARLY]
    calls = {timed.step: timed.calls for timed in run.samples_of(Arm.BASELINE)[0].repetition.steps}
    assert calls["spin"] > 1 and calls["nothing"] == 100_000, "as the arms have timed them"
    assert run.comparison().baseline.count == count_pairs(run)
    assert run.prepared_arm(Arm.BASELINE).first_call_s == {"spin": 10.0, "nothing": 1.0}


def test_a_call_that_was_timed_cold_does_not_make_the_samples_too_short(tmp_path):
    emitted: list = []
    run = run_trial_race(tmp_path, emitted=emitted, parameters={"fault": "cold-call"}).record
    assert run.state is State.FINISHED, run.failure
    cold = run.samples_of(Arm.ACCELERATED, Phase.WARM_UP)[0]
    assert (cold.pair, cold.repetition.steps[0].calls) == (0, 1), "half a second of the slower arm allowed one call"
    for sample in run.samples_of(Arm.BASELINE) + run.samples_of(Arm.ACCELERATED):
        assert sample.repetition.steps[0].calls > 10
    assert run.comparison("spin").baseline.calls > 10, "no estimate includes a pair of the warm-up"
    assert run.excluded_pairs == len({sample.pair for sample in run.warm_up})
    assert Run.from_events(emitted) == run


def test_a_race_whose_only_pair_does_not_count_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(SamplingBudget, "limit_s", 0.0)
    run = run_trial_race(tmp_path, parameters={"fault": "cold-call"}).record
    assert run.state is State.FINISHED, run.failure
    assert (run.excluded_pairs, count_pairs(run)) == (1, 0) and len(run.warm_up) == len(Arm)
    assert not run.statistics and not run.claims
    assert describe_outcome(run).startswith("No claim: only 0 pairs in ")


@pytest.mark.skipif(core_limit() < 2, reason="another core count needs two cores")
def test_the_reserve_of_other_core_counts_is_not_returned_before_the_pairs_show_what_fits(tmp_path, monkeypatch):
    emitted: list = []
    returned_after: list[set[str]] = []
    monkeypatch.setattr(SamplingBudget, "is_pairs_share_spent", True)
    monkeypatch.setattr(SamplingBudget, "allows", lambda self, seconds: False)
    monkeypatch.setattr(
        SamplingBudget,
        "give_back_to_pairs",
        lambda self: returned_after.append({event.type for event in emitted}),
    )
    run = run_trial_race(tmp_path, emitted=emitted, cores=2).record
    assert run.state is State.FINISHED, run.failure
    assert returned_after and all("estimate" in types for types in returned_after)


def test_an_exclusion_of_pairs_drops_the_statistics_of_these_pairs(finished):
    run = finished.model_copy(deep=True)
    assert run.estimates and run.statistics
    # On a busy machine the race itself has excluded some.
    excluded = run.excluded_pairs
    pairs = sorted({sample.pair for sample in run.samples if sample.phase is Phase.RACE})
    run.apply(events.WarmUpEnd(at=run.last_at, first_pair=pairs[2]))
    assert not run.estimates and not run.statistics
    assert run.excluded_pairs == excluded + 2 and count_pairs(run) == len(pairs) - 2


@pytest.mark.skipif(core_limit() < 2, reason="threads are spread over two cores")
def test_threads_that_were_bound_are_bound_again_if_spreading_them_does_not_help(tmp_path, monkeypatch):
    # On a busy machine the two samples may differ by more than a tenth.
    monkeypatch.setattr("bench.race.thread_placement.is_spread_better", lambda before, after: False)
    monkeypatch.setattr("bench.race.thread_placement.can_spreading_help", lambda wall_s, run_delay_s: True)
    emitted: list = []
    run = run_trial_race(tmp_path, emitted=emitted, cores=2, parameters={"fault": "bound"}).record
    assert run.state is State.FINISHED, run.failure
    placement = next(placement for placement in run.placements if placement.arm is Arm.ACCELERATED)
    assert placement.after is not None and not placement.kept, placement.reason
    trials = [event.sample for event in emitted if isinstance(event, events.SampleTaken)][2:4]
    assert [(sample.arm, sample.phase) for sample in trials] == [(Arm.ACCELERATED, Phase.WARM_UP)] * 2
    assert placement.before == trials[0].effective_cores, "compared with the sample directly before"
    words = run.evidence[Arm.ACCELERATED][0].words
    cores = run.prepared_arm(Arm.ACCELERATED).cores
    assert words[-1] == f"not bound: {cores} cores" and all("," not in word for word in words[:2]), words
    counted = run.samples_of(Arm.ACCELERATED)
    assert min(sample.pair for sample in counted) > max(sample.pair for sample in trials), "the first pair is excluded"


@pytest.mark.skipif(core_limit() < 2, reason="threads are spread over two cores")
def test_threads_are_spread_after_the_first_pair_which_then_does_not_count(tmp_path, monkeypatch):
    # Beside other tests, no second core may be idle. The decision is tested in tests/bench/system.
    monkeypatch.setattr("bench.race.thread_placement.is_spread_better", lambda before, after: True)
    emitted: list = []
    run = run_trial_race(tmp_path, emitted=emitted, cores=2, parameters={"fault": "packed"}).record
    assert run.state is State.FINISHED, run.failure
    baseline, accelerated = sorted(run.placements, key=lambda placement: placement.arm is Arm.ACCELERATED)
    assert baseline.after is None and "1 thread ran" in baseline.reason
    assert accelerated.before < 1.2 and accelerated.after is not None, accelerated.reason
    assert accelerated.kept
    excluded = run.samples_of(Arm.BASELINE, Phase.WARM_UP)
    assert excluded[0].pair == 0, "the first pair"
    found = next(event for event in emitted if isinstance(event, events.WarmUpEnd))
    assert found.first_pair <= min(sample.pair for sample in run.samples_of(Arm.ACCELERATED))
    assert Run.from_events(emitted) == run


@pytest.mark.skipif(core_limit() < 2, reason="threads are spread over two cores")
def test_threads_that_did_not_wait_for_a_core_are_left_where_they_are_without_more_samples(tmp_path, monkeypatch):
    # Beside other tests, they wait for those. The decision is tested in tests/bench/system.
    asked: list[tuple[float, float]] = []
    monkeypatch.setattr("bench.race.thread_placement.can_spreading_help", lambda *times: asked.append(times))
    run = run_trial_race(tmp_path, cores=2, parameters={"fault": "bound"}).record
    assert run.state is State.FINISHED, run.failure
    placement = next(placement for placement in run.placements if placement.arm is Arm.ACCELERATED)
    assert placement.after is None and placement.reason.endswith(": its threads hardly waited for a core")
    first = min((sample for sample in run.samples if sample.arm is Arm.ACCELERATED), key=lambda sample: sample.pair)
    assert asked[-1] == (first.repetition.wall_s, first.repetition.run_delay_s)
    taken = Counter(sample.pair for sample in run.samples if sample.cores == 2)
    assert set(taken.values()) == {len(Arm)}, "no sample of one arm alone"


def test_pairs_in_which_an_arm_still_gets_faster_are_excluded(tmp_path):
    emitted: list = []
    parameters = {"fault": "speeds-up", "loops": 100_000}
    run = run_trial_race(tmp_path, emitted=emitted, parameters=parameters, target=0, budget_s=4).record
    assert run.state is State.FINISHED, run.failure
    excluded, counted = (
        {sample.pair for sample in run.samples_of(Arm.ACCELERATED, phase)}
        for phase in Phase
        if phase in (Phase.WARM_UP, Phase.RACE)
    )
    assert len(excluded) >= 3 and max(excluded) < min(counted)
    assert excluded == {sample.pair for sample in run.samples_of(Arm.BASELINE, Phase.WARM_UP)}, "whole pairs"
    assert run.comparison().baseline.count == len(counted)
    found = [event for event in emitted if isinstance(event, events.WarmUpEnd)]
    assert found[-1].first_pair == min(counted)
    assert Run.from_events(emitted) == run


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise", "this arm was told to fail"),
        ("die", "SIGKILL"),
        ("hang", "sent nothing for 5 s"),
        ("garbage", "not in the protocol"),
    ],
)
def test_a_fault_ends_in_a_clear_failure_with_the_log(tmp_path, home, fault, words):
    # A budget that does not end before the repetition with the fault, also on a busy machine.
    run = run_trial_race(tmp_path, parameters={"fault": fault}, budget_s=30).record
    assert run.state is State.FAILED
    assert words in run.failure.what
    assert "accelerated arm (half the work)" in run.failure.what
    assert run.failure.remedy
    assert run.failure.arm is Arm.ACCELERATED
    assert run.failure.what in describe_outcome(run) and run.failure.remedy in describe_outcome(run)
    if fault == "raise":
        assert any("RuntimeError: this arm was told to fail" in line for line in run.failure.log)
    assert not wait_until_gone(home)


def test_a_fault_of_the_input_blames_no_arm_and_has_no_log(tmp_path, home):
    run = run_trial_race(tmp_path, parameters={"fault": "raise-preparing"}).record
    assert run.state is State.FAILED
    assert run.failure.what == "The input cannot be used: there is nothing to work on."
    assert (run.failure.remedy, run.failure.arm, run.failure.log) == ("Give it something.", None, [])
    assert "The input cannot be used: there is nothing to work on. Give it something." in describe_outcome(run)
    assert not wait_until_gone(home)


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

    def start() -> bool:
        return phase != State.READY

    run = run_trial_race(tmp_path, stop=stop, start=start, emitted=emitted, target=0, cores=cores).record
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

    run = run_trial_race(tmp_path, stop=stop, emitted=emitted, target=0, budget_s=60).record
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
    done: list[str] = []
    waits = threading.Event()

    def import_module(name: str) -> None:
        """Takes until the race waits for it."""
        assert waits.wait(MAX_WAIT_S)
        done.append(name)

    def wait_for_thread(race: Race, thread: threading.Thread) -> None:
        waits.set()
        wait(race, thread)

    def start_budget(budget: SamplingBudget, *, tries_core_counts: bool) -> None:
        done.append("the budget begins")
        start(budget, tries_core_counts=tries_core_counts)

    wait, start = Race._wait_for, SamplingBudget.start
    monkeypatch.setattr("bench.race.race.importlib", SimpleNamespace(import_module=import_module))
    monkeypatch.setattr(Race, "_wait_for", wait_for_thread)
    monkeypatch.setattr(SamplingBudget, "start", start_budget)
    run = run_trial_race(tmp_path).record
    assert run.state is State.FINISHED, run.failure
    assert done == ["bench.stats.comparison", "the budget begins"]


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
