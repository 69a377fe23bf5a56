"""The rules about processor time: on constructed runs, and on real races beside busy loops on the same core."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.claims.processor_time import MAX_WAIT_SHARE, got_processor
from bench.claims.processor_use import measure_background_cores, measure_processor_use
from bench.machine.core_selection import choose_cores
from bench.run.events import State
from bench.run.record import Run
from bench.system.limits import Limits
from bench.values.base import Arm
from bench.values.claims import Outcome
from tests.support.runs import get_claim, get_finding, make_claim_run, make_claim_sample, run_trial_race

RUNNABLE = "of the time in which its threads could run"
BUSY_LOOP = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True)\nwhile True: pass"


def judge(made: Run, rule: str = "got-processor") -> tuple[Outcome, str]:
    found = get_finding(made, rule)
    assert (found.remedy == "") is (found.outcome is Outcome.PASSED)
    assert get_claim(made).made is (found.outcome is not Outcome.REFUSED)
    return found.outcome, found.seen


def test_an_arm_that_waited_more_than_the_other_is_refused_with_both_shares():
    """The background load is the same during both arms, but only the baseline shared its cores with it."""
    outcome, seen = judge(make_claim_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(1.0, 1.0)))
    assert outcome is Outcome.REFUSED
    assert f"the baseline arm waited for a processor in 50 % {RUNNABLE} and used 1.00 of 2 cores" in seen
    assert f"the accelerated arm waited for a processor in 0 % {RUNNABLE} and used 2.00 of 2 cores" in seen
    assert "without the waiting the ratio would be 1.25x, not 2.50x" in seen


def test_arms_that_waited_equally_long_are_refused_too():
    outcome, seen = judge(make_claim_run(used=1.2, delay=(0.8, 0.8), busy=(0.8, 0.8)))
    assert outcome is Outcome.REFUSED
    assert seen.count("waited for a processor in 40 % of the time in which its threads could run") == 2
    assert "without the waiting" not in seen


def test_waiting_that_is_alike_in_both_arms_and_does_not_change_the_ratio_is_a_note():
    outcome, seen = judge(make_claim_run(used=1.7, delay=(0.3, 0.3), busy=(0.3, 0.3)))
    assert outcome is Outcome.ANNOTATED
    assert seen.count("waited for a processor in 15 % of the time in which its threads could run") == 2
    assert "which changes the ratio by less than 5 %" in seen


@pytest.mark.parametrize(
    ("waits", "outcome"),
    [((0.08, 0.08), Outcome.PASSED), ((0.08, 0.0), Outcome.REFUSED), ((0.08, 0.05), Outcome.PASSED)],
)
def test_a_little_waiting_passes_if_it_does_not_change_the_ratio(waits, outcome):
    """The shares are of one core: each arm uses what the other programs leave of it."""
    used = (1 - waits[0], 1 - waits[1])
    assert judge(make_claim_run(used=used, delay=waits, busy=waits))[0] is outcome


def test_rare_waiting_that_the_median_does_not_show_passes():
    """One sample in twenty had half of its cores, which changes the sum a little and the median not at all."""
    made = make_claim_run()
    waiting = make_claim_sample(Arm.BASELINE, 0, 4.0, used=1.0, delay=1.0, busy=1.0)
    made.samples = [waiting, *made.samples[1:]]
    outcome, seen = judge(made)
    assert outcome is Outcome.PASSED
    assert "the baseline arm waited for a processor in 2 % of the time in which its threads could run" in seen


def test_waiting_that_the_median_shows_and_the_sums_hide_is_refused():
    """Most samples of the baseline wait a little, and one without waiting is so long that the share is small."""
    made = make_claim_run(used=(0.92, 1.0), delay=(0.08, 0.0), busy=(0.08, 0.0))
    long = make_claim_sample(Arm.BASELINE, 0, 499.0, busy=0.08, used=1.0)
    made.samples = [long, *made.samples[1:]]
    use = measure_processor_use(made.samples_of(Arm.BASELINE))
    assert use is not None and use.wait_share < 0.02
    outcome, seen = judge(made)
    assert outcome is Outcome.REFUSED
    assert "without the waiting the ratio would be 2.30x, not 2.50x" in seen


def test_threads_that_keep_all_cores_busy_do_not_lack_a_processor():
    assert judge(make_claim_run(used=2.0, delay=(2.0, 0.0)))[0] is Outcome.PASSED


@pytest.mark.parametrize("busy", [0.0, None])
def test_threads_that_share_a_core_while_another_is_idle_are_refused_whoever_did_it(busy):
    """An affinity of one core, or a kernel that packs threads: no other program ran, and yet the arm had one core."""
    made = make_claim_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(busy, busy))
    outcome, seen = judge(made)
    assert outcome is Outcome.REFUSED
    assert "without the waiting the ratio would be 1.25x, not 2.50x" in seen


def test_the_remedy_for_threads_that_share_a_core_is_not_to_close_other_programs():
    made = make_claim_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(0.0, 0.0))
    assert "shared a core while another core was idle" in get_finding(made, "got-processor").remedy
    loaded = make_claim_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(1.0, 1.0))
    assert "Close other programs" in get_finding(loaded, "got-processor").remedy


def test_helper_processes_that_wait_for_each_other_are_a_note():
    made = make_claim_run(used=(1.0, 2.0), delay=(1.0, 0.0), busy=(0.0, 0.0), helpers=3)
    outcome, seen = judge(made)
    assert outcome is Outcome.ANNOTATED
    assert "threads of one arm waited for each other in 50 % and 0 %" in seen


@pytest.mark.parametrize(("wait", "outcome"), [(0.4, Outcome.ANNOTATED), (0.7, Outcome.REFUSED)])
def test_more_threads_than_cores_may_wait_for_each_other_a_little(wait, outcome):
    """TensorFlow's threads wait in a fifth of their time on a quiet machine. A packed arm waits much longer."""
    made = make_claim_run(used=(2.0 - wait, 2.0), delay=(wait, 0.0), busy=(0.0, 0.0), threads=6)
    found, seen = judge(made)
    assert found is outcome
    assert "threads of one arm waited for each other in" in seen and "without the waiting" not in seen


