"""CSV of measurements: one table per report and per list of the result."""

from __future__ import annotations

import csv
import io

import pytest

from bench.run.measurement import MeasurementRecord, ResultReported, ValueReported
from bench.storage.measurement_csv import measurement_csv, measurement_tables
from tests.support.measurements import make_measurement
from tests.support.trial.measurements import Counted

RESULT = {
    "label": "all",
    "nested": {"deep": {"value": 1.5}},
    "sizes": [1, 2],
    "layers": [
        {"name": "first", "operators": [{"kind": "add"}, {"kind": "mul"}]},
        {"operators": [{"kind": "dot"}]},
    ],
    "empty": [],
}


@pytest.fixture
def record() -> MeasurementRecord:
    record = make_measurement("trial", "count", {"to": 2}, reports=[("counted", Counted(number=n)) for n in (1, 2)])
    record.apply(ValueReported(at=2.5, name="other", value={"seconds": 0.1}))
    record.apply(ResultReported(at=3.0, result=RESULT))
    return record


def test_reports_and_lists_of_the_result_are_tables(record):
    assert measurement_tables(record) == {
        "counted": [{"at": 1.0, "number": 1}, {"at": 1.0, "number": 2}],
        "other": [{"at": 2.5, "seconds": 0.1}],
        "result": [{"label": "all", "nested.deep.value": 1.5, "sizes": "[1, 2]", "empty": "[]"}],
        "layers": [{"name": "first"}, {}],
        "layers.operators": [
            {"parent": 0, "kind": "add"},
            {"parent": 0, "kind": "mul"},
            {"parent": 1, "kind": "dot"},
        ],
    }


def test_the_csv_has_all_tables_with_the_columns_of_each(record):
    rows = list(csv.DictReader(io.StringIO(measurement_csv(record))))
    assert [(row["table"], row["row"]) for row in rows[:3]] == [("counted", "0"), ("counted", "1"), ("other", "0")]
    assert list(rows[0])[:3] == ["table", "row", "at"]
    assert (rows[0]["number"], rows[0]["seconds"]) == ("1", "")
    assert float(rows[2]["seconds"]) == 0.1
    assert [row["kind"] for row in rows if row["table"] == "layers.operators"] == ["add", "mul", "dot"]


def test_a_measurement_without_values_has_only_the_header():
    assert measurement_csv(make_measurement("trial", "count", {"to": 2})) == "table,row,at\n"
