"""Whether there is memory for what is asked, before it is taken."""

from __future__ import annotations

import psutil

from bench.formatting import format_bytes
from bench.workload.interface import BadInput

MAX_MEMORY_SHARE = 0.8
"""Of the memory that is free, what may be taken."""


def available_bytes() -> int:
    """Bytes that can be had without swapping."""
    return psutil.virtual_memory().available


def require_memory(needed: int, who: str = "it needs") -> None:
    """Raises BadInput where `needed` bytes are more than there may be taken."""
    there = available_bytes()
    if needed > MAX_MEMORY_SHARE * there:
        raise BadInput(
            f"{who} {format_bytes(needed)}, and {format_bytes(there)} are free",
            "Choose a smaller size, or close other programs.",
        )
