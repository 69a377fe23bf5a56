"""Real races of a user's documents: a folder of 2,000 text files, and a Parquet file of 50,000 rows."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")

from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.scheduler.input_check import check_inputs
from bench.values.base import Arm
from tests.support.own_documents import make_columns, write_folder, write_table
from tests.support.runs import open_plan, run_race
from ui.views.documents.result import CONFUSION_TABLES
from workloads.documents.catalogue import TFIDF

LABELS = ("<script>alert(1)</script>", "**bold** [link](https://example.org)", "l" * 200, "class")


def make_own_plan(source: Path, documents: int) -> Plan:
    parameters = {"file": str(source), "components": 20, "topics": 4, "mapped": 100, "features": 500}
    plan = make_plan("documents", TFIDF, cores=1, budget_s=3, batch=documents, parameters=parameters)
    check_inputs(plan)
    return plan


def race(source: Path, documents: int, folder: Path) -> Run:
    return run_race(open_plan(make_own_plan(source, documents)), folder).record


def assert_raced(run: Run, documents: int) -> None:
    """Both arms have classified the same held-out quarter, and each class is in it."""
    assert run.state is State.FINISHED and {sample.arm for sample in run.samples} == set(Arm)
    assert run.quality is not None
    assert {prepared.arm: prepared.work for prepared in run.prepared} == dict.fromkeys(Arm, documents)
    assert len({prepared.data for prepared in run.prepared}) == 1
    tables = [table for table in run.tables if table.name in CONFUSION_TABLES.values()]
    assert len(tables) == len(Arm)
    for table in tables:
        counts = [[int(cell) for cell in row[1:]] for row in table.rows]
        assert sum(map(sum, counts)) == documents // 4
        assert all(sum(row) for row in counts)


def test_a_folder_of_2000_text_files_is_raced(tmp_path):
    run = race(write_folder(tmp_path / "reviews", 2_000), 3_600, tmp_path)
    assert_raced(run, 2_000)
    inputs = {raced.label: raced.text for raced in run.inputs}
    assert inputs["Documents"] == (
        "2,000 documents of 4 classes, text files in the folders of reviews: 1,500 to learn from, 500 held out"
    )
    assert inputs["Held out"].startswith("single documents of each class")


def test_a_parquet_file_of_50000_rows_is_raced_with_whatever_labels_it_has(tmp_path):
    run = race(write_table(tmp_path / "own.parquet", make_columns(50_000, labels=LABELS)), 2_400, tmp_path)
    assert_raced(run, 2_400)
    columns = [table.columns for table in run.tables if table.name in CONFUSION_TABLES.values()]
    assert columns == [["class of the row", *sorted(LABELS)]] * 2
    inputs = {raced.label: raced.text for raced in run.inputs}
    assert inputs["Documents"].startswith("2,400 documents of 4 classes, own.parquet (Parquet), texts of column text")
    assert inputs["Drawn"] == "2,400 of 50,000 documents, by the seed, of each class as its share"
