"""The command `profile`, as a person calls it. The races of scripts are tested with those of all workloads."""

from __future__ import annotations

import json

import pytest

from bench.run.events import State
from bench.run.job import JobKind
from bench.scheduler.script_jobs import estimate_race_runs
from bench.storage.store import Store
from tests.support.command_line import call_main, run_command
from tests.support.script_runs import write_script
from workloads.script.measurements import OutputLog, ProfileResult
from workloads.script.tasks import RUNS


def test_a_script_without_scikit_learn_is_profiled_and_not_raced(tmp_path, capsys):
    script = write_script(tmp_path, "import sys; print('hello', sys.argv[1:])\n")
    file = tmp_path / "profile.json"
    done = run_command("profile", "--cores", "1", "--json", file, script, "--rows", "3")
    assert done.returncode == 0, done.stderr
    assert "The script calls nothing of scikit-learn" in done.stdout
    assert "there is no race" in done.stderr
    announced = done.stderr.splitlines()[0]
    assert announced == (
        f"bench: script.py runs {RUNS} times for the profile, then in the race as often as 60 s allow. "
        "What it writes, it writes each time."
    )
    (row,) = Store().rows()
    assert (row.kind, row.workload, row.task) == (JobKind.MEASUREMENT, "script", "profile")
    record = Store().load(row.id)
    result = record.result_as(ProfileResult)
    assert result.arguments == ["--rows", "3"] and not result.sites and result.times.stock > 0
    logs = record.reports_as("output", OutputLog)
    assert [log.run for log in logs] == ["stock", "patched"]
    assert {log.stdout for log in logs} == {"hello ['--rows', '3']\n"}
    assert json.loads(file.read_text())["result"]["script"] == str(script)
    assert call_main("show", row.id[:8]) == 0
    shown = capsys.readouterr().out
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
def test_what_is_no_script_is_refused_before_a_job_is_queued(tmp_path, capsys, content, message):
    script = tmp_path / "script.py"
    if content is not None:
        script.write_text(content)
    assert call_main("profile", "--cores", "1", script) == 2
    assert message in capsys.readouterr().err.replace("source code string cannot contain ", "")
    assert not Store().rows()


def test_a_link_runs_the_script_that_it_leads_to_with_the_modules_beside_it(tmp_path):
    (tmp_path / "links").mkdir()
    write_script(tmp_path, "VALUE = 3\n", "helper.py")
    script = write_script(tmp_path, "import os, helper; print(helper.VALUE, os.getcwd())\n")
    (tmp_path / "links" / "link.py").symlink_to(script)
    done = run_command("profile", "--cores", "1", "--no-race", tmp_path / "links" / "link.py")
    assert done.returncode == 0, done.stderr
    (row,) = Store().rows()
    record = Store().load(row.id)
    assert record.result_as(ProfileResult).script == str(script)
    assert record.reports_as("output", OutputLog)[0].stdout == f"3 {tmp_path}\n"
    assert "in the race" not in done.stderr


def test_a_script_that_uses_up_its_input_says_so(tmp_path):
    (tmp_path / "data.csv").write_text("1\n")
    script = write_script(tmp_path, "import os; os.remove('data.csv'); print(1)\n")
    done = run_command("profile", "--cores", "1", script)
    assert done.returncode == 1
    assert "it may change its own input" in " ".join(done.stdout.split())


def test_the_number_of_runs_in_the_race_is_estimated_by_its_budget():
    assert estimate_race_runs(60, 3) == 44
    assert estimate_race_runs(60, 300) == 10
    assert estimate_race_runs(60, 0) == 10


def test_a_folder_and_wrong_options_are_refused(tmp_path, capsys):
    for words, message in (
        ([tmp_path], "this is a folder"),
        (["--limit", "0", __file__], "limit: expected an integer"),
    ):
        assert call_main("profile", *words) == 2
        assert message in capsys.readouterr().err
