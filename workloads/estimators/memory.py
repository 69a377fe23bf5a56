"""Checks that there is enough memory for rows and columns, before they are generated."""

from __future__ import annotations

from bench.formatting import format_bytes, format_percent
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput, Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.options import uses_file

MAX_MEMORY_SHARE = 0.8
"""Share of the available memory that both arms together may take. A race ends the arms a little above it."""
ARMS = 2
PROCESS_BYTES = 350 * 2**20
"""An arm with its libraries, without data."""
COPIES = 4
"""How often the rows are in memory: as generated, converted, in the estimator, and in temporary arrays."""
NUMBER_BYTES = 8
COLUMN_MATRICES = 4
"""Matrices of columns × columns: products of the columns, their factors, and copies of both."""
NODE_BYTES = 128
"""Bytes of a node of a tree, without its classes, in scikit-learn and in the copy that oneDAL's is converted from."""
EXACT_MATRICES = 5
"""Matrices of rows × rows of t-SNE with the method exact."""
MAX_EXACT_ROWS = 3_000
"""Rows of t-SNE with the method exact, which compares all pairs of rows in each of hundreds of iterations."""
COLUMN_PRODUCTS = {"pca", "incremental-pca", "linear-regression", "ridge"}
"""Cases whose estimators multiply all columns by each other."""


def require_memory(settings: Settings, *, arms: int = ARMS, near_share: float = 0.0) -> None:
    """Raise BadInput if `arms` arms need more memory for the generated rows and columns than is available.

    The size of a user's file is known when it was read: see `own_table.describe_size`.
    `near_share` is the share of all pairs of rows that are neighbours, of estimators that keep all neighbours.
    """
    if uses_file(settings) or settings.parameters.get("data", "generated") != "generated":
        return
    require_few_rows(settings)
    columns, available_bytes = int(settings.parameters.get("columns", 1)), available_memory_bytes()
    required_bytes = estimate_bytes(settings, arms=arms, near_share=near_share)
    if not available_bytes or required_bytes <= MAX_MEMORY_SHARE * available_bytes:
        return
    largest = find_largest_rows(settings, int(MAX_MEMORY_SHARE * available_bytes), arms=arms, near_share=near_share)
    remedy = "Close other programs that use memory, or choose fewer columns."
    if largest:
        remedy = f"Choose at most {largest:,} rows, the most that fit now, or fewer columns."
    where = "in both arms together" if arms == ARMS else "in one arm"
    raise BadInput(
        f"{settings.batch:,} rows × {columns:,} columns take about {format_bytes(required_bytes)} {where}; "
        f"{format_bytes(available_bytes)} are available, of which a race may use {format_percent(MAX_MEMORY_SHARE, 0)}",
        remedy,
    )


def require_few_rows(settings: Settings) -> None:
    """Raise BadInput for t-SNE with the method exact and so many rows that it would not end."""
    if settings.parameters.get("method") == "exact" and settings.batch > MAX_EXACT_ROWS:
        raise BadInput(
            f"t-SNE with the method exact compares all pairs of {settings.batch:,} rows in every iteration",
            f"Choose at most {MAX_EXACT_ROWS:,} rows, or the method Barnes-Hut.",
        )


def estimate_bytes(settings: Settings, rows: int | None = None, *, arms: int = ARMS, near_share: float = 0.0) -> int:
    """Largest memory of `arms` arms together, with `rows` instead of those of the plan."""
    estimator, columns = ESTIMATORS[settings.case], int(settings.parameters.get("columns", 1))
    rows = settings.batch if rows is None else rows
    generated = rows * (2 if estimator.holds_out else 1)
    data_bytes = generated * columns * NUMBER_BYTES * COPIES
    pair_bytes = estimator.square_bytes + 2 * NUMBER_BYTES * near_share
    working_bytes = _estimate_working_bytes(settings, rows, columns)
    return arms * (PROCESS_BYTES + data_bytes + round(rows * rows * pair_bytes) + working_bytes)


def _estimate_working_bytes(settings: Settings, rows: int, columns: int) -> int:
    """An upper bound of what an estimator needs besides the rows and what `square_bytes` says."""
    parameters = settings.parameters
    matrix_bytes = columns * columns * NUMBER_BYTES * COLUMN_MATRICES
    match settings.case:
        case _ if settings.case in COLUMN_PRODUCTS:
            return matrix_bytes
        case "gaussian-mixture":
            clusters = int(parameters["clusters"])
            return clusters * (matrix_bytes + COPIES * rows * NUMBER_BYTES)
        case _ if "depth" in parameters and "trees" in parameters:
            # Every leaf has a row at least, and a binary tree has fewer other nodes than leaves.
            nodes = min(2 * rows, 2 ** (int(parameters["depth"]) + 1))
            classes = int(parameters.get("classes", 1))
            return int(parameters["trees"]) * nodes * (NODE_BYTES + 2 * NUMBER_BYTES * classes)
        case "tsne" if parameters["method"] == "exact":
            return EXACT_MATRICES * rows * rows * NUMBER_BYTES
        case "tsne":
            # Three times the perplexity is the number of neighbours that scikit-learn keeps.
            return round(3 * float(parameters["perplexity"])) * rows * COPIES * NUMBER_BYTES
        case _ if settings.case != "dbscan" and "neighbours" in parameters:
            return int(parameters["neighbours"]) * rows * COPIES * NUMBER_BYTES
        case _:
            return 0


def find_largest_rows(settings: Settings, memory_bytes: int, *, arms: int = ARMS, near_share: float = 0.0) -> int:
    """The largest number of rows, in two digits, that takes at most `memory_bytes`; 0 if there is none."""
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        if estimate_bytes(settings, middle, arms=arms, near_share=near_share) <= memory_bytes:
            low = middle
        else:
            high = middle - 1
    digits = 10 ** max(0, len(str(low)) - 2)
    return low // digits * digits
