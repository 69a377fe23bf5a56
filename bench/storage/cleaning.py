"""Finds and removes what Fairlap no longer needs on disk: old caches and uploads, and what dead processes have left.

Stored runs are never removed, nor the uploads that they name, nor what a waiting or running job uses.
"""

from __future__ import annotations

import math
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic_core import from_json

from bench import paths
from bench.formatting import format_bytes
from bench.run.journal import has_live_writer
from bench.storage.disk_limits import read_max_cache_bytes
from bench.storage.temp_folder import DRAFT_PREFIX, FOLDER_PREFIX, ORDER_FILE
from bench.storage.uploads import UPLOAD_NAME, find_upload_digests
from bench.system.cache_entry import DRAFT_MARK, ENTRY_FILE, is_used, remove_entry
from bench.system.file_locks import is_folder_locked
from bench.workload.file_summary import find_description
from bench.workload.registry import load_workloads

DAY_S = 86_400.0
CACHE_AGE_S, UPLOAD_AGE_S = 60 * DAY_S, 90 * DAY_S
"""How long caches and uploads are kept that nothing uses."""
MIN_LEFT_AGE_S = 3_600.0
"""A file of a job without a living process is left alone for so long: its job may be about to begin."""
MAX_REFERENCE_BYTES = 1 << 20
"""Bytes of an order or a journal that are searched for uploads. The plan is at the beginning."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much is kept."""

    cache_age_s: float = CACHE_AGE_S
    cache_bytes: int = field(default_factory=read_max_cache_bytes)
    upload_age_s: float = UPLOAD_AGE_S
    """Uploads have no limit of size here: otherwise one visitor could displace the uploads of the others."""
    damaged_age_s: float = 90 * DAY_S
    """Of damaged journals, whose beginning was stored, and of orders that cannot be read."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be removed."""

    label: str
    path: Path
    size_bytes: int
    last_used: float
    """Seconds since the epoch."""
    reason: str
    """Why it is not needed, as a clause."""
    remove: Callable[[Path], bool]
    """Returns False if a process uses it by now."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found."""

    removable: list[Item]
    kept_bytes: int
    """Size of the caches and uploads that stay."""
    in_use: int
    """Number of caches and uploads that a job uses now."""
    named_uploads: list[Path]
    """Uploads that are old enough to be removed and stay, because a stored job names them."""


def find_removable(find_named: Callable[[Set[str]], set[str]], limits: Limits | None = None) -> Survey:
    """What can be removed now. Raises OSError, SettingsError and what `find_named` raises.

    `find_named` returns those of several uploads that a stored job names, see `Store.find_named_uploads`. It is called
    only if an upload is old enough.
    """
    limits = limits or Limits()
    began = _find_job_starts()
    caches = [_measure_cache(label, entry, began) for label, entry in _list_caches()]
    wanted = _find_wanted_uploads()
    uploads = [
        _Stored("upload", path, *_measure(path), path.name in wanted)
        for path in paths.uploads().iterdir()
        if UPLOAD_NAME.fullmatch(path.name)
    ]
    removable = list(_choose(caches, limits.cache_age_s, limits.cache_bytes, remove_entry))
    old_uploads = list(_choose(uploads, limits.upload_age_s, math.inf, _remove_upload))
    named = find_named({item.path.name for item in old_uploads}) if old_uploads else set[str]()
    removable += [item for item in old_uploads if item.path.name not in named]
    kept = sum(stored.size_bytes for stored in [*caches, *uploads]) - sum(item.size_bytes for item in removable)
    removable += _find_left_files(limits)
    in_use = sum(stored.used for stored in [*caches, *uploads])
    return Survey(removable, kept, in_use, [item.path for item in old_uploads if item.path.name in named])


def remove_items(items: Iterable[Item]) -> list[Item]:
    """Remove them; returns those that were removed. What a process has begun to use since then stays."""
    return [item for item in items if item.remove(item.path)]


@dataclass(frozen=True, slots=True)
class _Stored:
    label: str
    path: Path
    size_bytes: int
    last_used: float
    used: bool


def _choose(
    stored: list[_Stored], max_age_s: float, max_bytes: float, remove: Callable[[Path], bool]
) -> Iterator[Item]:
    """What is too old; and if the rest is too large, the longest unused of it."""
    now = time.time()
    total = sum(one.size_bytes for one in stored)
    for one in sorted(stored, key=lambda one: one.last_used):
        age_s = now - one.last_used
        if one.used:
            continue
        if age_s >= max_age_s:
            reason = f"not used for {age_s / DAY_S:.0f} days"
        elif total > max_bytes:
            reason = f"longest unused, and all together are above the limit of {format_bytes(max_bytes)}"
        else:
            continue
        total -= one.size_bytes
        yield Item(one.label, one.path, one.size_bytes, one.last_used, reason, remove)


