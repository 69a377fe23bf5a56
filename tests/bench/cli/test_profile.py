"""The command `profile`, as a person calls it. The races of scripts are tested with those of all workloads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.run.events import State
from bench.run.job import JobKind
from bench.storage.store import Store
from tests.support.script_runs import write_script
from workloads.script.measurements import OutputLog, ProfileResult


def run_command(*words: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "bench", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_script_without_scikit_learn_is_profiled_and_not_raced(tmp_path):
    script = write_script(tmp_path, "import sys; print('hello', sys.argv[1:])\n")
    file = tmp_path / "profile.json"
    done = run_command("profile", "--cores", "1", "--json", file, script, "--rows", "3")
    assert done.returncode == 0, done.stderr
    assert "The script calls nothing of scikit-learn" in done.stdout
    assert "there is no race" in done.stderr
    (row,) = Store().rows()
    assert (row.kind, row.workload, row.task) == (JobKind.MEASUREMENT, "script", "profile")
    record = Store().load(row.id)
    result = record.result_as(ProfileResult)
    assert result.arguments == ["--rows", "3"] and not result.sites and result.times.stock > 0
    logs = record.reports_as("output", OutputLog)
    assert [log.run for log in logs] == ["stock", "patched"]
    assert {log.stdout for log in logs} == {"hello ['--rows', '3']\n"}
    assert json.loads(file.read_text())["result"]["script"] == str(script)
    shown = run_command("show", row.id[:8]).stdout
    assert "Your script, Calls of scikit-learn, finished" in shown
    assert "The script calls nothing of scikit-learn" in shown and '"sites"' not in shown


def test_a_script_that_fails_fails_the_job_and_its_output_is_kept(tmp_path):
    script = write_script(tmp_path, "print('loading')\nraise ValueError('no such column')\n")
    done = run_command("profile", "--cores", "1", script)
    assert done.returncode == 1
    assert "script.py failed with exit status 1: ValueError: no such column" in done.stdout
    (row,) = Store().rows()
    assert row.state is State.FAILED
    (log,) = Store().load(row.id).reports_as("output", OutputLog)
    assert log.stdout == "loading\n" and "Traceback" in log.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        ("print('open\n", "script.py: line 1: unterminated string literal"),
        ("\0\0", "null bytes"),
    ],
)
def test_what_is_no_script_is_refused_before_a_job_is_queued(tmp_path, content, message):
    script = tmp_path / "script.py"
    if content is not None:
        script.write_text(content)
    done = run_command("profile", "--cores", "1", script)
    assert done.returncode == 2 and message in done.stderr.replace("source code string cannot contain ", "")
    assert not Store().rows()


def test_a_folder_and_wrong_options_are_refused(tmp_path):
    for words, message in (
        ([tmp_path], "this is a folder"),
        (["--limit", "0", __file__], "limit: expected an integer"),
    ):
        done = run_command("profile", *words)
        assert done.returncode == 2 and message in done.stderr
