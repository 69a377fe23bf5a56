"""Checks that there is enough memory before arrays are allocated."""

from __future__ import annotations

from bench.formatting import format_bytes
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput

MAX_MEMORY_SHARE = 0.8
"""Share of the available memory that a measurement may use."""


def require_memory(required_bytes: int, subject: str = "The measurement") -> None:
    """Raise BadInput if `subject` would use more than MAX_MEMORY_SHARE of the available memory."""
    available = available_memory_bytes()
    if required_bytes > MAX_MEMORY_SHARE * available:
        raise BadInput(
            f"{subject} needs {format_bytes(required_bytes)} of memory, and {format_bytes(available)} are available",
            "Choose a smaller size, or close other programs.",
        )