def _list_caches() -> Iterator[tuple[str, Path]]:
    """The entries of all caches, with a label: those in the folders that workloads declare, and any other folder that
    `bench.system.cache_entry` has written."""
    root = paths.cache()
    labels = {
        root / cache.folder: f"{workload.title}: {cache.label}"
        for workload in load_workloads().values()
        for cache in workload.caches
    }
    for folder, label in labels.items():
        if folder.is_dir():
            yield from (
                (label, entry)
                for entry in sorted(folder.iterdir())
                if entry.is_dir() and not entry.is_symlink() and entry not in labels and DRAFT_MARK not in entry.name
            )
    for file in sorted(root.rglob(ENTRY_FILE)):
        if file.parent.parent not in labels and DRAFT_MARK not in file.parent.name:
            yield file.parent.parent.relative_to(root).as_posix(), file.parent


def _measure_cache(label: str, entry: Path, job_starts: list[float]) -> _Stored:
    """An entry of a cache. It is used if a process holds it, or a job that still runs may have used it."""
    size, last_used = _measure(entry)
    used = is_used(entry) or any(last_used >= start for start in job_starts)
    return _Stored(label, entry, size, last_used, used)


def _measure(path: Path) -> tuple[int, float]:
    """Size in bytes, and time of the last use. Files that vanish while they are measured count as nothing."""
    size, last_used = 0, 0.0
    for part in [path, *(path.rglob("*") if path.is_dir() else ())]:
        try:
            status = part.lstat()
        except OSError:
            continue
        size += status.st_size if stat.S_ISREG(status.st_mode) else 0
        last_used = max(last_used, status.st_mtime)
    return size, last_used


def _find_job_starts() -> list[float]:
    """When the jobs began whose processes live, in seconds since the epoch; 0 if that cannot be read."""
    starts = []
    for path in paths.journals().glob("*.jsonl"):
        try:
            if has_live_writer(path):
                starts.append(_read_start(path))
        except FileNotFoundError:
            continue
        except OSError:
            starts.append(0.0)
    return starts


def _read_start(journal: Path) -> float:
    try:
        with journal.open("rb") as file:
            return datetime.fromisoformat(from_json(file.readline())["started"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _find_wanted_uploads() -> set[str]:
    """The uploads that waiting and running jobs and interactive requests name, by their digest."""
    wanted: set[str] = set()
    for pattern in ("*.order", "*.jsonl", f"{FOLDER_PREFIX}*/{ORDER_FILE}"):
        for path in paths.journals().glob(pattern):
            try:
                with path.open("rb") as file:
                    wanted |= find_upload_digests(file.read(MAX_REFERENCE_BYTES))
            except OSError:
                continue
    return wanted


def _find_left_files(limits: Limits) -> Iterator[Item]:
    """What processes that have died left among the journals."""
    folder = paths.journals()
    now = time.time()
    living = {path.stem for path in folder.iterdir() if path.suffix in (".jsonl", ".control")}
    for path in sorted(folder.iterdir()):
        size, changed = _measure(path)
        age_s = now - changed
        if path.suffix == ".damaged":
            if age_s >= limits.damaged_age_s:
                reason = "its beginning was stored long ago"
                yield Item("damaged journal", path, size, changed, reason, _remove_path)
            continue
        if path.suffix == ".unreadable":
            if age_s >= limits.damaged_age_s:
                yield Item("unreadable order", path, size, changed, "nobody has looked at it", _remove_path)
            continue
        if path.name.startswith(FOLDER_PREFIX):
            # The process of a `bench.storage.temp_folder.TempFolder` holds a lock on it while it runs.
            if is_folder_locked(path) is False:
                yield Item("working folder", path, size, changed, "its process has ended", _remove_path)
            continue
        if age_s < MIN_LEFT_AGE_S or path.suffix in (".jsonl", ".control") or path.name.partition(".")[0] in living:
            continue
        if path.name.startswith(DRAFT_PREFIX):
            # One that has no lock yet is younger.
            if is_folder_locked(path) is False:
                yield Item("working folder", path, size, changed, "its process has ended", _remove_path)
        elif path.suffix in (".error", ".scratch", ".order", ".draft", ".control-draft") or DRAFT_MARK in path.name:
            yield Item("file of a job", path, size, changed, "its process has ended", _remove_path)
    for path in sorted(paths.uploads().iterdir()):
        if UPLOAD_NAME.fullmatch(path.name) or _describes_upload(path):
            continue
        size, changed = _measure(path)
        if now - changed >= MIN_LEFT_AGE_S:
            yield Item("unfinished upload", path, size, changed, "its process has ended", _remove_path)


def _describes_upload(path: Path) -> bool:
    """Whether `path` holds the name and the check of an upload that exists."""
    upload = path.with_suffix("")
    return UPLOAD_NAME.fullmatch(upload.name) is not None and path == find_description(upload) and upload.exists()


def _remove_upload(path: Path) -> bool:
    if path.name in _find_wanted_uploads():
        return False  # A job was submitted since the survey.
    find_description(path).unlink(missing_ok=True)
    return _remove_path(path)


def _remove_path(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()
