"""Uploaded files: stored unchanged, named by the SHA-256 of their content, and read by child processes only.

Beside each is a small file with its original name and what its check found.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePath

from bench import paths
from bench.storage.upload_check import MAX_MEMORY_BYTES
from bench.system.isolated_call import CallRaised, CallTimeout, IsolatedCallError
from bench.system.limited_check import TooManyChecks, call_check
from bench.workload.file_summary import (
    UPLOAD_PREFIX,
    FileSummary,
    UploadedFile,
    find_description,
    find_upload,
    read_description,
)
from bench.workload.parameters import Upload

MAX_CHECK_S = 60.0
"""Longest time that checking a file may take."""
UPLOAD_NAME = re.compile("[0-9a-f]{64}")
"""Name of the file of an upload: the digest of its content."""
_REFERENCE = re.compile(rf"{UPLOAD_PREFIX}({UPLOAD_NAME.pattern})".encode())
MAX_NAME_CHARACTERS = 120
"""Longer names of files are cut."""


class UploadError(ValueError):
    """A file was not accepted. The text says why and what to do."""


def save_upload(content: bytes, name: str, upload: Upload) -> tuple[str, UploadedFile]:
    """Store a file, called `name` where it came from, that passes the declared check. Raises UploadError.

    Returns the parameter's value that refers to the file, and what the check found.
    """
    _check_size(content, upload.largest_mb)
    digest = hashlib.sha256(content).hexdigest()
    file = paths.uploads() / digest
    with _open_draft(file) as draft:
        draft.write_bytes(content)
        file_name = _clean_name(name)
        described = UploadedFile(name=file_name, summary=check_file(draft, upload, file_name))
        # The description first, so that a process that finds the file finds both.
        with _open_draft(file) as description:
            description.write_text(described.model_dump_json())
            description.rename(find_description(file))
        draft.rename(file)
    return f"{UPLOAD_PREFIX}{digest}", described


def is_upload_available(value: str) -> bool:
    """Whether the upload that a parameter's value refers to is on this machine. True if it refers to none."""
    return not value.startswith(UPLOAD_PREFIX) or (is_upload(value) and find_upload(paths.uploads(), value).is_file())


def is_upload(value: str) -> bool:
    """Whether a parameter's value has the form of a reference to an upload. Values come from URLs and name files."""
    return value.startswith(UPLOAD_PREFIX) and UPLOAD_NAME.fullmatch(value, len(UPLOAD_PREFIX)) is not None


def find_upload_digests(content: bytes) -> set[str]:
    """The digests of the uploads that a file or a record refers to anywhere."""
    return {digest.decode() for digest in _REFERENCE.findall(content)}


def note_upload_use(value: str) -> None:
    """Note that a job uses the upload that a parameter's value refers to, so that it is not removed as unused."""
    if is_upload(value):
        with contextlib.suppress(OSError):
            os.utime(find_upload(paths.uploads(), value))


def note_upload_uses(content: str) -> None:
    """Note that a job uses all uploads that its order refers to."""
    for digest in find_upload_digests(content.encode()):
        note_upload_use(f"{UPLOAD_PREFIX}{digest}")


def describe_upload(value: str) -> UploadedFile | None:
    """What is known about the upload that a parameter's value refers to; None if nothing is."""
    return read_description(find_upload(paths.uploads(), value)) if value.startswith(UPLOAD_PREFIX) else None


def _clean_name(name: str) -> str:
    """The last part of a path, in printable characters."""
    printable = "".join(character for character in PurePath(name).name if character.isprintable())
    return printable[:MAX_NAME_CHARACTERS] or "file"


def _check_size(content: bytes, largest_mb: int) -> None:
    if len(content) > largest_mb * 2**20:
        size = len(content) / 2**20
        raise UploadError(f"The file has {size:.1f} MB; the limit is {largest_mb} MB. Choose a smaller file.")


@contextlib.contextmanager
def _open_draft(file: Path) -> Iterator[Path]:
    """A path beside `file` for its content, removed afterwards unless it was renamed. Raises UploadError."""
    # Two sessions may upload the same file at the same time: each writes a draft of its own.
    draft = file.with_suffix(f".{uuid.uuid4().hex}")
    try:
        yield draft
    except OSError as error:
        raise UploadError(f"The file could not be stored: {error}. Check that the disk has free space.") from error
    finally:
        draft.unlink(missing_ok=True)


def check_file(file: Path, upload: Upload, name: str) -> FileSummary:
    """What the declared check of `upload` says about a file that is called `name`, in a process of its own.

    Raises UploadError.
    """
    try:
        result = call_check(
            "bench.storage.upload_check:check_file",
            upload.check,
            str(file),
            name,
            limit_s=MAX_CHECK_S,
            memory_limit_bytes=MAX_MEMORY_BYTES,
        )
    except TooManyChecks as error:
        raise UploadError(f"The file was not checked: {error}. Try again in a minute.") from error
    except CallTimeout as error:
        raise UploadError(f"The file could not be read within {MAX_CHECK_S:.0f} s. Choose a smaller file.") from error
    except CallRaised as error:
        # NumPy raises a class of its own, _ArrayMemoryError.
        if error.kind.endswith("MemoryError"):
            raise UploadError(
                f"Reading the file takes more than {MAX_MEMORY_BYTES >> 30} GiB of memory. Choose a smaller file."
            ) from error
        if error.remedy:
            raise UploadError(f"{error.what[:1].upper()}{error.what[1:]}. {error.remedy}") from error
        raise UploadError(f"The file could not be checked: {error}. Choose another file.") from error
    except IsolatedCallError as error:
        raise UploadError(f"The file could not be checked: {error}. Choose another file.") from error
    return FileSummary.model_validate(result.value)
