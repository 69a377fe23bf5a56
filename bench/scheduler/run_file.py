"""Reads the file of an exported race: input like any other. Nothing in it is believed before it is checked.

The digest finds edits by hand and by accident. It is no signature, because a person who edits a file can also write a
new digest.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import stat
import zlib
from pathlib import Path
from typing import Any, cast

from bench.formatting import escape_invisible, format_bytes
from bench.run.upgrades import read_version
from bench.storage.integrity import digest_export

COMPRESSED_SUFFIX = ".gz"
MAX_FILE_BYTES = 64 * 2**20
MAX_VALUES = 4_000_000
"""Most values in a file: each takes much more memory than its text."""
MAX_DEPTH = 32
"""Most levels of lists and objects; a run has 6."""
MAX_TEXT_CHARS = 100_000
MAX_INTEGER = 2**63 - 1
"""Largest integer that a database stores."""
EXPORT_COMMAND = "python -m bench export RUN FILE"
ASK_AGAIN = "Ask for the file as it was exported."


class ImportFileError(ValueError):
    """A file that cannot be imported. The text says why and what to do."""


def read_run_bytes(file: Path) -> bytes:
    """The content of a regular file of at most `MAX_FILE_BYTES`, unpacked if its name ends with `.gz`. Raises
    ImportFileError."""
    content = _read_file(file)
    return _unpack(content) if file.suffix == COMPRESSED_SUFFIX else content


def _unpack(content: bytes) -> bytes:
    """At most one byte more than `MAX_FILE_BYTES`: a small file may unpack to one that fills the memory."""
    try:
        with gzip.open(io.BytesIO(content)) as unpacked:
            return unpacked.read(MAX_FILE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportFileError(f"it cannot be unpacked: {error}. {ASK_AGAIN}") from error


def _read_file(file: Path) -> bytes:
    try:
        # Without O_NONBLOCK, opening a pipe would wait for a program that writes to it.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:
        raise ImportFileError(f"this is no path of a file: {error}") from error
    except OSError as error:
        raise ImportFileError(error.strerror or str(error)) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise ImportFileError(f"this is {kind}. Name a file that was exported with: {EXPORT_COMMAND}")
        with open(descriptor, "rb", closefd=False) as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ImportFileError(error.strerror or str(error)) from error
    finally:
        os.close(descriptor)


def parse_report(content: bytes) -> dict[str, Any]:
    """The content of an exported race whose digest fits. Raises ImportFileError."""
    report = _parse(content)
    if not isinstance(report, dict) or "version" not in report:
        raise ImportFileError(f"it is not an exported run. Export one with: {EXPORT_COMMAND}")
    fields = cast(dict[str, Any], report)
    try:
        # Before the digest: a newer version may compute it in another way.
        read_version(fields)
    except ValueError as error:
        raise ImportFileError(f"{error}") from error
    if "task" in fields:
        raise ImportFileError("it is a measurement, and only races can be imported.")
    check_values(fields)
    export = fields.get("export")
    if not isinstance(export, dict) or not isinstance(fields.get("claims"), dict):
        raise ImportFileError(
            "it has no digest. An older version of Fairlap exported it, or it was edited. Export it again with: "
            f"{EXPORT_COMMAND}"
        )
    if cast(dict[str, Any], export).get("digest") != digest_export(fields):
        raise ImportFileError(f"it was edited after it was exported: its content does not fit its digest. {ASK_AGAIN}")
    return fields


def _parse(content: bytes) -> object:
    if len(content) > MAX_FILE_BYTES:
        raise ImportFileError(f"it is larger than {format_bytes(MAX_FILE_BYTES)}, the largest file of a run.")
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise ImportFileError(f"it has more than {MAX_VALUES:,} values, so it is not the file of a run.")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ImportFileError(f"it is not JSON in UTF-8. Export the run with: {EXPORT_COMMAND}") from error
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        if _is_cut_off(text, error):
            raise ImportFileError(
                f"it ends in the middle, in line {error.lineno}: it was cut off. Copy or export it again."
            ) from error
        raise ImportFileError(f"it is not JSON: {error}. Export the run with: {EXPORT_COMMAND}") from error
    except RecursionError as error:
        raise ImportFileError(_describe_depth()) from error
    except ValueError as error:
        # Also of an integer with thousands of digits.
        raise ImportFileError(f"it is not the JSON of a run: {error}.") from error


_UNFINISHED = re.compile(r"|t|tr|tru|f|fa|fal|fals|n|nu|nul|\\?u?[0-9a-fA-F]{0,4}|[-.eE]+")
"""What is left of JSON that was cut off: nothing, or a part of a word, of an escape such as \\u00e9, or of a number."""


def _is_cut_off(text: str, error: json.JSONDecodeError) -> bool:
    """Whether `text` ends where `error` expected more of it."""
    if error.msg.startswith("Extra data"):
        return False
    return "Unterminated" in error.msg or bool(_UNFINISHED.fullmatch(text[error.pos :].strip()))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it contains {name}, which is no number of a run")


def _describe_depth() -> str:
    return f"it has more than {MAX_DEPTH} levels of lists and objects, so it is not the JSON of a run. {ASK_AGAIN}"


def check_values(value: object, place: tuple[str, ...] = ()) -> None:
    """Check depth, numbers and texts. Raises ImportFileError with the place in the file, `place` for `value` itself."""
    if len(place) > MAX_DEPTH:
        raise ImportFileError(_describe_depth())
    if isinstance(value, dict):
        for name, item in cast(dict[str, object], value).items():
            _check_text(place, name)
            check_values(item, (*place, name))
    elif isinstance(value, list):
        for number, item in enumerate(cast(list[object], value)):
            check_values(item, (*place, str(number)))
    elif isinstance(value, str):
        _check_text(place, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ImportFileError(f"{'.'.join(place)}: the number is too large. {ASK_AGAIN}")
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise ImportFileError(f"{'.'.join(place)}: the integer is too large. {ASK_AGAIN}")


_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""Control characters but tab and line break, those that turn the direction of text, and halves of surrogate pairs."""


def _check_text(place: tuple[str, ...], text: str) -> None:
    if len(text) > MAX_TEXT_CHARS:
        raise ImportFileError(
            f"{'.'.join(place)}: a text has {len(text):,} characters, and at most {MAX_TEXT_CHARS:,} are read."
        )
    # A terminal, a page or a database may take such characters for commands, or show another text than there is.
    if strange := _CONTROL.search(text):
        raise ImportFileError(
            f"{'.'.join(place)}: a text contains the control character {escape_invisible(strange[0])}, which no run of "
            f"Fairlap has. {ASK_AGAIN}"
        )
