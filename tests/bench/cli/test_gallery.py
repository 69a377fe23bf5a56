"""The command `gallery`, as a person calls it."""

from __future__ import annotations

import pytest

from bench.cli.main import main
from bench.scheduler.race_series import RaceSeries
from bench.storage.store import Store
from tests.support.command_line import run_command
from tests.support.estimator_runs import make_estimator_run, make_failed_run, plan_case
from workloads.estimators import WORKLOAD


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--case", "nonsense"], "there is no 'nonsense'"),
        (["--set", "nonsense=1"], "no case of estimators has such a parameter"),
        (["--set", "dtype"], "expected NAME=VALUE"),
        (["--max-rows", "1000"], "it belongs to --break-even"),
        (["--break-even", "--max-rows", "0"], "expected an integer from 1 to 10,000,000, got 0"),
        (["--break-even", "--set", "data=digits"], "real data has only so many rows"),
        (["--break-even", "--set", "file=own.csv"], "python -m bench run estimators --case CASE --set file="),
        (["--set", "file=own.csv"], "A table has only its own rows, and may change"),
        (["--cores", "100000"], "cores"),
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


def store_sizes(name: str, cores: int, gain_from: int) -> None:
    """Races at every size of a search, faster from `gain_from` rows on."""
    for batch in (100, 1_000, 3_000, 10_000):
        seconds = (0.002, 0.001) if batch >= gain_from else (0.001, 0.002)
        Store().save(make_estimator_run(plan_case(name, cores=cores, batch=batch), seconds=seconds))


@pytest.mark.usefixtures("four_cores")
def test_break_evens_and_core_counts_are_columns_of_one_table(capsys):
    store_sizes("ridge", 1, 3_000)
    store_sizes("ridge", 2, 100)
    options = ["--case", "ridge", "--batch", "10000", "--break-even", "--max-rows", "10000"]
    assert main(["gallery", "--cores", "2", "--cores", "1", *options]) == 0
    captured = capsys.readouterr()
    header, total, *steps = captured.out.splitlines()
    assert header.index("1 core: stock → accelerated") < header.index("2 cores: stock → accelerated")
    assert total.index("between 1,000 and 3,000 rows") < total.index("faster at all 4 sizes tried, 100 to 10,000 rows")
    assert "100 slower, 1,000 slower, 3,000 faster, 10,000 faster" in total
    assert [row.split()[:2] for row in steps] == [["Ridge", "fit"], ["Ridge", "predict"]]
    assert "between" not in steps[0], "the total decides"
    assert "race" not in captured.err, "everything was stored"
    assert main(["gallery", "--cores", "1", *options]) == 0
    header = capsys.readouterr().out.splitlines()[0]
    assert header.index("quality") < header.index("break-even") < header.index("sizes tried") < header.index("reason")


def test_a_size_that_failed_before_is_named_and_not_raced_again(capsys):
    store_sizes("ridge", 1, 3_000)
    Store().save(make_failed_run(plan_case("ridge", batch=30_000)))
    options = ["--cores", "1", "--case", "ridge", "--batch", "10000", "--break-even", "--max-rows", "30000"]
    assert main(["gallery", *options]) == 0
    captured = capsys.readouterr()
    assert "bench: ridge at 30,000 rows failed before: 10,000 rows take about 6 GiB." in captured.err
    assert "Use --again" in captured.err and "ridge (1 of 1)" not in captured.err
    assert "between 1,000 and 3,000 rows (failed at 30,000 rows: 10,000 rows take" in captured.out
    assert "10,000 faster, 30,000 failed" in captured.out


def test_a_case_whose_own_size_failed_has_a_row_with_its_other_sizes(capsys):
    for batch in (100, 1_000, 3_000):
        Store().save(make_estimator_run(plan_case("ridge", batch=batch), seconds=(0.001, 0.002)))
    Store().save(make_failed_run(plan_case("ridge")))
    options = ["--case", "ridge", "--batch", "10000", "--break-even", "--max-rows", "10000"]
    assert main(["gallery", "--cores", "1", *options]) == 0
    header, total = capsys.readouterr().out.splitlines()
    assert total.split()[:2] == ["Ridge", "total"] and total.index("no result") == header.index("claim")
    assert "slower at all 3 sizes that count, 100 to 3,000 rows (failed at 10,000 rows" in total


def test_a_case_that_is_too_slow_for_its_budget_is_named(capsys, monkeypatch):
    monkeypatch.setattr(RaceSeries, "run", lambda self, racer, report: None)
    main(["gallery", "--cores", "1", "--case", "svc", "--case", "ridge", "--batch", "100000"])
    warned = [line for line in capsys.readouterr().err.splitlines() if "no claim" in line]
    assert len(warned) == 1 and warned[0].startswith("bench: svc at 100,000 rows will probably make no claim: 8 pairs")


@pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason="scikit-learn-intelex is not installed")
def test_sizes_without_a_result_are_raced_and_stored():
    options = ("--cores", "1", "--case", "roc-auc-score", "--batch", "1000", "--budget", "2")
    done = run_command("gallery", *options, "--break-even", "--max-rows", "1000")
    assert done.returncode == 0, done.stderr
    assert "at most 2 races" in done.stderr and "roc-auc-score (1 of 1): 1,000 rows, 1 core" in done.stderr
    assert "roc_auc_score" in done.stdout and "break-even" in done.stdout
    rows = Store().rows()
    assert (rows[-1].case_name, rows[-1].batch) == ("roc-auc-score", 1000)
    # The path and with it the second race depend on the machine.
    assert {row.origin for row in rows} == {"command line"} and {row.batch for row in rows} <= {100, 1000}


@pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason="scikit-learn-intelex is not installed")
def test_rows_that_do_not_fit_into_memory_are_refused_before_a_race(capsys):
    assert main(["gallery", "--cores", "1", "--case", "pairwise-distances", "--batch", "10000000"]) == 1
    error = capsys.readouterr().err
    assert "bench: pairwise-distances at 10,000,000 rows: 10,000,000 rows" in error and "Choose at most" in error
    assert not Store().rows()
