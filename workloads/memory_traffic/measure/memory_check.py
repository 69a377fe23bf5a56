"""Checks that there is enough memory before arrays are allocated."""

from __future__ import annotations

import psutil

from bench.formatting import format_bytes
from bench.workload.interface import BadInput

MAX_MEMORY_SHARE = 0.8
"""Share of the available memory that a measurement may use."""


def available_bytes() -> int:
    """Bytes of memory that can be allocated without swapping."""
    return psutil.virtual_memory().available


def require_memory(required_bytes: int, subject: str = "The measurement") -> None:
    """Raise BadInput if `subject` would use more than MAX_MEMORY_SHARE of the available memory."""
    available = available_bytes()
    if required_bytes > MAX_MEMORY_SHARE * available:
        raise BadInput(
            f"{subject} needs {format_bytes(required_bytes)} of memory, and {format_bytes(available)} are available",
            "Choose a smaller size, or close other programs.",
        )
