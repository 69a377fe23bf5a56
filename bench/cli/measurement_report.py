"""A stored measurement as text. Its values are lines of JSON, because every task reports others."""

from __future__ import annotations

import json

from rich.console import Console

from bench.cli.race_report import print_edited, print_failure
from bench.formatting import format_duration
from bench.run.measurement import MeasurementRecord


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
    for report in record.reports:
        console.print(json.dumps({report.name: report.value}), soft_wrap=True)
    if record.result is not None:
        console.print(json.dumps({"result": record.result}), soft_wrap=True)
    if record.failure:
        print_failure(console, record.failure)
