"""The files in which Linux describes itself: `/proc`, `/sys` and a few in `/etc`."""

from __future__ import annotations

import os
import re
import weakref
from functools import cached_property
from pathlib import Path

READ_SIZE_BYTES = 1 << 16


class KernelFiles:
    """Small text files below one root folder. All paths are relative to it, such as `proc/stat`.

    A file that is missing or unreadable is not an error: systems other than Linux have none of these files, and
    containers hide some. Tests use a root folder of their own.
    """

    def __init__(self, root: str | Path = "/") -> None:
        self._prefix = str(root).rstrip("/") + "/"

    def read_bytes(self, path: str) -> bytes | None:
        """The whole content; None if the file cannot be read."""
        try:
            descriptor = os.open(self._prefix + path, os.O_RDONLY)
        except OSError:
            return None
        try:
            chunks: list[bytes] = []
            while chunk := os.read(descriptor, READ_SIZE_BYTES):
                chunks.append(chunk)
            return b"".join(chunks)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def read_text(self, path: str) -> str:
        """The content as UTF-8, without white space at both ends; empty if the file cannot be read."""
        return (self.read_bytes(path) or b"").decode(errors="replace").strip()

    def read_integer(self, path: str) -> int | None:
        """The content as a decimal number; None if it is none."""
        return parse_integer(self.read_text(path))

    def read_core_list(self, path: str) -> list[int]:
        """The content as a list of cores, see `parse_core_list`."""
        return parse_core_list(self.read_text(path))

    def read_online_cores(self) -> list[int]:
        """The ids of the logical processors that are online; empty if the kernel does not list them."""
        return self.read_core_list("sys/devices/system/cpu/online")

    def list_names(self, folder: str) -> list[str]:
        """The names of the files in a folder, in no particular order; empty if it cannot be read."""
        try:
            return os.listdir(self._prefix + folder)
        except OSError:
            return []

    def list_matching(self, pattern: str) -> list[str]:
        """The paths that match a pattern of `pathlib.Path.glob`, sorted."""
        return sorted(path.relative_to(self._prefix).as_posix() for path in Path(self._prefix).glob(pattern))

    def open(self, path: str) -> OpenKernelFile:
        """A file to be read many times."""
        return OpenKernelFile(self._prefix + path)

    @cached_property
    def lists_children(self) -> bool:
        """Whether this kernel was built to list the children of a thread (CONFIG_PROC_CHILDREN)."""
        return os.path.exists(f"{self._prefix}proc/thread-self/children")

    @cached_property
    def lists_processes(self) -> bool:
        """Whether there is a `/proc`."""
        return os.path.exists(f"{self._prefix}proc/stat")


KERNEL_FILES = KernelFiles()
"""The files of this machine."""


class OpenKernelFile:
    """A file that stays open and is read from its beginning each time. It is closed with the last reference to it."""

    def __init__(self, path: str) -> None:
        self._release = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return
        self._release = weakref.finalize(self, os.close, self._descriptor)

    @property
    def is_open(self) -> bool:
        """False after `close`, and if there is no such file."""
        return self._release is not None and self._release.alive

    def read(self) -> bytes:
        """The whole content; empty if there is no such file, or if it cannot be read now."""
        content = b""
        while self.is_open:
            try:
                chunk = os.pread(self._descriptor, 2 * READ_SIZE_BYTES, len(content))
            except OSError:
                return b""
            if not chunk:
                break
            content += chunk
        return content

    def close(self) -> None:
        if self._release is not None:
            self._release()


def parse_core_list(text: str) -> list[int]:
    """The numbers in one of the kernel's lists, such as `0-3,8`. Malformed parts are left out."""
    cores: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if first.isdecimal() and (not dash or last.isdecimal()):
            cores.extend(range(int(first), int(last if dash else first) + 1))
    return cores


def parse_integer(text: str, base: int = 10) -> int | None:
    """The number in `text`; None if it is none. Base 0 understands `0x` prefixes."""
    try:
        return int(text, base)
    except ValueError:
        return None


def parse_meminfo(text: str) -> dict[str, int]:
    """The sizes in `/proc/meminfo`, in bytes, by name."""
    return {name: int(kib) << 10 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
