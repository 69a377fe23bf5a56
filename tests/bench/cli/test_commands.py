"""The command line, as a person calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from bench.paths import ROOT
from bench.storage.store import Store
from tests.support.command_line import call_main, run_command
from tests.support.processes import wait_until_gone

QUICK_OPTIONS = ("--cores", "1", "--budget", "2", "--set", "loops=1000")


def test_list_shows_the_workloads_and_none_that_are_hidden():
    result = run_command("list")
    assert result.returncode == 0
    assert "colour-quantization" in result.stdout
    assert "trial" not in result.stdout
    assert "selftest" not in result.stdout


def test_the_table_in_the_readme_is_that_of_the_declarations(capsys):
    assert call_main("list", "--markdown") == 0
    assert capsys.readouterr().out.strip() in (ROOT / "README.md").read_text()


def test_run_writes_complete_json_and_stores_the_run_and_attempts_are_counted(tmp_path, capsys):
    file = tmp_path / "out.json"
    result = run_command("run", "trial", *QUICK_OPTIONS, "--json", str(file))
    assert result.returncode == 0, result.stderr
    run = json.loads(file.read_text())
    for key in ("version", "plan", "machine", "samples", "statistics", "quality", "evidence", "verdict", "claim"):
        assert run[key] is not None, key
    assert {sample["arm"] for sample in run["samples"]} == {"baseline", "accelerated"}
    assert run["statistics"][0]["ratio"].keys() == {"value", "low", "high"}
    assert run["claim"]["sentence"] in result.stdout
    assert run["headline"]["sentence"] in " ".join(result.stdout.split())
    assert "racing:" in result.stderr

    again = tmp_path / "again.json"
    shown = run_command("show", run["id"][:8], "--json", str(again))
    assert shown.returncode == 0
    assert json.loads(again.read_text()) == run
    assert call_main("show") == 0
    assert run["id"][:8] in capsys.readouterr().out

    assert "of this plan on this machine" not in result.stdout
    second = run_command("run", "trial", *QUICK_OPTIONS)
    text = "of 2 of this plan on this machine;"
    assert f"Run 2 {text}" in " ".join(second.stdout.split())
    assert call_main("show") == 0
    assert "2 of 2" in capsys.readouterr().out
    store = Store()
    newer, older = store.rows()
    assert store.delete(newer.id)
    assert older.id == run["id"]
    assert call_main("show", older.id, "--json", again) == 0
    assert f"Run 1 {text}" in " ".join(capsys.readouterr().out.split())
    run = json.loads(again.read_text())
    assert (run["attempts"]["position"], run["attempts"]["count"]) == (1, 2)
    assert f"Run 1 {text}" in run["attempts"]["text"]
    assert run["outcome"] == run["claim"]["sentence"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "nothing"), "there is no 'nothing'"),
        (("run", "trial", "--cores", "4096"), "cores: expected an integer from 1 to"),
        (("run", "trial", "--set", "loops"), "expected NAME=VALUE"),
        (("run", "trial", "--set", "loops=-1"), "loops: expected an integer from 0 to 1,000,000,000, got -1"),
        (("run", "colour-quantization", "--set", "sklearnex=maybe"), "'maybe' is no value of the lever sklearnex"),
        (("show", "zzzz"), "no stored job has an id that begins with 'zzzz'"),
        (("check", "beside"), "invalid choice: 'beside'"),
        (("check", "store", "--workload", "bert"), "--workload: check store does not race a workload"),
    ],
)
def test_a_wrong_command_prints_a_message_and_exits_with_2(capsys, words, told):
    assert call_main(*words) == 2
    captured = capsys.readouterr()
    assert told in captured.err and not captured.out


def test_no_fault_can_be_started_without_the_workload_of_the_tests(monkeypatch):
    monkeypatch.delenv("FAIRLAP_EXTRA_WORKLOADS")
    trial = run_command("run", "trial", *QUICK_OPTIONS)
    assert (trial.returncode, "there is no 'trial'" in trial.stderr) == (2, True)
    fault = run_command("run", "selftest", *QUICK_OPTIONS, "--set", "fault=raise")
    assert (fault.returncode, "fault" in fault.stderr) == (2, True)


def test_an_extra_workload_that_cannot_be_used_is_named_and_exits_with_2(monkeypatch):
    monkeypatch.setenv("FAIRLAP_EXTRA_WORKLOADS", "no.such.package")
    result = run_command("list")
    assert result.returncode == 2
    assert "FAIRLAP_EXTRA_WORKLOADS: 'no.such.package' cannot be imported" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_failed_run_exits_with_1_and_shows_why(capsys):
    # A budget that does not end before the repetition with the fault, also on a busy machine.
    result = run_command("run", "trial", *QUICK_OPTIONS, "--budget", "30", "--set", "fault=raise")
    assert result.returncode == 1
    assert "this arm was told to fail" in result.stdout
    assert "No claim: the run failed" in result.stdout
    assert call_main("show") == 0
    assert "No claim: the run failed" in capsys.readouterr().out
    assert Store().rows()[0].state == "failed"


def test_a_store_that_cannot_be_used_exits_with_4(monkeypatch):
    monkeypatch.setenv("FAIRLAP_DATABASE", "sqlite:////no/such/folder/x.sqlite3")
    result = run_command("show")
    assert result.returncode == 4
    assert "FAIRLAP_DATABASE" in result.stderr


def test_control_c_stops_and_stores_the_run_and_leaves_no_process(home):
    command = [sys.executable, "-m", "bench", "run", "trial", "--cores", "1", "--budget", "60", "--target", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "racing" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "stopped" in out
    assert "No claim" in out and "Let the run finish" in " ".join(out.split())
    assert Store().rows()[0].state == "stopped"
    assert not wait_until_gone(home)


def test_an_unknown_home_folder_is_refused_before_anything_starts(capsys):
    assert call_main("run", "modin", "--set", "file=~nobody-of-this-name/x.csv") == 2
    assert "file: ~nobody-of-this-name/x.csv" in capsys.readouterr().err


def test_an_own_image_is_a_file_on_the_command_line(tmp_path):
    file = tmp_path / "mine.txt"
    Image.effect_noise((64, 48), 90).convert("RGB").save(file, "PNG")
    result = run_command(
        "run", "colour-quantization", "--cores", "1", "--budget", "2", "--set", f"image={file}", "--set", "colours=4"
    )
    assert result.returncode == 0, result.stderr
    run = Store().load(Store().rows()[0].id)
    assert run.plan.parameters["image"].startswith("upload:")
    assert run.prepared[0].facts["image"] == "64 × 48, 3,072 pixels"


def test_machine_describes_this_machine(capsys):
    assert call_main("machine", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["machine"]["processor"]
    assert told["noise"]["score"] >= 0
