"""Checks that there is enough memory for a picture and a batch, before the arms allocate it."""

from __future__ import annotations

from bench.formatting import format_bytes, format_percent
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput

MAX_MEMORY_SHARE = 0.8
"""Share of the available memory that both arms together may take. A race ends the arms a little above it."""
ARMS = 2
PROCESS_BYTES = 300 * 2**20
"""An arm with its libraries, without data."""
PICTURE_BYTES_PER_PIXEL = 150
"""The picture as bytes and as float64, with the temporary arrays of decoding and of the comparison with the result."""
BATCH_BYTES_PER_PIXEL = 60
"""Per pixel of the batch: 24 for its float64 colours, and the labels and norms of predicting and assigning. Measured as
peak of 57 bytes in both arms, at 4 megapixels and a batch of 8."""


def require_memory(pixels: int, batch: int) -> None:
    """Raise BadInput if both arms need more memory for `batch` copies of a picture of `pixels` than is available."""
    available_bytes = available_memory_bytes()
    if not available_bytes:
        return  # The system does not say how much there is.
    required_bytes = estimate_bytes(pixels, batch)
    if required_bytes <= MAX_MEMORY_SHARE * available_bytes:
        return
    largest = find_largest_batch(pixels, int(MAX_MEMORY_SHARE * available_bytes))
    remedy = "Close other programs that use memory, or choose a smaller picture."
    if largest:
        remedy = f"Choose a batch of at most {largest}, the largest that fits now, or a smaller picture."
    raise BadInput(
        f"a picture of {pixels / 1e6:.1f} megapixels with a batch of {batch} takes about "
        f"{format_bytes(required_bytes)} in both arms together; {format_bytes(available_bytes)} are available, of "
        f"which a race may use {format_percent(MAX_MEMORY_SHARE, 0)}",
        remedy,
    )


def estimate_bytes(pixels: int, batch: int) -> int:
    """Largest memory of both arms together."""
    return ARMS * (PROCESS_BYTES + pixels * (PICTURE_BYTES_PER_PIXEL + BATCH_BYTES_PER_PIXEL * batch))


def find_largest_batch(pixels: int, memory_bytes: int) -> int:
    """The largest batch for which both arms together take at most `memory_bytes`; 0 if there is none."""
    left_bytes = memory_bytes - estimate_bytes(pixels, 0)
    return max(0, left_bytes // (ARMS * pixels * BATCH_BYTES_PER_PIXEL))
