"""Examines an uploaded file, in a process of its own with limited memory, because its content is not trusted."""

from __future__ import annotations

import importlib
from pathlib import Path

from bench.workload.file_summary import FileSummary

MAX_MEMORY_BYTES = 2 * 2**30
"""Limit of the process's address space."""


def check_file(check: str, path: str, file_name: str = "") -> FileSummary:
    """What the function `check`, written as `module:name`, says about the file at `path`, called `file_name`.

    Raises what the function raises.
    """
    module, _, name = check.partition(":")
    return getattr(importlib.import_module(module), name)(Path(path), file_name)
