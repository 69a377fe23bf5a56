"""Checks that there is enough memory for rows and columns, before they are generated."""

from __future__ import annotations

from bench.formatting import format_bytes, format_percent
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput, Settings
from workloads.estimators.catalogue import ESTIMATORS, Estimator

MAX_MEMORY_SHARE = 0.8
"""Share of the available memory that both arms together may take. A race ends the arms a little above it."""
ARMS = 2
PROCESS_BYTES = 350 * 2**20
"""An arm with its libraries, without data."""
COPIES = 4
"""How often the rows are in memory: as generated, converted, in the estimator, and in temporary arrays."""
HELD_OUT_FACTOR = 2
"""Rows with the held-out rows, as a multiple of the rows."""
NUMBER_BYTES = 8


def require_memory(settings: Settings) -> None:
    """Raise BadInput if both arms need more memory for the generated rows and columns than is available."""
    if settings.parameters.get("data", "generated") != "generated":
        return
    estimator, columns = ESTIMATORS[settings.case], int(settings.parameters.get("columns", 1))
    available_bytes = available_memory_bytes()
    required_bytes = estimate_bytes(estimator, settings.batch, columns)
    if not available_bytes or required_bytes <= MAX_MEMORY_SHARE * available_bytes:
        return
    largest = find_largest_rows(estimator, columns, int(MAX_MEMORY_SHARE * available_bytes))
    remedy = "Close other programs that use memory, or choose fewer columns."
    if largest:
        remedy = f"Choose at most {largest:,} rows, the most that fit now, or fewer columns."
    raise BadInput(
        f"{settings.batch:,} rows × {columns:,} columns take about {format_bytes(required_bytes)} in both arms "
        f"together; {format_bytes(available_bytes)} are available, of which a race may use "
        f"{format_percent(MAX_MEMORY_SHARE, 0)}",
        remedy,
    )


def estimate_bytes(estimator: Estimator, rows: int, columns: int) -> int:
    """Largest memory of both arms together."""
    data_bytes = HELD_OUT_FACTOR * rows * columns * NUMBER_BYTES * COPIES
    return ARMS * (PROCESS_BYTES + data_bytes + rows * rows * estimator.square_bytes)


def find_largest_rows(estimator: Estimator, columns: int, memory_bytes: int) -> int:
    """The largest number of rows, in two digits, that takes at most `memory_bytes`; 0 if there is none."""
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_bytes(estimator, middle, columns) <= memory_bytes:
            low = middle
        else:
            high = middle - 1
    digits = 10 ** max(0, len(str(low)) - 2)
    return low // digits * digits
