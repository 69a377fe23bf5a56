"""Records as JSON, for programs."""

from __future__ import annotations

import json
from pathlib import Path

from bench.claims.headline import report_headline
from bench.cli.output_file import check_output_file, write_output_file
from bench.run.job_record import JobRecord
from bench.storage.attempts import AttemptSummary, build_report

STANDARD_OUTPUT = Path("-")


def check_json_file(file: Path | None) -> None:
    """Check that the file can be written. Raises PlanError."""
    if file is not None and file != STANDARD_OUTPUT:
        check_output_file("--json", file)


def format_json(record: JobRecord, attempts: AttemptSummary | None = None) -> str:
    """A record as the text of a file. `attempts` as for `write_json`."""
    return json.dumps(build_report(record, attempts, report_headline(record)), indent=1, ensure_ascii=False)


def write_json(record: JobRecord, file: Path | None, attempts: AttemptSummary | None = None) -> None:
    """Write a record to a file, to standard output for `-`, or nowhere for None.

    A file that exists is replaced by the complete new one, or keeps its content. `attempts` are those at the plan of a
    race; None for a measurement, and if they are not known. Raises CommandError.
    """
    if file is None:
        return
    text = format_json(record, attempts)
    if file == STANDARD_OUTPUT:
        print(text)
        return
    again = f"python -m bench show {record.id[:8]} --json {file}"
    write_output_file("--json", file, f"{text}\n".encode(), again)
