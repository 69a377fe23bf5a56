"""Cache entries on disk: folders of files, each named by a digest of everything that its content depends on.

Several processes may need the same entry at the same time, for example both arms of a race: one makes it while the
others wait. An entry that is damaged, that its user rejects, or that a killed process left unfinished, is made again.
The process that makes an entry also removes what killed processes left of others in the same folder.

A process that has asked for an entry keeps a lock on its folder until it exits, so that no other process removes the
entry meanwhile: see `remove_entry`. The time of `ENTRY_FILE` is that of the last use.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from filelock import FileLock, Timeout

from bench.system.file_locks import is_folder_locked

ENTRY_FILE = "entry.json"
"""Inside an entry: the facts that its maker left, and the SHA-256 of them and of every other file."""
DRAFT_MARK = ".draft-"
"""In the name of a folder: an entry that a process is writing, or that a killed process left unfinished."""
LOCK_SUFFIX = ".lock"
"""Of the file that is locked by the process that makes, reads or removes an entry."""

_held: dict[Path, int] = {}
"""Descriptors with a shared lock on the folder of every entry that this process uses."""


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
    folder: Path,
    make: Callable[[Path], Mapping[str, Any]],
    on_wait: Callable[[], None] | None = None,
    accept: Callable[[CacheEntry], bool] | None = None,
) -> CacheEntry:
    """The entry `folder`, made if it is missing or damaged, or if `accept` returns False for the stored entry.

    `make` gets an empty folder, writes the entry's files into it (no folders), and returns facts that JSON can express.
    `on_wait` is called once if another process holds the entry's lock. The modification time of the entry's
    `ENTRY_FILE` becomes that of this use, if the file system permits that. Raises what `make` and `accept` raise, and
    OSError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_lock_file(folder))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if on_wait is not None:
            on_wait()
        lock.acquire()
    try:
        entry = read_entry(folder)
        if entry is None or (accept is not None and not accept(entry)):
            entry = _make_entry(folder, make)
        _hold(folder)
        return entry
    finally:
        lock.release()


