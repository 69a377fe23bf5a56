"""TODO: bench.machine.describe.kernel_files."""

from __future__ import annotations

from pathlib import Path

from bench.system.procfs import read_bytes


def parse_core_list(text: str) -> list[int]:
    """The numbers in a kernel's list such as '0-3,8'."""
    cores: list[int] = []
    for part in text.strip().split(","):
        first, dash, last = part.partition("-")
        if first.strip().isdecimal() and (not dash or last.strip().isdecimal()):
            cores.extend(range(int(first), int(last if dash else first) + 1))
    return cores


def read_online_cores(root: Path) -> list[int]:
    return parse_core_list(read_kernel_text(root, "sys/devices/system/cpu/online"))


def read_kernel_text(root: Path, path: str) -> str:
    """A small file of the kernel's below `root`; empty where it cannot be read."""
    return (read_bytes(f"{root}/{path}") or b"").decode(errors="replace")


def parse_integer(text: str, base: int = 10) -> int | None:
    try:
        return int(text, base)
    except ValueError:
        return None
