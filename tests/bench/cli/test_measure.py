"""The command `measure`, as a person calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench import paths
from bench.paths import ROOT
from bench.run.events import State
from bench.run.job import JobKind
from bench.storage.store import Store
from tests.support.command_line import call_main, run_command
from tests.support.processes import wait_until_gone
from tests.support.trial.measurements import Counted, CountResult

COUNT = ("measure", "trial", "count", "--cores", "1")


def test_reports_and_result_are_lines_of_json_and_the_measurement_is_stored(home, tmp_path, capsys):
    file = tmp_path / "count.json"
    result = run_command(*COUNT, "--set", "loops=5", "--arguments", '{"to": 3}', "--json", str(file))
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[:3] == [{"counted": {"number": number}} for number in (1, 2, 3)]
    assert lines[3]["result"]["done"] == 1
    assert not wait_until_gone(home)
    assert not list(paths.journals().iterdir())
    (row,) = Store().rows()
    assert (row.kind, row.task, row.origin) == (JobKind.MEASUREMENT, "count", "command line")
    record = Store().load(row.id)
    assert record.result_as(CountResult).loops == 5
    exported = json.loads(file.read_text())
    assert exported["id"] == row.id and exported["result"] == lines[3]["result"]

    assert call_main("show", row.id[:8]) == 0
    shown = capsys.readouterr().out
    assert "Trial, Count, finished" in shown and json.dumps(lines[0]) in shown
    assert record.snapshot.command in shown
    assert call_main("show", row.id[:8], "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == exported
    assert call_main("show") == 0
    assert "Trial, Count" in capsys.readouterr().out


def test_standard_output_may_be_the_json_alone():
    result = run_command(*COUNT, "--arguments", '{"to": 2}', "--json", "-")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["result"]["done"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--arguments", "[1]"), "argument --arguments"),
        (("--arguments", "{to: 3}"), "argument --arguments"),
        (("--arguments", "3"), "argument --arguments"),
        ((), "to: missing. The arguments of count are: to, fault."),
        (("--arguments", '{"to": 0}'), "to: should be greater than or equal to 1, got 0"),
        (("--arguments", '{"to": 1, "too": 1}'), "too: there is no such argument"),
        (("--arguments", '{"to": 1}', "--set", "work=half"), "measurements ignore the lever"),
        (("--arguments", '{"to": 1}', "--case", "dance"), "has no case 'dance'"),
        (("--arguments", '{"to": 1}', "--json", "/no/such/folder/x.json"), "/no/such/folder/x.json"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_starts(capsys, words, message):
    assert call_main(*COUNT, *words) == 2
    captured = capsys.readouterr()
    assert message in captured.err and not captured.out
    assert not Store().rows()


def test_only_measurements_can_be_measured(capsys):
    for task in ("dance", "stay"):
        assert call_main("measure", "trial", task) == 2
        assert f"{task}: trial has no such measurement; it has prepare, count" in capsys.readouterr().err


def test_a_failure_is_printed_with_its_remedy_and_stored():
    result = run_command(*COUNT, "--arguments", '{"to": 1, "fault": "raise"}')
    assert result.returncode == 1
    assert "that cannot be counted. Count something else." in result.stderr
    assert Store().rows()[0].state is State.FAILED


def test_control_c_stops_the_measurement_stores_it_and_leaves_nothing(home: Path):
    command = [sys.executable, "-m", "bench", *COUNT, "--arguments", '{"to": 4, "fault": "orphan"}']
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "counted" in process.stdout.readline() and "counted" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=120)
    assert process.returncode == 130
    assert messages.endswith("bench: stopped\n")
    (row,) = Store().rows()
    assert row.state is State.STOPPED
    assert Store().load(row.id).reports_as("counted", Counted) == [Counted(number=1), Counted(number=2)]
    assert not wait_until_gone(home)
    assert not list(paths.journals().iterdir())


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_command_line_interrupts_its_measurement(home: Path, sign):
    command = [sys.executable, "-m", "bench", *COUNT, "--arguments", '{"to": 4, "fault": "orphan"}']
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert "counted" in process.stdout.readline()
        process.send_signal(sign)
    assert not wait_until_gone(home)
    assert Store().rows()[0].state is State.INTERRUPTED
    assert not list(paths.journals().iterdir())
