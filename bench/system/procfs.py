"""TODO: bench.system.prctl.procfs."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

SYSTEM_ROOT = Path("/")
"""Where `proc` and `sys` lie."""


def read_bytes(path: str | Path) -> bytes | None:
    """The whole content of a file of the kernel's; None where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        chunks = []
        while chunk := os.read(descriptor, 1 << 16):
            chunks.append(chunk)
        return b"".join(chunks)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def list_names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


@cache
def has_child_lists(root: Path) -> bool:
    """Whether this kernel was built to list the children of a thread."""
    return os.path.exists(f"{root}/proc/thread-self/children")


@cache
def has_process_files(root: Path) -> bool:
    return os.path.exists(f"{root}/proc/stat")
