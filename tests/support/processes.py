"""Finding processes that a test has left behind."""

import os
import time
from pathlib import Path

import psutil

from bench.system.kernel_files import KERNEL_FILES

EXIT_LIMIT_S = 30.0
"""Longest time in which processes that were ended, and runners that store their run, exit on a busy machine."""


def has_environment_variable(process: psutil.Process, name: str, value: str) -> bool:
    """Whether a process has this variable in its environment. psutil reads up to the first empty entry, and one that
    has given itself a name, as Ray's do, begins with many. Raises psutil.Error where it is gone."""
    block = KERNEL_FILES.read_bytes(f"proc/{process.pid}/environ")
    if block is None:
        return process.environ().get(name) == value
    return f"{name}={value}".encode() in block.split(b"\0")


def read_environment(pid: int) -> dict[str, str]:
    """The variables with which a process was started, on Linux."""
    block = KERNEL_FILES.read_bytes(f"proc/{pid}/environ") or b""
    return dict(line.split("=", 1) for line in block.decode().split("\0") if line)


def list_processes(home: Path, but: str = "") -> list[str]:
    """Command lines of the processes that have this data folder in their environment, but for the test itself.

    `but` leaves out those whose command line contains it: a run's own process stays until it has stored the run.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and has_environment_variable(process, "FAIRLAP_HOME", str(home)):
                found.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        except psutil.Error:
            continue
    return [text for text in found if not text.endswith(" ") and not (but and but in text)]


def wait_until_gone(home: Path, but: str = "") -> list[str]:
    """The processes that `list_processes` still finds after EXIT_LIMIT_S: none as soon as there is none."""
    deadline = time.monotonic() + EXIT_LIMIT_S
    while (left := list_processes(home, but)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
