"""Lines of tables that compare the cases of a workload."""

from __future__ import annotations

import pytest

from bench.claims.case_table import CSV_COLUMNS, CasePath, describe_case, find_path, list_csv_values
from bench.stats.break_even import SizeResult, SizeVerdict, find_break_even
from bench.values.base import Arm
from tests.support.estimator_runs import make_estimator_run, plan_case

STOCK = {"path": "stock", "accelerated_calls": 0, "reason": "sparse input is not supported"}
PARTS = STOCK | {"accelerated_calls": 3, "reason": "partial: only parts inside"}
UNKNOWN = STOCK | {"path": "unknown"}


@pytest.mark.parametrize(
    ("evidence", "path"),
    [
        ({}, CasePath.ACCELERATED),
        ({"predict": STOCK}, CasePath.PARTIAL),
        ({"fit": STOCK, "predict": STOCK}, CasePath.FALLBACK),
        ({"fit": PARTS, "predict": STOCK}, CasePath.PARTIAL),
        ({"fit": UNKNOWN, "predict": STOCK}, CasePath.UNKNOWN),
    ],
)
def test_the_path_follows_from_the_evidence_of_all_steps(evidence, path):
    run = make_estimator_run(plan_case("ridge"), **evidence)
    assert find_path(run) is path
    run.evidence[Arm.ACCELERATED].pop()
    assert find_path(run) is CasePath.UNKNOWN


def test_the_total_and_every_step_have_a_line_with_the_words_of_the_library():
    lines = describe_case(make_estimator_run(plan_case("ridge"), fit=STOCK))
    assert [line.step for line in lines] == ["total", "fit", "predict"]
    assert [line.path for line in lines] == [CasePath.PARTIAL, CasePath.FALLBACK, CasePath.ACCELERATED]
    assert lines[0].path_reason == lines[1].path_reason == "sparse input is not supported"
    assert lines[2].path_reason == ""
    assert (lines[0].rows, lines[0].columns) == (10_000, 100)
    assert lines[1].speed is None and "sparse input is not supported" in lines[1].reason
    found = find_break_even([SizeResult(100, SizeVerdict.SLOWER), SizeResult(3_000, SizeVerdict.FASTER)])
    values, fit, _ = (
        dict(zip(CSV_COLUMNS, row, strict=True)) for row in list_csv_values(lines, {lines[0].run_id: found})
    )
    assert (values["case"], values["path"], values["cores"], values["rows"]) == ("ridge", "partial", 1, 10_000)
    assert values["break_even"] == "between 100 and 3,000 rows" and fit["break_even"] is None, "the total decides"
    assert values["baseline_seconds"] == pytest.approx(4.0) and values["ratio"] == pytest.approx(2.0)


def test_a_function_has_one_line_and_too_few_pairs_a_reason():
    (line,) = describe_case(make_estimator_run(plan_case("roc-auc-score"), pairs=2))
    assert line.comparison is None and line.columns is None
    assert line.reason.startswith("Too few pairs: 2 pairs")
