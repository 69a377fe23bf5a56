"""Files that commands write: checked before the work begins, and replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path

from bench.cli.errors import EXIT_STATUS, CommandError
from bench.machine.exhaustion import explain_error
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.system.cache_entry import write_atomically

NEW_FILE_MODE = 0o666
"""Mode of a new file, before the user's umask."""


def check_output_file(option: str, file: Path) -> None:
    """Check that the file of an option can be written, so that this is reported before the work begins. The file is
    not touched. Raises PlanError.
    """
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
        raise PlanError([f"{option} {file}: {problem}; name a file in a folder that exists and is writable"])


def write_output_file(option: str, file: Path, content: bytes, again: str) -> None:
    """Write the file of an option. A file that exists is replaced by the complete new one, or keeps its content.

    `again` is the command that writes it when the cause is mended. Raises CommandError.
    """
    try:
        _write_file(file, content)
    except OSError as error:
        found = explain_error(error, file.resolve().parent)
        raise CommandError(
            f"{option} {file} was not written and is as it was: {found.what if found else error.strerror or error}. "
            f"When that is mended, write it again: {again}",
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
