"""Whether there is memory for what is asked, before it is taken."""

from __future__ import annotations

import psutil

from bench.workload.declaration import BadInput
from workloads.memory_traffic.catalogue import size_text

SHARE = 0.8
"""Of the memory that is free, what may be taken."""


def free() -> int:
    """Bytes that can be had without swapping."""
    return psutil.virtual_memory().available


def refuse(needed: int, who: str = "it needs") -> None:
    """Raises BadInput where `needed` bytes are more than there may be taken."""
    there = free()
    if needed > SHARE * there:
        raise BadInput(
            f"{who} {size_text(needed)}, and {size_text(there)} are free",
            "Choose a smaller size, or close other programs.",
        )
