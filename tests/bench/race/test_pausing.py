"""The processes of an arm are stopped unless the race has asked the arm for something."""

import os
import signal
import sys

import pytest

from bench.race.results import collect_evidence
from bench.run.events import EvidenceCollected, SampleTaken
from bench.system.kernel_files import KERNEL_FILES
from bench.system.process_tree import list_descendants
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.processes import wait_until_gone
from tests.support.trial_session import prepare_trial
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def read_state(pid: int) -> str:
    """The state of a process as in `ps`: `T` if it is stopped, `Z` if it has exited; empty if there is none."""
    return KERNEL_FILES.read_text(f"proc/{pid}/stat").rpartition(")")[2].strip()[:1]


def wait_until_stopped(*pids: int) -> None:
    """On a busy machine a signal takes more than a moment to arrive."""
    wait_for(lambda: all(read_state(pid) == "T" for pid in pids))


def test_an_arm_is_stopped_while_the_other_is_timed(tmp_path):
    arms = {}
    stopped: list[Arm] = []

    def emit(event):
        if isinstance(event, SampleTaken) and event.sample.phase is Phase.RACE:
            [other] = (process for arm, process in arms.items() if arm is not event.sample.arm)
            wait_until_stopped(other.pid)
            stopped.append(other.arm)

    with prepare_trial(tmp_path, emit=emit) as (session, prepared):
        arms |= prepared
        for _ in range(2):
            session.sampler.sample_round(arms.values(), Phase.RACE)
    assert sorted(stopped) == sorted([*Arm, *Arm])


def test_arms_continue_to_give_evidence_and_are_stopped_again(tmp_path):
    emitted: list = []
    with prepare_trial(tmp_path, emit=emitted.append) as (session, arms):
        session.sampler.sample_round(arms.values(), Phase.RACE)
        wait_until_stopped(*(process.pid for process in arms.values()))
        collect_evidence(session, arms)
        assert {event.arm for event in emitted if isinstance(event, EvidenceCollected)} == set(Arm)
        wait_until_stopped(*(process.pid for process in arms.values()))


def test_arms_are_stopped_as_soon_as_they_are_prepared(tmp_path):
    with prepare_trial(tmp_path) as (_, arms):
        wait_until_stopped(*(process.pid for process in arms.values()))


@pytest.mark.parametrize("ending", ["end", "SIGTERM", "SIGKILL"])
def test_stopped_processes_end_with_the_race_and_with_their_supervisor(tmp_path, home, ending):
    # Only a supervisor that is not killed can end the children of the worker.
    fault = "none" if ending == "SIGKILL" else "busy-child"
    with prepare_trial(tmp_path, parameters={"fault": fault}) as (session, arms):
        session.sampler.sample_round(arms.values(), Phase.RACE)
        pids = [pid for process in arms.values() for pid in (process.pid, *list_descendants(process.pid))]
        wait_until_stopped(*pids)
        if ending == "end":
            session.arms.end_all()
        else:
            for process in arms.values():
                os.kill(process.supervisor_pid, getattr(signal, ending))
        wait_for(lambda: all(read_state(pid) in ("", "Z") for pid in pids))
    assert not wait_until_gone(home)
