"""Whole races of the trial workload, with real processes; what goes wrong in an arm, and what is left then."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bench.race.race
from bench.machine.describe import core_limit
from bench.race.race import THAW_S, Stopped, calls_for
from bench.run import events
from bench.run.events import State
from bench.run.record import Run
from bench.stats.warmup import is_warm
from bench.values import Outcome, Phase, Side, Speed
from bench.workload.declaration import registry
from tests.conftest import race, wait_gone


def test_a_race_tells_its_course_in_order_and_ends_with_a_verdict(tmp_path):
    told: list = []
    run = race(tmp_path, told=told).record
    assert run.state is State.FINISHED, run.failure
    assert isinstance(told[0], events.Opened)
    states = [event.state for event in told if isinstance(event, events.Moved)]
    assert states == [State.WARMING_UP, State.RACING, State.FINISHED]
    kinds = [event.type for event in told]
    for kind in ("prepared", "sample", "telemetry", "evidence", "quality", "estimate", "noise", "verdict"):
        assert kind in kinds
    assert kinds.index("prepared") < kinds.index("sample") < kinds.index("estimate") < kinds.index("verdict")
    assert run.comparison().ratio.value > 1.2
    assert run.verdict.speed is Speed.FASTER
    assert Run.of(told) == run


def test_measures_of_the_races_own_times_are_taken_when_it_is_over(tmp_path, monkeypatch):
    monkeypatch.setitem(registry(), "trial", replace(registry()["trial"], judged_twice=True))
    told: list = []
    assert race(tmp_path, told=told).record.state is State.FINISHED
    judged = [place for place, event in enumerate(told) if isinstance(event, events.Judged)]
    raced = [
        place
        for place, event in enumerate(told)
        if isinstance(event, events.Sampled) and event.sample.phase is Phase.RACE
    ]
    assert len(judged) == 2
    assert judged[0] < min(raced) and max(raced) < judged[1]


def test_every_sample_carries_its_pair_its_place_and_what_the_arm_used(tmp_path):
    run = race(tmp_path).record
    pairs: dict[int, list] = {}
    for sample in run.samples:
        if sample.phase is Phase.RACE:
            pairs.setdefault(sample.pair, []).append(sample)
    assert len(pairs) >= 3
    assert all({sample.side for sample in pair} == set(Side) for pair in pairs.values())
    assert all(sorted(sample.place for sample in pair) == [0, 1] for pair in pairs.values())
    assert {pair[0].side for pair in pairs.values()} == set(Side), "the order of the pairs is random"
    sample = run.samples[-1]
    assert [timed.step for timed in sample.measurement.steps] == ["spin", "nothing"]
    assert sample.measurement.steps[1].calls > 1, "a step too short to time once is repeated inside the sample"
    assert 0 < sample.effective_cores < 1.5
    assert sample.measurement.threads >= 1
    assert sample.measurement.idle_s > 0


def test_two_cores_are_compared_with_one(tmp_path):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    run = race(tmp_path, cores=2).record
    assert {(count.side, count.cores) for count in run.core_counts} == {(side, n) for side in Side for n in (1, 2)}
    assert run.best_ratio.value > 1
    assert {p.reason.partition(":")[0] for p in run.placements} and len(run.placements) == 2


def test_a_race_that_has_taken_longer_than_its_budget_tries_no_other_cores(tmp_path, monkeypatch):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    # As if four budgets had been spent when the race ends.
    monkeypatch.setattr(bench.race.race, "LONGEST_OVERRUN", 0.1)
    run = race(tmp_path, cores=2).record
    assert run.state is State.FINISHED, run.failure
    assert not run.core_counts
    finding = next(f for f in run.claim().findings if f.title == "Best against best")
    assert finding.outcome is Outcome.ANNOTATED and "only 2 cores tried" in finding.seen


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise", "this arm was told to fail"),
        ("raise-preparing", "there is nothing to work on"),
        ("die", "SIGKILL"),
        ("hang", "did not answer within 5 s"),
        ("garbage", "not in the protocol"),
    ],
)
def test_a_fault_ends_in_a_clear_failure_with_the_log(tmp_path, home, fault, words):
    run = race(tmp_path, parameters={"fault": fault}).record
    assert run.state is State.FAILED
    assert words in run.failure.what
    assert "accelerated arm (half the work)" in run.failure.what
    assert run.failure.remedy
    assert run.failure.side is Side.ACCELERATED
    assert not wait_gone(home)


def test_the_log_of_a_failed_arm_is_kept(tmp_path):
    run = race(tmp_path, parameters={"fault": "raise"}).record
    assert any("RuntimeError: this arm was told to fail" in line for line in run.failure.log)


def test_printing_to_standard_output_harms_nothing(tmp_path):
    run = race(tmp_path, parameters={"fault": "print"}).record
    assert run.state is State.FINISHED


def test_an_arm_that_eats_memory_is_ended_with_the_figures(tmp_path, monkeypatch):
    import bench.race.race

    monkeypatch.setattr(bench.race.race, "MEMORY_SHARE", 500 * 2**20 / _available())
    run = race(tmp_path, parameters={"fault": "memory"}).record
    assert run.state is State.FAILED
    assert "GiB that may be used" in run.failure.what
    assert run.failure.side is Side.ACCELERATED


def test_what_an_arm_leaves_behind_in_another_session_is_swept(tmp_path, home):
    run = race(tmp_path, parameters={"fault": "orphan"}).record
    assert run.state is State.FINISHED
    assert not wait_gone(home)


@pytest.mark.parametrize("phase", ["preparing", "warming up", "racing", "trying core counts"])
def test_stopping_in_each_phase_leaves_nothing(tmp_path, home, phase):
    told: list = []
    cores = 2 if phase == "trying core counts" else 1
    if core_limit() < cores:
        pytest.skip("this process may use one core only")

    def stop():
        states = ["preparing", *(event.state.value for event in told if isinstance(event, events.Moved))]
        return Stopped(State.STOPPED, "Stop was pressed") if states[-1] == phase else None

    run = race(tmp_path, stop=stop, told=told, target=0, cores=cores).record
    assert run.state is State.STOPPED
    assert run.why == "Stop was pressed"
    assert not wait_gone(home)


def test_a_stopped_race_says_so_beside_its_claim(tmp_path):
    told: list = []

    def stop():
        enough = sum(event.type == "estimate" for event in told) > 2
        return Stopped(State.STOPPED, "Stop was pressed") if enough else None

    run = race(tmp_path, stop=stop, told=told, target=0, budget_s=20).record
    finding = next(f for f in run.claim().findings if f.rule == "complete")
    assert finding.outcome is Outcome.ANNOTATED
    assert "Stop was pressed" in finding.seen


@pytest.mark.parametrize("freeze", [False, True])
def test_what_an_arms_children_do_while_it_waits_is_counted_and_can_be_stopped(tmp_path, home, monkeypatch, freeze):
    monkeypatch.setitem(registry(), "trial", replace(registry()["trial"], freeze_idle=freeze))
    run = race(tmp_path, parameters={"fault": "busy-child", "loops": 3_000_000}, target=0).record
    assert run.state is State.FINISHED, run.failure
    waits = [sample.measurement for sample in run.of_side(Side.ACCELERATED)]
    used, idle = (sum(times) for times in zip(*((wait.idle_processor_s, wait.idle_s) for wait in waits), strict=True))
    if freeze:
        # Only in the moments that a thawed arm has to come to itself.
        assert used < THAW_S * len(waits) + 0.1 * idle
    else:
        # It wants the core all the time, and shares it with the arm that is timed and with whatever else runs here.
        assert used > 0.05 * idle
    assert not wait_gone(home)


def test_a_step_that_stands_apart_is_timed_and_no_part_of_the_whole(tmp_path, monkeypatch):
    trial = registry()["trial"]
    spin, nothing = trial.steps
    steps = (replace(spin, apart=True), nothing)
    monkeypatch.setitem(registry(), "trial", replace(trial, steps=steps))
    run = race(tmp_path).record
    assert run.state is State.FINISHED, run.failure
    assert run.comparison("spin").baseline.median > run.comparison().baseline.median
    assert all(sample.seconds("spin") > sample.whole_s for sample in run.of_side(Side.BASELINE))


def test_a_parameter_chooses_the_steps(tmp_path, monkeypatch):
    trial = registry()["trial"]
    steps = tuple(replace(step, groups=("none",) if step.name == "spin" else ("raise",)) for step in trial.steps)
    monkeypatch.setitem(registry(), "trial", replace(trial, steps=steps, chosen_by="fault"))
    run = race(tmp_path).record
    assert [step.name for step in run.plan.steps] == ["spin"]
    assert run.state is State.FAILED, "the arm timed what was not chosen, and that is noticed"
    assert "not those declared" in run.failure.what


def test_lazy_work_is_refused(tmp_path):
    run = race(tmp_path, parameters={"fault": "lazy"}).record
    finding = next(f for f in run.claim().findings if f.rule == "materialised")
    assert finding.outcome is Outcome.REFUSED
    assert not run.claim().made


def test_a_fast_path_that_did_not_run_is_refused(tmp_path):
    run = race(tmp_path, parameters={"fault": "not-engaged"}).record
    finding = next(f for f in run.claim().findings if f.rule == "engaged")
    assert finding.outcome is Outcome.REFUSED
    assert not run.claim().made


def test_an_arm_is_warm_when_it_no_longer_gets_faster():
    assert not is_warm([1.0, 1.0, 1.0])
    assert is_warm([1.0, 1.0, 1.0, 1.0])
    assert not is_warm([2.0, 1.5, 1.2, 1.0])
    assert is_warm([2.0, 1.0, 1.01, 1.02, 0.99])


def test_calls_make_a_short_step_last_long_enough():
    assert calls_for(0.1) == 1
    assert calls_for(0.001) * 0.001 >= 0.005
    assert calls_for(0.0) == 100_000
    assert calls_for(1e-5, 0.01) == 20, "no more often than the slower arm bears"
    assert calls_for(1e-5, 10.0) == 1


def _available() -> int:
    import psutil

    return psutil.virtual_memory().available


def test_who_is_ready_first_gives_an_early_sample_that_counts_nowhere(tmp_path, monkeypatch):
    monkeypatch.setitem(registry(), "trial", replace(registry()["trial"], early=True))
    told: list = []
    run = race(tmp_path, told=told, parameters={"fault": "slow-prepare"}).record
    assert run.state is State.FINISHED, run.failure
    [early] = [sample for sample in run.samples if sample.phase is Phase.EARLY]
    assert early.side is Side.BASELINE
    kinds = [(event.type, getattr(getattr(event, "prepared", event), "side", None)) for event in told]
    assert kinds.index(("sample", None)) < kinds.index(("prepared", Side.ACCELERATED)), "while the other still prepares"
    assert run.comparison().baseline.count == len(run.of_side(Side.BASELINE)), "no statistic holds it"
    assert "Warm-up" in " ".join(finding.title for finding in run.claim().findings)


def test_a_race_goes_on_for_the_pairs_that_a_claim_needs_and_no_further_than_twice_the_budget(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.race.race.PAIRS_BEYOND_BUDGET", 10**6)
    run = race(tmp_path, budget_s=2, target=0).record
    assert run.state is State.FINISHED
    last = run.of_side(Side.BASELINE)[-1].measurement
    first = run.samples[0].measurement
    assert last.began - first.began > 2.0, "beyond the budget"
    assert last.began - first.began < 4.0 * 2.0, "and yet it ended"
