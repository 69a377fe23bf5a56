"""Records as JSON, for programs."""

from __future__ import annotations

import json
from pathlib import Path

from bench.plan.validation import PlanError
from bench.run.job_record import JobRecord
from bench.storage.attempts import AttemptSummary, build_report

STANDARD_OUTPUT = Path("-")


def check_json_file(file: Path | None) -> None:
    """Create the file, so that one that cannot be written is reported before a job starts. Raises PlanError."""
    if file not in (None, STANDARD_OUTPUT):
        try:
            file.touch()
        except OSError as error:
            problem = f"--json {file}: {error.strerror}; name a file in a folder that exists and is writable"
            raise PlanError([problem]) from error


def write_json(record: JobRecord, file: Path | None, attempts: AttemptSummary | None = None) -> None:
    """Write a record to a file, to standard output for `-`, or nowhere for None. Raises OSError.

    `attempts` are those at the plan of a race; None for a measurement, and if they are not known.
    """
    if file is None:
        return
    text = json.dumps(build_report(record, attempts), indent=1, ensure_ascii=False)
    if file == STANDARD_OUTPUT:
        print(text)
    else:
        file.write_text(text + "\n")
