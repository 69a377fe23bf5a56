"""Finds out whether a process ended because something ran out: disk space, processes, or memory."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.formatting import format_bytes
from bench.system.control_groups import ControlGroups
from bench.system.kernel_files import KERNEL_FILES, KernelFiles, parse_integer
from bench.values.arms import Failure

FULL_DISK_BYTES = 64 << 10
"""With less free space, a file system counts as full: writing a buffer fails."""
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT)
PROCESS_SIGNS = (
    "Resource temporarily unavailable",
    "can't start new thread",
    "Cannot fork",
    "pthread_create",
    "Thread creation failed",
    "fork: retry",
)
"""What programs print if they may not start another process or thread."""
DISK_SIGNS = ("No space left on device", "Disk quota exceeded", "database or disk is full")


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """What ran out, and what to do about it."""

    what: str
    """A clause."""
    remedy: str
    """One or more sentences."""


@dataclass(frozen=True, slots=True)
class LimitCounters:
    """How often limits of this process's control groups have been hit, since the groups exist."""

    refused_processes: int = 0
    killed_for_memory: int = 0


def read_limit_counters(files: KernelFiles = KERNEL_FILES) -> LimitCounters:
    groups = ControlGroups(files)
    _, pid_folders = groups.find_folders("pids")
    _, memory_folders = groups.find_folders("memory")
    return LimitCounters(
        refused_processes=sum(_read_counter(files, f"{folder}/pids.events", "max") for folder in pid_folders),
        killed_for_memory=sum(
            _read_counter(files, f"{folder}/{name}", "oom_kill")
            for folder in memory_folders
            for name in ("memory.events", "memory.oom_control")
        ),
    )


def find_exhaustion(
    folder: Path, before: LimitCounters, log: Iterable[str] = (), files: KernelFiles = KERNEL_FILES
) -> Exhaustion | None:
    """What ran out since `before` was read, judging by counters of the system and by what a process printed; None if
    nothing did. `folder` is where the process wrote its files."""
    text = "\n".join(log)
    now = read_limit_counters(files)
    if now.refused_processes > before.refused_processes or any(sign in text for sign in PROCESS_SIGNS):
        return _explain_processes(files)
    if is_disk_full(folder) or any(sign in text for sign in DISK_SIGNS):
        return explain_full_disk(folder)
    if now.killed_for_memory > before.killed_for_memory:
        return Exhaustion(
            "the kernel's out-of-memory killer ended a process of this control group",
            "Free memory, raise the memory limit of the container, or choose less work.",
        )
    return None


def explain_error(error: OSError | RuntimeError, folder: Path) -> Exhaustion | None:
    """What ran out, according to `error`; None for errors of other kinds. `folder` is where the caller writes."""
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return explain_full_disk(folder)
    if (isinstance(error, OSError) and error.errno == errno.EAGAIN) or "can't start new thread" in str(error):
        return _explain_processes(KERNEL_FILES)
    return None


def describe_failure(error: OSError | RuntimeError, folder: Path) -> str:
    """An error as a sentence with what to do."""
    if found := explain_error(error, folder):
        return f"{found.what[0].upper()}{found.what[1:]}. {found.remedy}"
    return f"{error}. Check that {folder} is writable and its disk has free space, and try again."


def make_failure(error: OSError | RuntimeError, folder: Path) -> Failure | None:
    """What a job stores about an error; None for a RuntimeError of another kind, which is a defect."""
    if found := explain_error(error, folder):
        return Failure(what=f"{found.what[0].upper()}{found.what[1:]}.", remedy=found.remedy)
    if isinstance(error, OSError):
        return Failure(what=f"{error}.", remedy=f"Check that {folder} is writable, and try again.")
    return None


def is_disk_full(folder: Path) -> bool:
    try:
        status = os.statvfs(folder)
    except OSError:
        return False
    no_files_left = status.f_files > 0 and status.f_favail == 0
    return status.f_bavail * status.f_frsize < FULL_DISK_BYTES or no_files_left


def explain_full_disk(folder: Path) -> Exhaustion:
    try:
        free = f", {format_bytes(shutil.disk_usage(folder).free)} are free"
    except OSError:
        free = ""
    return Exhaustion(
        f"the disk is full (that of {folder}{free})",
        "Free disk space: 'python -m bench clean' lists what Fairlap can remove. Or set FAIRLAP_HOME to a folder on "
        "another disk.",
    )


def _explain_processes(files: KernelFiles) -> Exhaustion:
    _, folders = ControlGroups(files).find_folders("pids")
    limits = [
        limit for folder in folders if (limit := parse_integer(files.read_text(f"{folder}/pids.max"))) is not None
    ]
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    parts = [f"{min(limits):,} in its control group"] if limits else []
    parts += [f"{soft:,} for this user"] if soft != resource.RLIM_INFINITY else []
    limit = f" ({', '.join(parts)})" if parts else ""
    return Exhaustion(
        f"the limit on the number of processes and threads{limit} was reached",
        "Raise the limit (docker run --pids-limit, pids.max, TasksMax of systemd, ulimit -u), end other programs, or "
        "choose fewer cores.",
    )


def _read_counter(files: KernelFiles, path: str, name: str) -> int:
    counters = dict(line.split()[:2] for line in files.read_text(path).splitlines() if " " in line)
    return parse_integer(counters.get(name, "")) or 0
