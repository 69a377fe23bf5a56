"""Cache entries on disk: folders of files, each named by a digest of everything that its content depends on.

Several processes may need the same entry at the same time, for example both arms of a race: one makes it while the
others wait. An entry that is damaged, or that a killed process left unfinished, is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

ENTRY_FILE = "entry.json"
"""Inside an entry: the facts that its maker left, and the SHA-256 of every other file."""


class DamagedEntryError(OSError):
    """An entry could not be read back right after it was written."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A complete entry."""

    folder: Path
    facts: Mapping[str, Any]
    """What its maker returned."""
    digests: Mapping[str, str]
    """SHA-256 of each file, by name."""
    made_now: bool = False
    """Whether the call that returned this made the entry."""


def load_or_make(
    folder: Path, make: Callable[[Path], Mapping[str, Any]], on_wait: Callable[[], None] | None = None
) -> CacheEntry:
    """The entry `folder`, made if it is missing or damaged.

    `make` gets an empty folder, writes the entry's files into it (no folders), and returns facts that JSON can express.
    `on_wait` is called once if another process holds the entry's lock. Raises what `make` raises, and OSError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if on_wait is not None:
            on_wait()
        lock.acquire()
    try:
        return read_entry(folder) or _make_entry(folder, make)
    finally:
        lock.release()


def read_entry(folder: Path) -> CacheEntry | None:
    """The entry `folder`; None if it is missing or its files are not those that were written."""
    try:
        stored = json.loads((folder / ENTRY_FILE).read_text())
        facts, digests = stored["facts"], stored["sha256"]
        intact = digests == {name: digest_file(folder / name) for name in digests}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return CacheEntry(folder, facts, digests) if intact else None


def write_atomically(file: Path, content: bytes) -> None:
    """Write all of `content` to `file` or nothing: readers see the old content or the new. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f"{file.name}.draft-", dir=file.parent)
    try:
        with open(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            # The name must not reach the disk before the content.
            os.fsync(out.fileno())
        os.replace(draft, file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def digest_file(file: Path) -> str:
    """SHA-256 of the content of `file`, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _make_entry(folder: Path, make: Callable[[Path], Mapping[str, Any]]) -> CacheEntry:
    """Make the entry. The caller holds its lock."""
    # Drafts of killed processes: a process that is writing one holds the lock.
    for left in (folder, *folder.parent.glob(f"{folder.name}.draft-*")):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.draft-", dir=folder.parent))
    try:
        facts = make(draft)
        digests = {file.name: digest_file(file) for file in sorted(draft.iterdir())}
        write_atomically(draft / ENTRY_FILE, json.dumps({"facts": facts, "sha256": digests}).encode())
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    entry = read_entry(folder)
    if entry is None:
        raise DamagedEntryError(f"{folder} was just written and cannot be read back")
    return CacheEntry(entry.folder, entry.facts, entry.digests, made_now=True)
