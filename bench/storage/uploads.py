"""Files that people hand in: kept as they are, under the digest of their content, and looked into by workers alone."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench import paths
from bench.storage.upload_check import MAX_MEMORY_BYTES
from bench.system.isolated_call import CallRaised, CallTimeout, IsolatedCallError, call_isolated
from bench.workload.declaration import Upload

MAX_IMAGE_MB = 10
UPLOAD_PREFIX = "upload:"
MAX_CHECK_S = 60.0
"""Longest time that looking into a file may take."""
IMAGE_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How a PNG and a JPEG begin."""


class UploadError(ValueError):
    """A file that is not taken; the text says why and what to do."""


def save_image(content: bytes) -> str:
    """Keep an image; the parameter's value that names it. Raises UploadError."""
    _check_size(content, MAX_IMAGE_MB)
    if not content.startswith(IMAGE_SIGNATURES):
        raise UploadError("This is neither a PNG nor a JPEG file, whatever its name says. Choose another.")
    with _write_draft(content) as (draft, value):
        draft.rename(_upload_path(value))
    return value


def save_checked_file(content: bytes, upload: Upload) -> tuple[str, str]:
    """Keep a file that passes its check; the value that names it, and what is in it. Raises UploadError."""
    _check_size(content, upload.largest_mb)
    with _write_draft(content) as (draft, value):
        said = _run_check(draft, upload.check)
        draft.rename(_upload_path(value))
    return value, said


def is_upload_available(value: str) -> bool:
    """Whether the file that a parameter's value names is on this machine; what is no upload always is."""
    return not value.startswith(UPLOAD_PREFIX) or _upload_path(value).is_file()


def _upload_path(value: str) -> Path:
    return paths.uploads() / value.removeprefix(UPLOAD_PREFIX)


def _check_size(content: bytes, largest_mb: int) -> None:
    if len(content) > largest_mb * 2**20:
        size = len(content) / 2**20
        raise UploadError(f"The file has {size:.1f} MB; up to {largest_mb} MB are taken. Choose a smaller one.")


@contextlib.contextmanager
def _write_draft(content: bytes) -> Iterator[tuple[Path, str]]:
    """The file under a name of its own, and the value that it will have; what is not renamed is removed."""
    value = f"{UPLOAD_PREFIX}{hashlib.sha256(content).hexdigest()}"
    # Two sessions may hand in the same file at once: each writes its own draft, and the last name wins.
    draft = _upload_path(value).with_suffix(f".{uuid.uuid4().hex}")
    try:
        draft.write_bytes(content)
        yield draft, value
    except OSError as error:
        raise UploadError(f"The file could not be kept: {error}. Check that its disk has room.") from error
    finally:
        draft.unlink(missing_ok=True)


def _run_check(file: Path, check: str) -> str:
    """What the function `check` says about the file. Raises UploadError."""
    try:
        result = call_isolated(
            "bench.storage.upload_check:check_file",
            check,
            str(file),
            limit_s=MAX_CHECK_S,
            memory_limit_bytes=MAX_MEMORY_BYTES,
        )
    except CallTimeout as error:
        raise UploadError(f"The file could not be read in {MAX_CHECK_S:.0f} s. Choose a smaller one.") from error
    except CallRaised as error:
        if error.kind == "MemoryError":
            raise UploadError("The file needs too much memory to be read. Choose a smaller one.") from error
        if error.remedy:
            raise UploadError(f"{error.what}. {error.remedy}") from error
        raise UploadError(f"The file could not be examined: {error}. Choose another.") from error
    except IsolatedCallError as error:
        raise UploadError(f"The file could not be examined: {error}. Choose another.") from error
    return result.value
