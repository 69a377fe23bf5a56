"""The table that the calls work on: synthetic numbers from a seed, or the content of a user's file.

It is written once to the cache, as CSV and as Parquet, chunk by chunk, so that its size is not limited by memory here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.system.cache_entry import digest_file
from bench.tables.identify import TableFile
from bench.tables.read_errors import translate_read_errors
from bench.tables.reader import check_table, read_table
from bench.workload.interface import ProgressReporter
from workloads.modin.dataset_cache import (
    CACHE_VERSION,
    CSV_FILE,
    PARQUET_FILE,
    ROWS_PER_CHUNK,
    DatasetFiles,
    load_or_write,
    require_rows,
)
from workloads.modin.space_check import require_memory, require_space, require_synthetic_space
from workloads.modin.table_size import list_column_types
from workloads.modin.user_table import UserTable, complete_table, find_csv_dtypes

KEY_COUNT = 1000
"""Number of different keys."""
WORD_COUNT = 1000
"""Number of different texts."""
DAY_COUNT = 3650
"""Number of different dates."""
MISSING_SHARES = {"float": 0.05, "text": 0.02}
"""Share of missing values, by type of column."""


def make_synthetic(
    kind: str, rows: int, columns: int, seed: int, cache: Path, progress: ProgressReporter
) -> DatasetFiles:
    """A table generated from `seed`. Raises BadInput if memory or disk are too small for it."""
    frame_bytes = require_synthetic_space(kind, rows, columns, cache)
    folder = cache / "modin" / f"{kind}-{rows}x{columns}-seed{seed}-v{CACHE_VERSION}"
    return load_or_write(folder, lambda: generate_chunks(kind, rows, columns, seed), rows, frame_bytes, progress)


def generate_chunks(kind: str, rows: int, columns: int, seed: int) -> Iterator[pa.RecordBatch]:
    """The chunks of a synthetic table. The content of a chunk depends only on its position and the seed."""
    words = pa.array([f"word {word:04d}" for word in np.random.default_rng(seed).permutation(WORD_COUNT)])
    days = pa.array(np.datetime_as_string(np.datetime64("2015-01-01") + np.arange(DAY_COUNT)))
    column_types = list_column_types(kind, columns)
    names = ["key", *(f"{column_type}{index}" for index, column_type in enumerate(column_types) if index)]
    for start in range(0, rows, ROWS_PER_CHUNK):
        count = min(ROWS_PER_CHUNK, rows - start)
        rng = np.random.default_rng([seed, start])
        arrays = [pa.array(rng.integers(0, KEY_COUNT, count))]
        for column_type in column_types[1:]:
            missing = rng.random(count) < MISSING_SHARES[column_type] if column_type in MISSING_SHARES else None
            match column_type:
                case "integer":
                    arrays.append(pa.array(rng.integers(0, 100, count)))
                case "float":
                    arrays.append(pa.array(np.round(rng.normal(0, 100, count), 3), mask=missing))
                case "text":
                    arrays.append(words.take(pa.array(rng.integers(0, WORD_COUNT, count), mask=missing)))
                case "date":
                    arrays.append(days.take(pa.array(rng.integers(0, DAY_COUNT, count))))
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def load_from_file(file: TableFile, rows: int, cache: Path, progress: ProgressReporter) -> DatasetFiles:
    """The first `rows` rows of a CSV or Parquet file, as pandas reads them. Raises BadInput if it cannot be used."""
    progress("reading the file")
    with translate_read_errors(file.name):
        digest = _digest_table(file)
    contents: list[UserTable] = []

    def read() -> Iterator[pa.RecordBatch]:
        contents.append(_read_table(file, rows, progress))
        return contents[0].batches

    def describe(folder: Path) -> dict[str, Any]:
        (content,) = contents
        # Only here: writing the table ends at the last requested row, before the batches end.
        content.finish()
        progress("comparing both files")
        content.dtypes |= find_csv_dtypes(folder / CSV_FILE, folder / PARQUET_FILE, content.dtypes)
        return {
            "layout": content.layout,
            "is_whole": content.is_whole,
            "dtypes": content.dtypes,
            "notes": content.notes.to_json(),
        }

    folder = cache / "modin" / f"file-{digest[:32]}-{rows}-v{CACHE_VERSION}"
    files = load_or_write(folder, read, rows, None, progress, describe)
    require_space(files.frame_bytes, 0, cache, f"{files.rows:,} rows of {file.name}")
    return files


def _digest_table(file: TableFile) -> str:
    """SHA-256 of a file; for a folder, of the names of its files, which may hold values, and of their digests."""
    if not file.parts:
        return digest_file(file.path)
    entries = [[part.relative_to(file.path).as_posix(), digest_file(part)] for part in file.parts]
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def _read_table(file: TableFile, rows: int, progress: ProgressReporter) -> UserTable:
    check = check_table(file, rows, progress)
    require_rows(check.rows)
    require_memory(check.size_bytes, check.subject)
    return complete_table(read_table(check, progress, ROWS_PER_CHUNK))
