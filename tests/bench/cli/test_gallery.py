"""The command `gallery`, as a person calls it."""

from __future__ import annotations

import pytest

from bench.cli.main import main
from bench.storage.store import Store
from tests.bench.cli.test_commands import run_command
from tests.support.estimator_runs import make_estimator_run, plan_case
from workloads.estimators import WORKLOAD


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--case", "nonsense"], "there is no 'nonsense'"),
        (["--set", "nonsense=1"], "no case of estimators has such a parameter"),
        (["--set", "dtype"], "expected NAME=VALUE"),
    ],
)
def test_wrong_options_start_nothing(capsys, options, message):
    assert main(["gallery", "--cores", "1", *options]) == 2
    assert message in capsys.readouterr().err
    assert not Store().rows()


def test_cases_with_a_result_are_printed_without_a_race(capsys):
    Store().save(make_estimator_run(plan_case("ridge")))
    assert main(["gallery", "--cores", "1", "--case", "ridge"]) == 0
    captured = capsys.readouterr()
    assert "ridge (1 of 1)" not in captured.err
    rows = [line.split() for line in captured.out.splitlines()]
    assert [row[:2] for row in rows[1:]] == [["Ridge", "total"], ["Ridge", "fit"], ["Ridge", "predict"]]
    assert "10,000 × 100" in captured.out and "accuracy 92.5 | 92.5 %" in captured.out
    assert len(Store().rows()) == 1


@pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason="scikit-learn-intelex is not installed")
def test_a_case_without_a_result_is_raced_and_stored():
    done = run_command("gallery", "--cores", "1", "--case", "roc-auc-score", "--batch", "1000", "--budget", "2")
    assert done.returncode == 0, done.stderr
    assert "roc-auc-score (1 of 1)" in done.stderr and "roc_auc_score" in done.stdout
    (row,) = Store().rows()
    assert (row.case_name, row.batch, row.origin) == ("roc-auc-score", 1000, "command line")
