"""The recordings that come with Fairlap can be read, are of plans that exist today, and name nobody."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from bench.plan.query import to_query
from bench.run.events import State
from bench.run.replay import Replay
from bench.scheduler.run_import import read_run_file
from bench.workload.registry import load_workloads
from ui.tours.recordings import SHIPPED_RECORDINGS

FILES = sorted(SHIPPED_RECORDINGS.glob("*.json.gz"))
MAX_BYTES = 150_000
PATH = re.compile(r"(?<![\w.:/…~<-])/(home|root|tmp|usr|opt|var|work|mnt|etc|Users)\b")


def test_the_workloads_of_the_shipped_tours_have_one():
    recorded = {read_run_file(file).plan.workload for file in FILES}
    assert recorded == {name for name, workload in load_workloads().items() if not workload.hidden and name != "script"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_recording_is_small_and_names_neither_persons_nor_folders(file: Path):
    assert file.stat().st_size < MAX_BYTES
    assert not PATH.search(gzip.decompress(file.read_bytes()).decode())
    run = read_run_file(file)
    identity = run.machine.identity
    assert (identity.host, identity.machine_id, identity.boot_id, run.requester) == (None, None, None, "")
    assert all(prepared.pid == 0 and not prepared.environment for prepared in run.prepared)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_recording_is_of_a_plan_of_today_and_can_be_replayed_to_its_end(file: Path):
    run = read_run_file(file)
    to_query(run.plan)  # Raises PlanError for a case, a parameter or a value that no longer exists.
    assert run.state is State.FINISHED
    replay = Replay(run)
    states = {replay.at(replay.duration_s * part / 20).state for part in range(21)}
    assert {State.PREPARING, State.RACING, State.FINISHED} <= states
    end = replay.at(replay.duration_s)
    assert end.claims and end.comparison() and end.is_replay
