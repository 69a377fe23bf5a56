"""Modin on Dask: a race, and the death of a worker."""

import os
import signal

import psutil

from bench.run import events
from bench.run.events import State
from bench.system.process_tree import list_descendants
from bench.values.base import Arm
from tests.support.modin import needs_dask, run_modin_race
from tests.support.processes import wait_until_gone


@needs_dask
def test_a_race_has_evidence_of_the_workers_and_leaves_no_process(tmp_path, home):
    run = run_modin_race(tmp_path, engine="modin-dask", case="common")
    assert run.state is State.FINISHED, run.failure
    evidence_by_step = {evidence.step: evidence for evidence in run.evidence[Arm.ACCELERATED]}
    assert {evidence.path for evidence in evidence_by_step.values()} == {"accelerated"}
    assert "1 active Dask workers" in " ".join(evidence_by_step["groupby_sum"].words)
    assert not any(words.startswith("0 B") for words in evidence_by_step["read_csv"].words)
    assert {measure.value for measure in run.quality.agreement if measure.decisive} == {100.0}
    assert "Dask" in run.prepared_arm(Arm.ACCELERATED).facts["engine"]
    assert not wait_until_gone(home)


@needs_dask
def test_a_killed_worker_is_a_clear_failure(tmp_path, home):
    def kill(event: events.Event) -> None:
        if isinstance(event, events.SampleTaken) and event.sample.arm is Arm.ACCELERATED:
            for pid in list_descendants(os.getpid()):
                if "multiprocessing.spawn" in " ".join(psutil.Process(pid).cmdline()):
                    os.kill(pid, signal.SIGKILL)

    run = run_modin_race(tmp_path, kill, engine="modin-dask", case="etl")
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Dask)" in run.failure.what
    assert run.failure.remedy
    assert not wait_until_gone(home)
