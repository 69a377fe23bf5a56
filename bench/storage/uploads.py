"""Uploaded files: stored unchanged, named by the SHA-256 of their content, and read by child processes only."""

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
"""A parameter's value that refers to an upload is this prefix and the SHA-256 of the file."""
MAX_CHECK_S = 60.0
"""Longest time that checking a file may take."""
IMAGE_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""The first bytes of PNG and of JPEG files."""


class UploadError(ValueError):
    """A file was not accepted. The text says why and what to do."""


def save_image(content: bytes) -> str:
    """Store an image; the parameter's value that refers to it. Raises UploadError."""
    _check_size(content, MAX_IMAGE_MB)
    if not content.startswith(IMAGE_SIGNATURES):
        raise UploadError("The content of the file is neither PNG nor JPEG. Choose a PNG or JPEG file.")
    with _write_draft(content) as (draft, value):
        draft.rename(_upload_path(value))
    return value


def save_checked_file(content: bytes, upload: Upload) -> tuple[str, str]:
    """Store a file that passes the declared check. Raises UploadError.

    Returns the parameter's value that refers to the file, and the check's description of the content.
    """
    _check_size(content, upload.largest_mb)
    with _write_draft(content) as (draft, value):
        description = _run_check(draft, upload.check)
        draft.rename(_upload_path(value))
    return value, description


def is_upload_available(value: str) -> bool:
    """Whether the upload that a parameter's value refers to is on this machine. True if it refers to none."""
    return not value.startswith(UPLOAD_PREFIX) or _upload_path(value).is_file()


def _upload_path(value: str) -> Path:
    return paths.uploads() / value.removeprefix(UPLOAD_PREFIX)


def _check_size(content: bytes, largest_mb: int) -> None:
    if len(content) > largest_mb * 2**20:
        size = len(content) / 2**20
        raise UploadError(f"The file has {size:.1f} MB; the limit is {largest_mb} MB. Choose a smaller file.")


@contextlib.contextmanager
def _write_draft(content: bytes) -> Iterator[tuple[Path, str]]:
    """The content in a file that is removed afterwards unless it was renamed, and the value that will refer to it."""
    value = f"{UPLOAD_PREFIX}{hashlib.sha256(content).hexdigest()}"
    # Two sessions may upload the same file at the same time: each writes a draft of its own.
    draft = _upload_path(value).with_suffix(f".{uuid.uuid4().hex}")
    try:
        draft.write_bytes(content)
        yield draft, value
    except OSError as error:
        raise UploadError(f"The file could not be stored: {error}. Check that the disk has free space.") from error
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
        raise UploadError(f"The file could not be read within {MAX_CHECK_S:.0f} s. Choose a smaller file.") from error
    except CallRaised as error:
        if error.kind == "MemoryError":
            raise UploadError(
                f"Reading the file takes more than {MAX_MEMORY_BYTES >> 30} GiB of memory. Choose a smaller file."
            ) from error
        if error.remedy:
            raise UploadError(f"{error.what}. {error.remedy}") from error
        raise UploadError(f"The file could not be checked: {error}. Choose another file.") from error
    except IsolatedCallError as error:
        raise UploadError(f"The file could not be checked: {error}. Choose another file.") from error
    return result.value
