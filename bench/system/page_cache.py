"""Which part of a file the system has in memory: reading the rest takes as long as the disk needs."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

MIN_FILE_BYTES = 1 << 20
"""Smaller files are read fast."""
_MAP_FAILED = ctypes.c_void_p(-1).value


def measure_resident_bytes(files: Iterable[Path]) -> dict[str, int]:
    """Bytes of each file of at least `MIN_FILE_BYTES` that are in memory, by its path. Files that cannot be read are
    left out. Empty where the system is not Linux."""
    if sys.platform != "linux":
        return {}
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    found: dict[str, int] = {}
    for file in files:
        try:
            resident = _measure_file(libc, file)
        except OSError:
            continue
        if resident is not None:
            found[str(file)] = resident
    return found


def list_mapped_libraries() -> list[Path]:
    """The shared libraries that this process has loaded; empty where the system is not Linux."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    # Address, permissions, offset, device, inode, and the path if there is one.
    paths = dict.fromkeys(fields[5] for line in lines if len(fields := line.split(maxsplit=5)) == 6)
    return [Path(path) for path in paths if ".so" in Path(path).name and path.startswith("/")]


def compare_resident_bytes(before: Mapping[str, int]) -> float:
    """Share of the bytes of `before`, see `measure_resident_bytes`, that are in memory now, 0 to 1; 1 without files."""
    total = sum(before.values())
    if not total:
        return 1.0
    now = measure_resident_bytes(map(Path, before))
    return sum(min(size, now.get(path, 0)) for path, size in before.items()) / total


def _measure_file(libc: ctypes.CDLL, file: Path) -> int | None:
    """None for a small file. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes < MIN_FILE_BYTES:
            return None
        # PROT_READ, but nothing is read: the pages of a new mapping are not touched.
        address = libc.mmap(None, size_bytes, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, 0)
        if address == _MAP_FAILED:
            raise OSError(ctypes.get_errno(), "mmap failed")
        try:
            pages = ctypes.create_string_buffer(-(-size_bytes // mmap.PAGESIZE))
            if libc.mincore(address, size_bytes, pages):
                raise OSError(ctypes.get_errno(), "mincore failed")
        finally:
            libc.munmap(address, size_bytes)
    finally:
        os.close(descriptor)
    resident_pages = sum(page & 1 for page in pages.raw)
    return min(size_bytes, resident_pages * mmap.PAGESIZE)
