"""A recording that is handed out has nothing of the person, the files and the installation that it was made with."""

from __future__ import annotations

import gzip
import re
import socket

import pytest

from bench.cli.main import main
from bench.run.anonymise import anonymise
from bench.run.record import Run
from bench.run.replay import Replay
from bench.scheduler.run_import import read_run_file
from bench.values.arms import EnvironmentVariable, Failure, Service, ThreadPool, VariableOrigin
from bench.values.base import Arm
from bench.values.output import Table
from tests.support.recorded_race import load_recorded_race
from tests.support.stored_runs import store_run

SECRETS = ("ann-secret", "/home/ann", "/opt/site", "98765432198765", "desk-17", "a1b2c3", "value-of-variable")


@pytest.fixture
def identified() -> Run:
    """A recorded race in which every field that may name somebody or something does."""
    run = load_recorded_race()
    identity = run.machine.identity.model_copy(update={"host": "desk-17", "machine_id": "a1b2c3", "boot_id": "a1b2c3"})
    machine = run.machine.model_copy(
        update={"identity": identity, "kernel": "6.1.0-desk-17", "booted_at": "98765432198765"}
    )
    variable = EnvironmentVariable(name="TOKEN", value="value-of-variable", origin=VariableOrigin.INHERITED)
    prepared = [
        one.model_copy(
            update={
                "pid": 98765432198765,
                "environment": [variable],
                "service": Service(what="Ray in /home/ann/ray", cores=2, pids=[98765432198765]),
                "facts": {"library": "/opt/site/lib.so"},
            }
        )
        for one in run.prepared
    ]
    pool = ThreadPool(api="blas", library="openblas", version="1", threads=2, file="/opt/site/libopenblas.so")
    failure = Failure(what="It failed.", remedy="See /home/ann/log.txt", log=["read /home/ann/x"])
    tables = [
        Table(name=name, label=name, columns=["text"], rows=[[f"{name} row"]] * count)
        for name, count in (("short", 3), ("long", 1000))
    ]
    changes = {
        "tables": tables,
        "machine": machine,
        "prepared": prepared,
        "thread_pools": {Arm.BASELINE: [pool]},
        "failure": failure,
    }
    return run.model_copy(update=changes | {"requester": "ann-secret", "parent_id": "a1b2c3"})


def test_names_folders_ids_and_variables_are_left_out(identified):
    text = anonymise(identified).model_dump_json()
    assert not [secret for secret in SECRETS if secret in text]
    assert "libopenblas.so" in text and "log.txt" in text
    assert "short row" in text and "long row" not in text


def test_what_a_claim_depends_on_stays(identified):
    copy = anonymise(identified)
    for name in ("samples", "statistics", "estimates", "claims", "plan", "snapshot", "quality", "timeline"):
        assert getattr(copy, name) == getattr(identified, name)
    for name in ("processor", "physical_cores", "memory_bytes", "caches", "versions"):
        assert getattr(copy.machine, name) == getattr(identified.machine, name)
    assert copy.machine.kernel == "6.1"


def test_a_race_of_own_files_is_refused(identified):
    parameters = identified.plan.parameters | {"image": "/home/ann/photo.png"}
    own = identified.model_copy(update={"plan": identified.plan.model_copy(update={"parameters": parameters})})
    with pytest.raises(ValueError, match="names a file or a model of this machine"):
        anonymise(own)


def test_the_command_writes_a_compressed_file_that_can_be_read_and_replayed(identified, tmp_path, capsys):
    run = store_run(identified, "a" * 32)
    file = tmp_path / "run.json.gz"
    assert main(["export", run.id, str(file), "--anonymous"]) == 0
    text = gzip.decompress(file.read_bytes()).decode()
    assert not [secret for secret in (*SECRETS, socket.gethostname()) if re.search(rf"\b{re.escape(secret)}\b", text)]
    read = read_run_file(file)
    assert read.samples == run.samples
    assert Replay(read).at(1e9).claims == run.claims
    again = tmp_path / "again.json.gz"
    assert main(["export", run.id, str(again), "--anonymous"]) == 0
    assert again.read_bytes() == file.read_bytes()
    capsys.readouterr()
