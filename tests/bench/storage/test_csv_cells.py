"""Texts in exported CSV files are never formulas."""

import csv
import io

import pytest

from bench.storage.csv_cells import protect_cell
from bench.storage.csv_export import jobs_csv
from bench.storage.measurement_csv import measurement_csv
from bench.storage.store import Store
from tests.support.measurements import make_measurement

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("https://evil.example")']


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert protect_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 3, None, "faster", "2025-11-24", "a=b", ""])
def test_everything_else_stays(value: object) -> None:
    assert protect_cell(value) is value


def test_exports_protect_names_of_people_texts_and_columns() -> None:
    record = make_measurement("trial", "count", {"to": 3}, requester="=cmd|' /C calc'!A0")
    Store().save(record)
    row = Store().row(record.id)
    assert row is not None
    [listed] = csv.DictReader(io.StringIO(jobs_csv([row], {})))
    assert listed["requester"] == "'=cmd|' /C calc'!A0"
    hostile = record.model_copy(update={"result": {"=evil": "@x", "plain": -2.0}})
    [written] = csv.DictReader(io.StringIO(measurement_csv(hostile)))
    assert (written["'=evil"], written["plain"]) == ("'@x", "-2.0")
