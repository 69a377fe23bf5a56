"""The command `sweep`, as a person calls it, also after its process was killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from bench.cli.main import main
from bench.paths import ROOT
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.sweep import CellState, SweepRecord
from bench.storage.store import Store
from tests.support.command_line import run_command
from tests.support.waiting import wait_for

SMALL_OPTIONS = ("trial", "--over", "cores=1", "--over", "batch=1,2", "--budget-per-cell", "2", "--set", "loops=2000")
OPTIONS = ("trial", "--over", "cores=1", "--over", "batch=1,2,4", "--budget-per-cell", "2", "--set", "loops=2000")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--over", "nonsense=1"], "cannot vary it"),
        (["--over", "batch=1", "--over", "batch=2"], "batch is named 2 times"),
        (["--over", "batch=1,2", "--budget-per-cell", "1"], "--budget-per-cell: expected a number from 2 to 3,600"),
        (["--over", "batch=1,2", "--budget-per-cell", "0"], "--budget-per-cell: expected a number from 2 to 3,600"),
        (["--over", "batch=1,2", "--latency", "0"], "--latency: expected milliseconds above 0, got 0"),
        (["--over", "batch=1,2", "--latency", "nan"], "--latency: expected milliseconds above 0"),
        (["--over", "batch=1"], "one cell is no grid"),
        (["--over", "batch=1,1"], "1 is named more than once"),
        (["--over", "batch=1..1000", "--over", "loops=" + ",".join(map(str, range(1, 200)))], "cells, and a sweep"),
        (["--over", "batch=9999"], "expected an integer from 1 to 1,000"),
    ],
)
def test_wrong_options_start_nothing(capsys, options, message):
    assert main(["sweep", "trial", *options]) == 2
    assert message in capsys.readouterr().err
    assert not Store().rows()


def find_sweep() -> SweepRecord | None:
    rows = Store().rows(kind=JobKind.SWEEP)
    record = Store().load(rows[0].id) if rows else None
    return record if isinstance(record, SweepRecord) else None


def test_a_sweep_is_raced_printed_exported_and_shown(tmp_path, capsys):
    file = tmp_path / "sweep.json"
    done = run_command("sweep", *SMALL_OPTIONS, "--latency", "1000", "--json", str(file))
    assert done.returncode == 0, done.stderr
    assert "2 cells, 2 races to make; " in done.stderr and "cell 2 of 2: 1 core, batch 2" in done.stderr
    assert "2 cells: 2 measured, in " in done.stdout
    exported = json.loads(file.read_text())
    assert [cell["values"] for cell in exported["result"]["cells"]] == [[1, 1], [1, 2]]
    assert main(["show", exported["id"][:8]]) == 0
    assert "2 cells: 2 measured" in capsys.readouterr().out
    assert exported["snapshot"]["command"] == (
        "python -m bench sweep trial --over cores=1 --over batch=1,2 --set loops=2000 --budget-per-cell 2"
    )
    assert main(["sweep", *SMALL_OPTIONS]) == 0
    assert "2 measured (2 of them before)" in capsys.readouterr().out
    assert Store().count(kind=JobKind.RACE) == 2


def test_a_sweep_is_listed_and_stopped_by_its_id(capsys):
    command = [sys.executable, "-m", "bench", "sweep", *OPTIONS]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        going = wait_for(lambda: (record := find_sweep()) and record.sweep.active and record)
        assert main(["stop"]) == 0
        listed = capsys.readouterr().out
        assert "Trial, Sweep" in listed and going.id[:8] in listed
        stopped = run_command("stop", going.id[:8])
        assert stopped.returncode == 0, stopped.stderr
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    record = find_sweep()
    assert record is not None and record.state is State.STOPPED
    assert record.why == "a user stopped it on the command line"


def test_a_killed_sweep_goes_on_and_measures_nothing_twice():
    command = [sys.executable, "-m", "bench", "sweep", *OPTIONS]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: (record := find_sweep()) and record.sweep.count(CellState.MEASURED) >= 1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed = find_sweep()
    assert killed is not None and killed.state is State.MEASURING
    measured = {cell.run_id for cell in killed.sweep.cells if cell.run_id}
    done = run_command("sweep", *OPTIONS)
    assert done.returncode == 0, done.stderr
    assert f"continues the sweep {killed.id[:8]}" in done.stderr
    finished = find_sweep()
    assert finished is not None and finished.id == killed.id and finished.state is State.FINISHED
    assert measured <= {cell.run_id for cell in finished.sweep.cells} and finished.sweep.sessions == 2
    races = Store().rows(kind=JobKind.RACE, parent_id=killed.id)
    completed = [row.digest for row in races if row.state is State.FINISHED]
    assert sorted(completed) == sorted(cell.digest for cell in finished.sweep.cells), "each once"
