"""What a call gave, kept so that the arms can be compared, and the comparison itself."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import testing

MAX_STORED_CELLS = 4_000_000
"""A larger result is kept as one row in so many, and the sums of its numeric columns over all rows."""
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-9, 1e-9
"""Tolerance of numbers: partial sums are added in another order."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result, or what stands for it."""

    rows: int
    every: int
    """1 where all rows are kept."""
    frame: pd.DataFrame
    sums: pd.Series | None
    digest: str = ""
    """SHA-256 of a file that was written."""
    sorted_by: pd.Series | None = None
    """The values by which the rows were sorted, as they came."""


def store_result(result: Any, order: str, key: str, file: Path) -> None:
    """Write to `file` what is to be compared: `result` is a frame, a series, or the path of what was written.

    Rows whose order is not given are sorted by all columns first, before any is left out.
    """
    digest = ""
    if isinstance(result, Path):
        if result.suffix == ".csv":
            with result.open("rb") as written:
                digest = hashlib.file_digest(written, "sha256").hexdigest()
            result = pd.DataFrame()
        else:
            result = pd.read_parquet(result)
    frame = result.to_frame() if isinstance(result, pd.Series) else result
    by = frame[key].reset_index(drop=True) if order == "sorted" else None
    if order != "same":
        # Where rows may come in any order, so may their numbers: an index that names something is kept as a column.
        named = any(name is not None for name in frame.index.names)
        frame = frame.reset_index(drop=not named)
        frame = frame.sort_values(list(frame.columns), ignore_index=True, kind="stable")
    every = max(1, -(-frame.size // MAX_STORED_CELLS))
    sums = frame.sum(numeric_only=True) if every > 1 else None
    kept = StoredResult(len(frame), every, frame.iloc[::every], sums, digest, by)
    file.write_bytes(pickle.dumps(kept, protocol=5))


def find_difference(one: Path, other: Path) -> str:
    """How two kept results differ, in one line; empty where they are equal within the tolerance.

    The files are the arms' own, of the run's scratch folder; nobody else writes there.
    """
    first, second = (pickle.loads(file.read_bytes()) for file in (one, other))
    if (first.rows, first.every) != (second.rows, second.every):
        return f"{first.rows:,} rows and {second.rows:,}"
    if first.digest != second.digest:
        return "the files that were written differ"
    try:
        testing.assert_frame_equal(first.frame, second.frame, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
        if first.sums is not None:
            testing.assert_series_equal(first.sums, second.sums, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
        if first.sorted_by is not None:
            testing.assert_series_equal(first.sorted_by, second.sorted_by)
    except AssertionError as error:
        return " ".join(str(error).split())[:300]
    return ""


def describe_comparison(kept: Path, order: str) -> str:
    """What was compared, for a person."""
    told = pickle.loads(kept.read_bytes())
    if told.digest:
        return "the file, byte by byte"
    rows = f"{told.rows:,} rows" if told.every == 1 else f"one row in {told.every} of {told.rows:,}, and column sums"
    return rows + {"same": ", in order", "any": ", in any order", "sorted": ", the key in order"}[order]
