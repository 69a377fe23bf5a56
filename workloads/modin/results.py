"""Results of calls, stored on disk so that those of both arms can be compared, and the comparison."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import testing

from bench.formatting import format_count

MAX_STORED_CELLS = 4_000_000
"""Of a larger result, only every n-th row is stored, and the sums of its numeric columns over all rows."""
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-9, 1e-9
"""Tolerance for numbers, because the engines add partial sums in a different order."""
MAX_DIFFERENCE_LENGTH = 300
"""Characters of a difference that are reported."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result, or a part of it."""

    row_count: int
    row_interval: int
    """Every `row_interval`-th row is stored; 1 if all are."""
    frame: pd.DataFrame
    column_sums: pd.Series | None
    """Sums of the numeric columns over all rows; None if all rows are stored."""
    file_digest: str = ""
    """SHA-256 of the CSV file, if the call wrote one."""
    sort_key: pd.Series | None = None
    """The column by which the rows were sorted, in the order of the result."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Stored in place of a result that cannot be compared."""

    reason: str


def store_result(result: Any, order: str, key: str, file: Path) -> None:
    """Write to `file` what is compared of `result`: a frame, a series, or the path of a file that was written.

    `order` is that of `Call.order`. If the order of rows is not defined, they are sorted by all columns. `key` is the
    column by which a sorted result was sorted.
    """
    file_digest = ""
    if isinstance(result, Path):
        if result.suffix == ".csv":
            with result.open("rb") as written:
                file_digest = hashlib.file_digest(written, "sha256").hexdigest()
            result = pd.DataFrame()
        else:
            result = pd.read_parquet(result)
    frame: pd.DataFrame = result.to_frame() if isinstance(result, pd.Series) else result
    sort_key = frame.loc[:, key].reset_index(drop=True) if order == "sorted" else None
    if order != "same":
        # Rows in any order have row numbers in any order. An index with a name is data, and becomes a column.
        has_named_index = any(name is not None for name in frame.index.names)
        frame = frame.reset_index(drop=not has_named_index)
        frame = frame.sort_values(list(frame.columns), ignore_index=True, kind="stable")
    row_interval = max(1, -(-frame.size // MAX_STORED_CELLS))
    column_sums = frame.sum(numeric_only=True) if row_interval > 1 else None
    rows = frame.iloc[::row_interval]
    stored = StoredResult(len(frame), row_interval, rows, column_sums, file_digest, sort_key)
    file.write_bytes(pickle.dumps(stored, protocol=5))


def store_obstacle(reason: str, file: Path) -> None:
    """Write to the file of a result the reason why there is no result to compare."""
    file.write_bytes(pickle.dumps(Obstacle(reason), protocol=5))


def find_obstacle(baseline_file: Path, accelerated_file: Path) -> str:
    """Why two results cannot be compared, in one line; empty if both are stored."""
    for arm, file in (("baseline", baseline_file), ("accelerated", accelerated_file)):
        stored = _load(file)
        if isinstance(stored, Obstacle):
            return f"{arm} arm: {stored.reason}"[:MAX_DIFFERENCE_LENGTH]
    return ""


def find_difference(first_file: Path, second_file: Path) -> str:
    """How two stored results differ, in one line; empty if they are equal within the tolerance."""
    first, second = (_load_result(file) for file in (first_file, second_file))
    if (first.row_count, first.row_interval) != (second.row_count, second.row_interval):
        return f"{format_count(first.row_count, 'row')} and {format_count(second.row_count, 'row')}"
    if first.file_digest != second.file_digest:
        return "the files that were written differ"
    try:
        testing.assert_frame_equal(first.frame, second.frame, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
        if first.column_sums is not None and second.column_sums is not None:
            testing.assert_series_equal(
                first.column_sums, second.column_sums, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE
            )
        if first.sort_key is not None and second.sort_key is not None:
            testing.assert_series_equal(first.sort_key, second.sort_key)
    except AssertionError as error:
        return " ".join(str(error).split())[:MAX_DIFFERENCE_LENGTH]
    return ""


def describe_comparison(file: Path, order: str) -> str:
    """What is compared of a stored result."""
    stored = _load_result(file)
    if stored.file_digest:
        return "the file, byte by byte"
    if stored.row_interval == 1:
        rows = format_count(stored.row_count, "row")
    else:
        rows = f"one row in {stored.row_interval} of {stored.row_count:,}, and column sums"
    return rows + {"same": ", in order", "any": ", in any order", "sorted": ", the key in order"}[order]


def _load_result(file: Path) -> StoredResult:
    stored = _load(file)
    assert isinstance(stored, StoredResult)
    return stored


def _load(file: Path) -> StoredResult | Obstacle:
    # Only the arms of this run write to its scratch folder, so unpickling is safe.
    return pickle.loads(file.read_bytes())
