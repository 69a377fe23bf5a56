"""Records as JSON, for programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bench.claims.headline import report_headline
from bench.cli.errors import EXIT_STATUS, CommandError
from bench.machine.exhaustion import explain_error
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.run.job_record import JobRecord
from bench.storage.attempts import AttemptSummary, build_report
from bench.system.cache_entry import write_atomically

STANDARD_OUTPUT = Path("-")
NEW_FILE_MODE = 0o666
"""Mode of a new file, before the user's umask."""


def check_json_file(file: Path | None) -> None:
    """Check that the file can be written, so that this is reported before a job starts. The file is not touched.

    Raises PlanError.
    """
    if file in (None, STANDARD_OUTPUT):
        return
    target = file.resolve()
    if _is_stream(file):
        problem = "" if os.access(file, os.W_OK) else "Permission denied"
    elif target.is_dir():
        problem = "Is a directory"
    elif not target.parent.is_dir():
        problem = "There is no such folder"
    elif not os.access(target.parent, os.W_OK | os.X_OK):
        problem = "Its folder is not writable, and a file is replaced as a whole"
    else:
        problem = ""
    if problem:
        raise PlanError([f"--json {file}: {problem}; name a file in a folder that exists and is writable"])


def write_json(record: JobRecord, file: Path | None, attempts: AttemptSummary | None = None) -> None:
    """Write a record to a file, to standard output for `-`, or nowhere for None.

    A file that exists is replaced by the complete new one, or keeps its content. `attempts` are those at the plan of a
    race; None for a measurement, and if they are not known. Raises CommandError.
    """
    if file is None:
        return
    text = json.dumps(build_report(record, attempts, report_headline(record)), indent=1, ensure_ascii=False)
    if file == STANDARD_OUTPUT:
        print(text)
        return
    try:
        _write_file(file, f"{text}\n".encode())
    except OSError as error:
        found = explain_error(error, file.resolve().parent)
        raise CommandError(
            f"--json {file} was not written and is as it was: {found.what if found else error.strerror or error}. "
            f"When that is mended, write it again: python -m bench show {record.id[:8]} --json {file}",
            EXIT_STATUS[State.FAILED],
        ) from error


def _write_file(file: Path, content: bytes) -> None:
    if _is_stream(file):
        with file.open("ab") as stream:
            stream.write(content)
        return
    target = file.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else NEW_FILE_MODE & ~_read_umask()
    write_atomically(target, content, mode=mode)


def _is_stream(file: Path) -> bool:
    """Whether a file is written to, such as /dev/stdout or a named pipe, and cannot be replaced."""
    if file.absolute().is_relative_to("/dev") or file.absolute().is_relative_to("/proc"):
        return True
    return file.exists() and not file.is_file() and not file.is_dir()


def _read_umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
