"""Arms that are stopped while they are timed: constructed runs, and a real race with SIGSTOP."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from bench.claims.interruption import MAX_PAUSE_SHARE
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.values.arms import PreparedArm, Service
from bench.values.base import Arm
from bench.values.claims import Outcome
from bench.values.samples import Phase, Repetition
from bench.workload.registry import load_workloads
from tests.support.runs import get_claim, get_finding, make_claim_run, run_trial_race

RULE = "ran-without-interruption"


def make_paused_run(factor: float, **fields) -> Run:
    """A race on one core whose baseline took `factor` times as long with the same CPU time: a true ratio of 2.5."""
    used = (1.0 / factor, 1.0)
    run = make_claim_run(fit=(5.0 * factor - 1.0, 1.0), used=used, threads=1, cores=1, **fields)
    return run


def change_repetitions(run: Run, arm: Arm, **changes) -> None:
    def change(repetition: Repetition) -> Repetition:
        return repetition.model_copy(update=changes)

    run.samples = [
        sample.model_copy(update={"repetition": change(sample.repetition)}) if sample.arm is arm else sample
        for sample in run.samples
    ]


def test_an_arm_that_was_stopped_is_refused_with_the_ratio_that_it_would_have():
    run = make_paused_run(1.5)
    finding = get_finding(run, RULE)
    assert finding.outcome is Outcome.REFUSED and finding.remedy
    assert finding.title == "An arm was interrupted"
    assert "nothing of the arms ran in 33 % and 0 % of their time" in finding.seen
    assert "without these pauses the ratio would be 2.50x, not 3.75x" in finding.seen
    assert not get_claim(run).made


@pytest.mark.parametrize("factor", [1.0, 1.08])
def test_an_arm_that_ran_almost_all_the_time_passes(factor):
    assert 1 - 1 / factor < MAX_PAUSE_SHARE
    assert get_finding(make_paused_run(factor), RULE).outcome is Outcome.PASSED


def test_pauses_of_both_arms_that_do_not_change_the_ratio_are_no_refusal():
    run = make_claim_run(used=0.8, threads=1, cores=1)
    assert get_finding(run, RULE).outcome is Outcome.PASSED
    assert get_finding(run, "cores-used").outcome is Outcome.ANNOTATED


def test_a_few_samples_that_were_stopped_do_not_refuse_what_the_median_does_not_show():
    run = make_claim_run(used=1.0, threads=1, cores=1)
    stopped = make_paused_run(1.5).samples[0]
    run.samples = [stopped, *run.samples[1:]]
    assert get_finding(run, RULE).outcome is Outcome.PASSED


def test_an_arm_that_was_stopped_is_refused_however_busy_its_threads_were():
    run = make_claim_run(fit=(4 / 0.6, 1.0), used=(1.2, 2.0))
    assert get_finding(run, RULE).outcome is Outcome.PASSED, "two threads can hide that they were stopped"
    change_repetitions(run, Arm.BASELINE, was_stopped=True)
    finding = get_finding(run, RULE)
    assert finding.outcome is Outcome.REFUSED and not get_claim(run).made
    assert "stopped and continued in 100 % and 0 % of their samples" in finding.seen


def test_steal_of_all_busy_processors_explains_only_the_part_of_one():
    run = make_paused_run(1.5)
    change_repetitions(run, Arm.BASELINE, steal_s=2.5, machine_busy_s=64 * run.samples[0].repetition.cpu_s)
    assert get_finding(run, RULE).outcome is Outcome.REFUSED


def test_a_pause_between_the_steps_counts_for_the_total():
    run = make_claim_run(used=1.0, threads=1, cores=1)
    for_steps = sum(time.cpu_s * time.calls for time in run.samples[0].repetition.steps)
    wall_s = run.samples[0].repetition.wall_s
    change_repetitions(run, Arm.BASELINE, other_s=wall_s, wall_s=2 * wall_s, cpu_s=for_steps)
    run.statistics = compare_samples([s for s in run.samples if s.phase is Phase.RACE], work=100)
    assert get_finding(run, RULE).outcome is Outcome.REFUSED
    assert get_finding(run, RULE, "fit").outcome is Outcome.PASSED


@pytest.mark.parametrize("reason", ["run_delay_s", "throttled_s", "steal_s"])
def test_time_that_the_kernel_or_the_hypervisor_kept_from_an_arm_is_no_pause(reason):
    """Other rules judge waiting and throttling; steal explains missing CPU time on a virtual machine."""
    run = make_paused_run(1.5)
    change_repetitions(run, Arm.BASELINE, **{reason: 2.5})
    assert get_finding(run, RULE).outcome is Outcome.PASSED


def test_threads_of_one_process_keep_a_core_busy_between_them():
    assert get_finding(make_claim_run(used=(1.2, 1.9)), RULE).outcome is Outcome.PASSED
    assert get_finding(make_claim_run(used=(0.6, 1.9)), RULE).outcome is Outcome.REFUSED


def test_steps_that_wait_for_files_are_not_judged():
    run = make_paused_run(1.5)
    steps = [step.model_copy(update={"waits_for_files": step.name == "fit"}) for step in run.snapshot.steps]
    run.snapshot = run.snapshot.model_copy(update={"steps": steps})
    for step, outcome in (("total", Outcome.PASSED), ("fit", Outcome.PASSED), ("predict", Outcome.REFUSED)):
        assert get_finding(run, RULE, step).outcome is outcome, step


def test_processes_and_services_that_wait_for_messages_are_not_judged():
    assert get_finding(make_paused_run(1.5, helpers=3), RULE).outcome is Outcome.PASSED
    run = make_paused_run(1.5)
    service = Service(what="a cluster", cores=1)
    ready: PreparedArm = run.prepared[1]
    run.prepared[1] = ready.model_copy(update={"service": service})
    assert get_finding(run, RULE).outcome is Outcome.PASSED
    finding = get_finding(make_paused_run(1.5, helpers=None), RULE)
    assert finding.outcome is Outcome.ANNOTATED and finding.title.startswith("Not known")


def test_the_calls_that_read_or_write_files_declare_it():
    case = load_workloads()["modin"].case("all")
    waiting = {step.name for step in case.steps if step.waits_for_files}
    assert waiting == {"etl", "read_csv", "read_parquet", "to_csv", "to_parquet"}
    for name in ("colour-quantization", "memory-traffic"):
        steps = [step for case in load_workloads()[name].cases for step in case.steps]
        assert not any(step.waits_for_files for step in steps)


def test_a_race_whose_baseline_is_stopped_half_of_the_time_claims_nothing(tmp_path):
    emitted: list = []
    ended = threading.Event()

    def stop_again_and_again() -> None:
        while not ended.wait(0.004):
            prepared = [event.prepared for event in list(emitted) if event.type == "prepared"]
            for pid in (ready.pid for ready in prepared if ready.arm is Arm.BASELINE):
                try:
                    os.kill(pid, signal.SIGSTOP)
                    ended.wait(0.004)
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    return

    attacker = threading.Thread(target=stop_again_and_again)
    attacker.start()
    try:
        run = run_trial_race(tmp_path, emitted=emitted, parameters={"loops": 200_000}).record
    finally:
        ended.set()
        attacker.join()
    assert run.failure is None
    finding = get_finding(run, RULE)
    assert finding.outcome is Outcome.REFUSED, finding
    assert not get_claim(run).made
