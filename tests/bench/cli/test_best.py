"""The command `best`, as a person calls it. Most of what it races is in the tests of the choice."""

from __future__ import annotations

import json

import pytest

from bench.cli.main import main
from bench.machine.describe import describe_machine
from bench.plan.validation import make_plan
from bench.scheduler.best_stages import BestStagesGoal, SelectedRuns, plan_all_stages
from bench.scheduler.race_series import RaceSeries, SeriesHistory
from bench.storage.store import Store
from tests.support.staged_runs import SelectingRacer, find_times

OPTIONS = ("--cores", "1", "--budget", "2")


def store_choice(times=find_times) -> SelectingRacer:
    """Store the races of a choice, without racing."""
    store, machine = Store(), describe_machine()
    goal = BestStagesGoal(plan_all_stages(make_plan("staged", cores=1, budget_s=2)), SelectedRuns(store, machine))
    racer = SelectingRacer(store, times)
    RaceSeries([goal], SeriesHistory(store, machine)).run(racer)
    return racer


def test_a_workload_without_stages_is_refused(capsys):
    assert main(["best", "trial", *OPTIONS]) == 2
    assert "trial, case loop: it has no stages" in capsys.readouterr().err
    assert not Store().rows()


def test_a_stored_choice_is_printed_with_the_race_that_confirms_it_and_nothing_is_raced(capsys, tmp_path):
    racer, file = store_choice(), tmp_path / "out.json"
    assert main(["best", "staged", *OPTIONS, "--json", str(file)]) == 0
    captured = capsys.readouterr()
    text = " ".join(captured.out.split())
    assert "race" not in captured.err and len(Store().rows()) == len(racer.runs) == 3
    assert "The best of each stage: Fast, Shy, 1.8x in total." in text
    assert "loses no" in text and "gains yes" in text and "Stages chosen after looking" in text
    assert "To race these stages again: python -m bench run staged --cores 1 --batch 1" in text
    run = json.loads(file.read_text())
    assert run["id"] == racer.runs[-1].id and run["selection"]["role"] == "confirm"
    assert "chosen after looking" in run["claim"]["sentence"]


def test_stages_that_do_not_gain_are_a_result_and_no_failure(capsys):
    store_choice(lambda chosen: {})
    assert main(["best", "staged", *OPTIONS]) == 0
    assert "No stage gains under these settings." in capsys.readouterr().out


def test_a_choice_whose_race_fails_is_a_failure(capsys, monkeypatch):
    monkeypatch.setattr(
        "bench.cli.commands.best.ConsoleRacer", lambda dispatcher: FailingConsoleRacer(dispatcher.store, fails=True)
    )
    assert main(["best", "staged", *OPTIONS]) == 1
    captured = capsys.readouterr()
    assert "at most 3 races" in captured.err and "race 1: all stages: Fast, Slow, Same, Shy" in captured.err
    assert "bench: An arm has ended. Look at its log." in captured.err
    assert "The best of each stage is not known yet." in captured.out


class FailingConsoleRacer(SelectingRacer):
    stopped = False

    def find_status(self, history, goals) -> int:
        return 0


@pytest.mark.parametrize("option", [["--target", "9"], ["--set", "accelerate=nonsense"]])
def test_wrong_options_start_nothing(capsys, option):
    assert main(["best", "staged", *OPTIONS, *option]) == 2
    assert "nonsense" in (error := capsys.readouterr().err) or "target" in error
    assert not Store().rows()
