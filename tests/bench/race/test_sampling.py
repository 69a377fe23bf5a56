"""Samples, their pairs, and how often a step is called inside one."""

from dataclasses import replace

import pytest

from bench.race.sampling import MAX_REQUESTS, Sampler, choose_call_count, choose_request_count, find_step_times
from bench.run.events import State
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import Phase
from bench.workload.cases import Step
from bench.workload.declaration import RacePolicy
from bench.workload.registry import load_workloads
from tests.support.processes import wait_until_gone
from tests.support.runs import make_claim_sample, run_trial_race
from tests.support.trial_variants import replace_trial, replace_trial_case


def test_every_sample_has_its_pair_its_position_and_its_cpu_time(tmp_path):
    run = run_trial_race(tmp_path).record
    pairs: dict[int, list] = {}
    for sample in run.samples:
        if sample.phase is Phase.RACE:
            pairs.setdefault(sample.pair, []).append(sample)
    assert len(pairs) >= 3
    assert all({sample.arm for sample in pair} == set(Arm) for pair in pairs.values())
    assert all(sorted(sample.place for sample in pair) == [0, 1] for pair in pairs.values())
    assert {pair[0].arm for pair in pairs.values()} == set(Arm), "each arm begins some of the pairs"
    sample = run.samples[-1]
    assert [timed.step for timed in sample.repetition.steps] == ["spin", "nothing"]
    assert sample.repetition.steps[1].calls > 1, "a step too short to time once is repeated inside the sample"
    assert 0 < sample.effective_cores < 1.5
    assert sample.repetition.threads >= 1
    assert sample.repetition.idle_s > 0


def test_the_children_of_a_waiting_arm_use_no_cpu_time(tmp_path, home):
    parameters = {"fault": "busy-child", "loops": 3_000_000}
    run = run_trial_race(tmp_path, parameters=parameters, target=0).record
    assert run.state is State.FINISHED, run.failure
    waits = [sample.repetition for sample in run.samples_of(Arm.ACCELERATED)]
    used, idle = (sum(times) for times in zip(*((wait.idle_cpu_s, wait.idle_s) for wait in waits), strict=True))
    # Until the signals arrive, the child runs.
    assert used < 0.02 * len(waits) + 0.1 * idle, "the child wants a core all the time"
    assert not wait_until_gone(home)


def test_an_arm_with_background_services_gets_time_for_them_before_its_sample(tmp_path, monkeypatch):
    replace_trial(monkeypatch, policy=RacePolicy(resume_delay_s=0.05))
    parameters = {"fault": "busy-child", "loops": 500_000}
    run = run_trial_race(tmp_path, parameters=parameters, target=0).record
    waits = [sample.repetition for sample in run.samples_of(Arm.ACCELERATED)]
    assert sum(wait.idle_cpu_s for wait in waits) > 0.002 * len(waits)


def test_one_disturbed_sample_of_the_warm_up_does_not_decide_how_often_a_step_is_called():
    first_call, disturbed = 5.0, 0.9
    warm_up = [
        [make_claim_sample(arm, pair, fit) for pair, fit in enumerate((first_call, seconds, seconds, disturbed))]
        for arm, seconds in ((Arm.BASELINE, 0.002), (Arm.ACCELERATED, 0.001))
    ]
    assert find_step_times("fit", warm_up) == (0.001, 0.002)
    assert choose_call_count(*find_step_times("fit", warm_up)) == 20
    assert find_step_times("fit", [[samples[0]] for samples in warm_up]) == (first_call, first_call)


def test_requests_are_several_in_a_sample_and_not_too_many():
    assert choose_request_count(0.001) == choose_call_count(0.001)
    assert choose_request_count(0.03, 0.03) == 4, "one more is not timed, so a single one would be half of the time"
    assert choose_request_count(0.15, 0.15) == 2 and choose_request_count(5.0, 5.0) == 1
    assert choose_request_count(1e-7) == MAX_REQUESTS


def test_a_race_of_requests_goes_on_until_their_percentiles_are_known(tmp_path, monkeypatch):
    spin, nothing = load_workloads()["trial"].default_case.steps
    replace_trial_case(monkeypatch, steps=(replace(spin, is_request=True), nothing))
    run = run_trial_race(tmp_path, parameters={"loops": 30_000}, target=0.5, budget_s=60).record
    assert run.state is State.FINISHED, run.failure
    times = {arm: [ns for sample in run.samples_of(arm) for ns in sample.request_ns("spin")] for arm in Arm}
    for arm in Arm:
        summary = run.comparison("spin").summary(arm)
        assert summary.requests == len(times[arm]) >= 662
        assert min(times[arm]) <= 1e9 * summary.p50 <= 1e9 * summary.p90 <= 1e9 * summary.p99 <= max(times[arm])
    assert run.comparison().baseline.requests == 0, "the total of two steps is no request"
    assert run.comparison("nothing").baseline.p90 is None
    assert Run.model_validate_json(run.model_dump_json()) == run, "the times are stored"


def test_short_steps_are_called_several_times():
    assert choose_call_count(0.1) == 1
    assert choose_call_count(0.001) * 0.001 >= 0.02
    assert choose_call_count(0.0) == 100_000
    assert choose_call_count(1e-5, 0.01) == 20, "no more often than the slower arm bears"
    assert choose_call_count(1e-5, 10.0) == 1
    assert choose_call_count(0.01, 0.16) == 2, "the last call may end after the time that the slower arm bears"


@pytest.mark.parametrize(
    ("calls", "seconds", "expected"),
    [
        (1, 0.016, 1),  # Nearly as long as wanted.
        (1, 0.0101, 1),
        (1, 0.009, 3),  # Less than half as long.
        (2, 0.004, 6),
        (4, 0.004, 4),
    ],
)
def test_a_step_is_called_more_often_only_if_its_calls_take_less_than_half_of_what_they_should(
    calls, seconds, expected
):
    sampler = Sampler(None, None, None, steps=[Step("fit", "fit", "fit")], seed=0, resume_delay_s=0.0)
    sampler._calls = {"fit": calls}
    series = [
        [make_claim_sample(arm, pair, fit)] for pair, (arm, fit) in enumerate(zip(Arm, (0.03, seconds), strict=True))
    ]
    assert sampler.raise_call_counts(series) is (expected > calls)
    assert sampler._calls == {"fit": expected}


def test_the_arm_that_is_ready_first_does_its_first_call_while_the_other_still_prepares(tmp_path):
    emitted: list = []
    run = run_trial_race(tmp_path, emitted=emitted, parameters={"fault": "slow-prepare"}).record
    assert run.state is State.FINISHED, run.failure
    early = [sample for sample in run.samples if sample.phase is Phase.EARLY]
    assert [sample.arm for sample in early] == [Arm.BASELINE, Arm.ACCELERATED]
    kinds = [(event.type, getattr(getattr(event, "prepared", event), "arm", None)) for event in emitted]
    assert kinds.index(("sample", None)) < kinds.index(("prepared", Arm.ACCELERATED)), "while the other still prepares"
    assert run.comparison().baseline.count == len(run.samples_of(Arm.BASELINE)), "no statistic holds it"
    (warm,) = (finding for finding in run.claim().findings if finding.rule == "warm")
    assert "the first call, while both arms prepared, took" in warm.seen