def read_entry(folder: Path) -> CacheEntry | None:
    """The entry `folder`; None if it is missing, has another name than when it was made, or has other files or facts.

    Entries of versions before 0.2.0 have no name and no digest of their facts, and count as damaged.
    """
    try:
        stored = json.loads((folder / ENTRY_FILE).read_text())
        facts, digests = stored["facts"], stored["sha256"]
        intact = stored["name"] == folder.name and stored["facts_sha256"] == _digest_facts(facts)
        intact = intact and digests == _digest_files(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return CacheEntry(folder, facts, digests) if intact else None


def prune_entries(folder: Path, pattern: str, max_bytes: int) -> None:
    """Remove the entries of `folder` that were not used for the longest time, until all together have `max_bytes`.

    `pattern` selects entries by name, as `Path.glob` does. The one that was used last stays, whatever its size, and so
    do those that another process makes or uses, and those that cannot be removed.
    """
    entries = ((path, _measure_entry(path)) for path in folder.glob(pattern) if DRAFT_MARK not in path.name)
    sizes = [(*measured, path) for path, measured in entries if measured is not None]
    total_bytes = 0
    for position, (_, size_bytes, path) in enumerate(sorted(sizes, reverse=True)):
        total_bytes += size_bytes
        if position and total_bytes > max_bytes:
            _release(path)
            remove_entry(path)


def remove_entry(folder: Path) -> bool:
    """Remove an entry, its lock, and what killed processes left of it.

    False if a process makes or uses the entry now, or if its lock is not available.
    """
    with _lock_if_free(folder) as is_locked:
        if not is_locked or is_used(folder):
            return False
        _remove_files(folder)
        return True


def list_used_entries() -> list[Path]:
    """The entries that this process has asked for and still uses."""
    return list(_held)


def is_used(folder: Path) -> bool:
    """Whether a process that has asked for this entry still runs. False where the file system has no locks."""
    return is_folder_locked(folder) is True


def _hold(folder: Path) -> None:
    """Lock the folder of an entry until this process exits, and note the time of use."""
    _release(folder)
    # An entry of a cache that is read-only, without locks, or deleted meanwhile was read already, and is used.
    with contextlib.suppress(OSError):
        os.utime(folder / ENTRY_FILE)
    with contextlib.suppress(OSError):
        _held[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(_held[folder], fcntl.LOCK_SH | fcntl.LOCK_NB)


def _release(folder: Path) -> None:
    descriptor = _held.pop(folder, None)
    if descriptor is not None:
        os.close(descriptor)


def _measure_entry(folder: Path) -> tuple[float, int] | None:
    """Time of the last use, in seconds since the epoch, and size in bytes; None if there is no entry, or not any more:
    another process may remove or replace it at any time."""
    try:
        used_at = (folder / ENTRY_FILE).lstat().st_mtime
        return used_at, sum(file.lstat().st_size for file in folder.iterdir())
    except OSError:
        return None


def _remove_leftovers(parent: Path) -> None:
    """Remove the drafts and locks in `parent` that belong to no entry and to no process: those of killed processes."""
    drafts = {path.name.partition(DRAFT_MARK)[0] for path in parent.glob(f"*{DRAFT_MARK}*") if path.is_dir()}
    locks = {path.name.removesuffix(LOCK_SUFFIX) for path in parent.glob(f"*{LOCK_SUFFIX}")}
    for folder in (parent / name for name in drafts | locks):
        if folder.is_dir():
            continue
        with _lock_if_free(folder) as is_locked:
            # Another process may have finished the entry before this one had the lock.
            if is_locked and not folder.is_dir():
                _remove_files(folder)


def _remove_files(folder: Path) -> None:
    """Remove an entry with its drafts, and last its lock. The caller holds the lock."""
    _remove_folders(folder)
    # A process that waits for this lock sees that the file has no name any more, and creates another one. Windows does
    # not remove open files.
    with contextlib.suppress(OSError):
        _lock_file(folder).unlink()


def _remove_folders(folder: Path) -> None:
    for path in (folder, *folder.parent.glob(f"{folder.name}{DRAFT_MARK}*")):
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _lock_if_free(folder: Path) -> Iterator[bool]:
    """Hold the lock of an entry inside the block. False if another process holds it, or if it cannot be created."""
    lock = FileLock(_lock_file(folder))
    try:
        lock.acquire(blocking=False)
    except OSError:  # Includes filelock's Timeout.
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{LOCK_SUFFIX}")


def _digest_facts(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _digest_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of an entry but `ENTRY_FILE`, by name."""
    files = (file for file in sorted(folder.iterdir()) if file.name != ENTRY_FILE)
    return {file.name: digest_file(file) for file in files}


def write_atomically(file: Path, content: bytes, mode: int | None = None) -> None:
    """Write all of `content` to `file` or nothing: readers see the old content or the new. Raises OSError.

    `mode` is that of the file; None lets only this user read it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f"{file.name}{DRAFT_MARK}", dir=file.parent)
    try:
        with open(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            # The name must not reach the disk before the content.
            os.fsync(out.fileno())
            if mode is not None:
                os.fchmod(out.fileno(), mode)
        os.replace(draft, file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def digest_sources(modules: Iterable[ModuleType], *others: Path) -> str:
    """SHA-256 of the source text of `modules` and of the files `others`, in hexadecimal digits: as part of an entry's
    key, it makes a change of the code ignore earlier entries."""
    digest = hashlib.sha256()
    for file in [*(Path(str(module.__file__)) for module in modules), *others]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def digest_file(file: Path) -> str:
    """SHA-256 of the content of `file`, in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _make_entry(folder: Path, make: Callable[[Path], Mapping[str, Any]]) -> CacheEntry:
    """Make the entry. The caller holds its lock."""
    # Drafts of killed processes: a process that is writing one holds the lock.
    _remove_folders(folder)
    _remove_leftovers(folder.parent)
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}{DRAFT_MARK}", dir=folder.parent))
    try:
        # As they will be read: JSON has no tuples.
        facts = json.loads(json.dumps(make(draft)))
        stored = {
            "name": folder.name,
            "facts": facts,
            "facts_sha256": _digest_facts(facts),
            "sha256": _digest_files(draft),
        }
        write_atomically(draft / ENTRY_FILE, json.dumps(stored).encode())
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    entry = read_entry(folder)
    if entry is None:
        raise DamagedEntryError(f"{folder} was just written and cannot be read back")
    return CacheEntry(entry.folder, entry.facts, entry.digests, made_now=True)
