"""A stored measurement as text: the text that its result has, or lines of JSON, because every task reports others."""

from __future__ import annotations

import json

from pydantic import ValidationError
from rich.console import Console

from bench.cli.console import make_table, print_table
from bench.cli.race_report import print_edited, print_failure
from bench.formatting import format_duration
from bench.run.measurement import MeasurementRecord
from bench.values.output import Table, TextReport


def print_measurement(console: Console, record: MeasurementRecord) -> None:
    """Who, when and how long, and every reported value and the result as a line of JSON each."""
    snapshot = record.snapshot
    reason = f": {record.why}" if record.why else ""
    title = f"{snapshot.title}, {record.task_label}, {record.state}{reason}   measurement {record.id[:8]}"
    console.print(title, style="bold")
    print_edited(console, record)
    console.print(f"{record.machine.short}; {snapshot.command}")
    started = f"{record.started.astimezone():%Y-%m-%d %H:%M}"
    console.print(f"started {started}, took {format_duration(record.seconds)}")
    if not print_text_report(console, record):
        for report in record.reports:
            console.print(json.dumps({report.name: report.value}), soft_wrap=True)
        if record.result is not None:
            console.print(json.dumps({"result": record.result}), soft_wrap=True)
    if record.failure:
        print_failure(console, record.failure)


def print_text_report(console: Console, record: MeasurementRecord) -> bool:
    """Print the text in the field `text` of a result. Returns False, and prints nothing, if there is none."""
    try:
        report = TextReport.model_validate((record.result or {})["text"])
    except (KeyError, ValidationError):
        return False
    for sentence in report.heading:
        console.print(sentence, soft_wrap=True)
    for table in report.tables:
        console.print()
        _print_table(console, table)
    console.print()
    for sentence in report.notes:
        console.print(sentence, soft_wrap=True)
    return True


def _print_table(console: Console, table: Table) -> None:
    numeric = [
        column
        for place, column in enumerate(table.columns)
        if all(not row[place] or row[place][0] in "0123456789<" for row in table.rows)
    ]
    printed = make_table(console, *table.columns, right=tuple(numeric))
    for row in table.rows:
        printed.add_row(*row)
    print_table(console, printed)
