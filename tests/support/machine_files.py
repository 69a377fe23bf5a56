"""Files of an imaginary machine."""

from collections.abc import Mapping
from pathlib import Path

from bench.system.kernel_files import KernelFiles


def write_files(root: Path, files: Mapping[str, str]) -> KernelFiles:
    """Write a part of a machine's `/proc`, `/sys` and `/etc` below `root`."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return KernelFiles(root)
