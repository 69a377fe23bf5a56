"""Modin on a Ray of the arm's own: its object store, token and folder, its races, and its death."""

import os
import re
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bench.run import events
from bench.run.events import State
from bench.system.process_tree import list_descendants
from bench.values.base import Arm
from bench.values.samples import Phase
from bench.workload.interface import BadInput
from tests.support.modin import needs_ray, run_modin_race
from tests.support.processes import wait_until_gone
from workloads.modin.engines import ray_engine


def test_an_object_store_that_does_not_fit_into_shared_memory_is_refused(monkeypatch):
    monkeypatch.setattr(ray_engine.shutil, "disk_usage", lambda folder: make_disk_usage(64 << 20))
    with pytest.raises(BadInput, match="needs 256 MiB of shared memory, and 64 MiB are available") as refusal:
        ray_engine._choose_store_bytes(1000)
    assert "--shm-size" in refusal.value.remedy


def make_disk_usage(free: int):
    return ray_engine.shutil._ntuple_diskusage(free, 0, free)


def test_only_the_user_can_read_the_token_of_ray(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine.os, "environ", {"RAY_ADDRESS": "elsewhere:6379", "OMP_NUM_THREADS": "2"})
    ray_engine._set_environment(tmp_path)
    token = Path(ray_engine.os.environ["RAY_AUTH_TOKEN_PATH"])
    assert token.parent == tmp_path
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert not {"RAY_ADDRESS", "OMP_NUM_THREADS"} & set(ray_engine.os.environ)


def test_the_folder_of_ray_has_a_short_name_that_other_processes_of_the_user_can_open(tmp_path):
    scratch = tmp_path / ("long" * 30)
    scratch.mkdir()
    folder = ray_engine._create_ray_folder(scratch)
    assert len(str(folder)) < 30
    (scratch / "ray" / "there").touch()
    listing = subprocess.run(["ls", str(folder)], check=True, capture_output=True, text=True).stdout.split()
    assert listing == ["there"]
    assert stat.S_IMODE((scratch / "ray").stat().st_mode) == 0o700
    os.close(int(folder.name))


@needs_ray
def test_a_race_names_the_call_whose_results_differ_and_claims_nothing_about_references(tmp_path, home):
    scripts: set[str] = set()

    def list_scripts(event: events.Event) -> None:
        if isinstance(event, events.ArmPrepared) and event.prepared.arm is Arm.ACCELERATED:
            for pid in list_descendants(os.getpid()):
                with suppress(psutil.Error):
                    scripts.update(Path(word).name for word in psutil.Process(pid).cmdline()[:4])

    # Time for the second pair, also on a busy machine: pandas is first in it.
    run = run_modin_race(tmp_path, list_scripts, case="calls", budget_s=40)
    assert run.state is State.FINISHED, run.failure
    assert {"raylet", "gcs_server"} <= scripts
    assert not {"monitor.py", "log_monitor.py", "dashboard.py"} & scripts, "services that no task uses"
    assert not [script for script in scripts if "agent" in script.lower()], "nor agents of the raylet"
    assert not [sample for sample in run.samples if sample.phase is Phase.EARLY]
    assert State.WARMING_UP not in [span.name for span in run.timeline], "the arms have timed their calls"
    activities = [span.name for span in run.timeline if span.arm is Arm.ACCELERATED]
    first = activities.index("starting Ray")
    expected = ["starting Ray", "importing pandas and Modin", "waiting for Ray's workers", "first task of Modin"]
    assert activities[first : first + 4] == expected
    storing = [span for span in run.timeline if span.name == "storing the results"]
    assert {span.arm for span in storing} == set(Arm)
    last_pair = max(sample.repetition.began for sample in run.samples if sample.phase is Phase.RACE)
    assert min(span.began for span in storing) > last_pair, "they would delay the pairs"
    table = next(table for table in run.tables if table.name == "equality")
    # With so few rows some keys have only missing values. pandas' pivot_table leaves them out, Modin's does not.
    assert [row[0] for row in table.rows if row[2] != "equal"] == ["pivot_table"]
    assert "results differ: pivot_table" in run.claim("pivot_table").sentence
    assert "results differ" not in run.claim("groupby_sum").sentence
    evidence_by_step = {evidence.step: evidence for evidence in run.evidence[Arm.ACCELERATED]}
    assert [name for name, evidence in evidence_by_step.items() if not evidence.materialised] == ["concat"]
    groupby_sum = evidence_by_step["groupby_sum"]
    assert groupby_sum.path == "accelerated"
    assert "partitions" in " ".join(groupby_sum.words)
    assert all(evidence.returned_s > 0 for evidence in evidence_by_step.values())
    # Both are medians of the same calls.
    result_ms = re.search(r"result after ([\d,.]+) ms", " ".join(groupby_sum.words))[1].replace(",", "")
    assert round(groupby_sum.returned_s * 1e3, 1) <= float(result_ms)
    assert not run.claim("concat").made
    samples = run.samples_of(Arm.BASELINE)
    assert {step.step for sample in samples for step in sample.repetition.steps if step.excluded_from_total} == {
        "concat"
    }
    waits = [s.repetition for s in run.samples_of(Arm.ACCELERATED, Phase.RACE) if s.place == 1]
    assert sum(w.idle_cpu_s for w in waits) < 0.05 * len(waits), "Ray was stopped while pandas was timed"
    assert not wait_until_gone(home)


@needs_ray
@pytest.mark.parametrize("when", ["between two samples", "inside a call"])
def test_ray_killed_during_a_race_is_a_clear_failure(tmp_path, home, when):
    def kill(event: events.Event) -> None:
        if when == "inside a call":
            is_due = isinstance(event, events.ArmProgressed) and "first call" in event.text
            is_due = is_due and event.arm is Arm.ACCELERATED
        else:
            is_due = isinstance(event, events.SampleTaken) and event.sample.arm is Arm.ACCELERATED
        if not is_due:
            return
        for pid in list_descendants(os.getpid()):
            if psutil.pid_exists(pid) and psutil.Process(pid).name() in ("raylet", "gcs_server"):
                os.kill(pid, signal.SIGKILL)

    run = run_modin_race(tmp_path, kill, case="etl")
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Ray)" in run.failure.what
    assert "ended while the arm was working" in run.failure.what
    assert run.failure.remedy
    assert not wait_until_gone(home)
