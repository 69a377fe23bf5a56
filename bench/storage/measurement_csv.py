"""Measurements as CSV, for spreadsheets and notebooks.

Each report is a row, and so is each entry of a list in the result. The column `table` has the name of the report or of
the list, `row` counts from 0 in each table, and `at` has the seconds from the start to a report. The plain fields of
the result are one row of the table `result`. The other columns are the fields of all tables: those of a nested object
are named `object.field`, and other lists are JSON. A field that a table does not have is empty. Rows of a
list in a list have the column `parent`: the row of the object that they belong to.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from bench.run.measurement import MeasurementRecord
from bench.storage.csv_cells import protect_cell

RESULT_TABLE = "result"
NO_PARENT: Mapping[str, int] = {}
FIRST_COLUMNS = ("table", "row", "at")


def measurement_tables(record: MeasurementRecord) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table by its name: the reports first, then the result."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for report in record.reports:
        tables.setdefault(report.name, []).append({"at": report.at} | _flatten(report.value))
    if record.result is not None:
        _add_object(tables, RESULT_TABLE, record.result)
    return {name: rows for name, rows in tables.items() if rows}


def measurement_csv(record: MeasurementRecord) -> str:
    rows = [
        {"table": name, "row": number} | fields
        for name, fields_of_rows in measurement_tables(record).items()
        for number, fields in enumerate(fields_of_rows)
    ]
    columns = dict.fromkeys([*FIRST_COLUMNS, *(column for row in rows for column in row)])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([protect_cell(column) for column in columns])
    writer.writerows([protect_cell(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue()


def _add_object(
    tables: dict[str, list[dict[str, Any]]], name: str, value: Mapping[str, Any], parent: Mapping[str, int] = NO_PARENT
) -> None:
    """Add an object as one row of the table `name`, and each of its lists of objects as a table of its own.

    Rows of a list in a list have the column `parent`: the row of the object that they belong to.
    """
    lists = {field: content for field, content in value.items() if _is_list_of_objects(content)}
    plain = _flatten({field: content for field, content in value.items() if field not in lists})
    rows = tables.setdefault(name, [])
    # An object without plain fields gets a row too, so that the rows of its lists can refer to it.
    if plain or (lists and name != RESULT_TABLE):
        rows.append(dict(parent) | plain)
    for field, content in lists.items():
        is_top = name == RESULT_TABLE
        for entry in content:
            _add_object(
                tables,
                field if is_top else f"{name}.{field}",
                entry,
                NO_PARENT if is_top else {"parent": len(rows) - 1},
            )


def _flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The fields of an object and of the objects in it, as text or numbers."""
    fields: dict[str, Any] = {}
    for name, content in value.items():
        if isinstance(content, dict):
            fields |= _flatten(content, f"{prefix}{name}.")
        elif isinstance(content, list):
            fields[prefix + name] = json.dumps(content, ensure_ascii=False)
        else:
            fields[prefix + name] = content
    return fields


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)