def test_an_arm_of_one_thread_waits_for_others_even_if_no_clock_tick_saw_them():
    made = make_claim_run(used=(0.5, 1.0), delay=(0.5, 0.0), busy=(0.0, 0.0), threads=1)
    assert judge(made)[0] is Outcome.REFUSED
    assert "Close other programs" in get_finding(made, "got-processor").remedy


def test_waiting_for_the_next_period_of_a_quota_is_not_waiting_for_itself():
    outcome, seen = judge(make_claim_run(used=(1.5, 2.0), delay=(0.5, 0.0), throttled=(0.5, 0.0)))
    assert outcome is Outcome.REFUSED
    assert "the baseline arm waited for a processor in 25 % of the time in which its threads could run" in seen


def test_a_run_without_a_record_of_the_waiting_says_so():
    outcome, seen = judge(make_claim_run(delay=(None, None)))
    assert outcome is Outcome.ANNOTATED
    assert seen == "no record of how long the arms waited for a processor"


def test_one_core_that_an_arm_did_not_use_is_noted():
    made = make_claim_run(cores=1, used=0.5)
    assert get_finding(made, "cores-used").outcome is Outcome.ANNOTATED


@pytest.mark.parametrize(
    ("throttled", "outcome", "words"),
    [
        ((0.0, 0.0), Outcome.PASSED, "a CPU quota of 1.5 cores; no arm was stopped"),
        ((0.02, 0.02), Outcome.ANNOTATED, "the baseline arm for 2.00 s in 20 periods (1.0 %)"),
        ((0.15, 0.0), Outcome.REFUSED, "the baseline arm for 15.0 s in 20 periods (7.5 %)"),
        ((0.5, 0.5), Outcome.REFUSED, "(25.0 %) and the accelerated arm for"),
        ((None, None), Outcome.ANNOTATED, "the control group does not report it; a CPU quota of 1.5 cores"),
    ],
)
def test_throttling_is_noted_and_refused_if_it_is_large_or_unequal(throttled, outcome, words):
    made = make_claim_run(throttled=throttled)
    made.machine = made.machine.model_copy(update={"limits": Limits(cgroup=2, cpu_quota=1.5)})
    found, seen = judge(made, "not-throttled")
    assert found is outcome
    assert words in seen


def test_what_is_not_known_about_throttling_is_a_note_without_a_quota_too():
    made = make_claim_run(throttled=(None, None))
    made.machine = made.machine.model_copy(update={"limits": Limits()})
    assert judge(made, "not-throttled") == (
        Outcome.ANNOTATED,
        "the control group does not report it; no CPU quota of this process",
    )


def test_a_quota_of_another_group_is_called_so_and_an_arm_that_was_not_stopped_is_left_out():
    made = make_claim_run(throttled=(0.01, 0.0))
    made.machine = made.machine.model_copy(update={"limits": Limits()})
    assert judge(made, "not-throttled")[1] == (
        "a quota of another group stopped the baseline arm for 1.00 s in 20 periods (0.5 %)"
    )


@pytest.fixture
def loaded_core():
    """A core with three busy loops, which end with the test."""
    core = choose_cores(1)[0]
    loops = [
        subprocess.Popen([sys.executable, "-c", BUSY_LOOP, str(core)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    try:
        for loop in loops:
            assert loop.stdout
            loop.stdout.readline()  # The loop runs on the core now.
        yield core
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


needs_run_delay = pytest.mark.skipif(
    not os.path.exists("/proc/self/schedstat"), reason="this kernel does not report how long threads wait"
)


@needs_run_delay
def test_a_race_beside_busy_loops_on_its_core_is_refused(tmp_path, loaded_core):
    """The core belongs to four programs: whatever the samples are, the arms together waited for it."""
    run = run_trial_race(tmp_path, parameters={"loops": 200_000}).record
    assert run.state is State.FINISHED, run.failure
    assert {prepared.cores for prepared in run.prepared} == {1}
    found = get_finding(run, "got-processor")
    assert found.outcome is Outcome.REFUSED, found
    assert "waited for a processor" in found.seen
    assert not get_claim(run).made


@needs_run_delay
def test_a_race_on_a_core_of_its_own_is_not_refused(tmp_path):
    for attempt in range(3):
        (tmp_path / str(attempt)).mkdir()
        run = run_trial_race(tmp_path / str(attempt), parameters={"loops": 200_000}).record
        assert run.state is State.FINISHED, run.failure
        found = get_finding(run, "got-processor")
        if found.outcome is not Outcome.REFUSED:
            return
        loads = [measure_background_cores(run.samples_of(arm)) for arm in Arm]
    if any(load is None or load > MAX_WAIT_SHARE / 5 for load in loads):
        pytest.skip(f"other programs used the machine during all races: {loads} cores")
    pytest.fail(f"no other program ran, and yet: {found.seen}")


def test_the_reasons_of_the_rules_are_single_paragraphs():
    """Indented lines of a docstring would be drawn as code."""
    assert "\n" not in got_processor.why
    assert "shares its cores" in got_processor.why
    assert "25 %" in got_processor.limits and "5 %" in got_processor.limits
