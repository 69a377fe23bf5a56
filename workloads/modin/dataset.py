"""The table that the calls work on: synthetic numbers from a seed, or the content of a user's file.

It is written once to the cache, as CSV and as Parquet, chunk by chunk, so that its size is not limited by memory here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from bench.system.cache_entry import digest_file
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.csv_reader import read_csv_chunks
from workloads.modin.dataset_cache import CACHE_VERSION, ROWS_PER_CHUNK, DatasetFiles, load_or_write
from workloads.modin.space_check import require_space

MIXED_COLUMN_TYPES = ("float", "text", "date", "integer", "integer", "float")
"""Types of the columns of a mixed table, after the key. They repeat."""
KEY_COUNT = 1000
"""Number of different keys."""
WORD_COUNT = 1000
"""Number of different texts."""
DAY_COUNT = 3650
"""Number of different dates."""
MISSING_SHARES = {"float": 0.05, "text": 0.02}
"""Share of missing values, by type of column."""
FILE_CELL_BYTES = {"integer": 4, "float": 8, "text": 12, "date": 13}
"""Approximate size of a cell in the CSV file, with comma and quotes. A cell in the Parquet file is not larger."""
FRAME_CELL_BYTES = {"integer": 8, "float": 8, "text": 62, "date": 67}
"""Approximate size of a cell in a DataFrame, where text is a Python object."""


def list_column_types(kind: str, columns: int) -> list[str]:
    """Types of all columns of a synthetic table: first the key, then `columns` - 1 others.

    `kind` is `integer` for integers only, or `mixed`.
    """
    if kind == "integer":
        return ["integer"] * columns
    return ["integer", *(MIXED_COLUMN_TYPES[index % len(MIXED_COLUMN_TYPES)] for index in range(columns - 1))]


def estimate_frame_bytes(kind: str, rows: int, columns: int) -> int:
    """Approximate size of a synthetic table as a DataFrame."""
    return rows * sum(FRAME_CELL_BYTES[column_type] for column_type in list_column_types(kind, columns))


def make_synthetic(
    kind: str, rows: int, columns: int, seed: int, cache: Path, progress: ProgressReporter
) -> DatasetFiles:
    """A table generated from `seed`. Raises BadInput if memory or disk are too small for it."""
    frame_bytes = estimate_frame_bytes(kind, rows, columns)
    file_bytes = rows * sum(FILE_CELL_BYTES[column_type] for column_type in list_column_types(kind, columns))
    require_space(frame_bytes, 2 * file_bytes, cache, f"{rows:,} rows of {columns} columns")
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


def load_from_file(path: Path, rows: int, cache: Path, progress: ProgressReporter) -> DatasetFiles:
    """The first `rows` rows of a CSV or Parquet file. Raises BadInput if the file cannot be used."""
    progress("reading the file")
    path, digest = _check_path(path)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        # The metadata show the size before anything is read.
        frame_bytes = _estimate_parquet_bytes(path, rows)
        require_space(frame_bytes, 2 * frame_bytes, cache, f"The requested rows of {path.name}")
    folder = cache / "modin" / f"file-{digest[:32]}-{rows}-v{CACHE_VERSION}"
    files = load_or_write(folder, lambda: READERS[suffix](path), rows, None, progress)
    require_space(files.frame_bytes, 0, cache, f"{files.rows:,} rows of {path.name}")
    return files


def _check_path(path: Path) -> tuple[Path, str]:
    """The absolute path of a file, and the SHA-256 of its content. Raises BadInput."""
    remedy = "Give the path of a CSV or Parquet file on this machine."
    try:
        path = path.expanduser().absolute()
        is_file = path.is_file()
        digest = digest_file(path) if is_file and path.suffix.lower() in READERS else ""
    except PermissionError as error:
        raise BadInput(
            f"The user who runs Fairlap has no permission to read {path}", "Grant it, or give another file."
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        # For example: a name that is too long or contains a null, an unknown home folder, a failing disk.
        raise BadInput(f"{str(path)!r} cannot be read: {error}", remedy) from error
    if not is_file:
        raise BadInput(f"There is no file {path}", remedy)
    if not digest:
        suffix = f"with {path.suffix}" if path.suffix else "without a suffix"
        raise BadInput(f"The name {path.name} ends {suffix}", f"Give a file that ends with {' or '.join(READERS)}.")
    return path, digest


def _estimate_parquet_bytes(path: Path, rows: int) -> int:
    """Uncompressed size of the first `rows` rows. Raises BadInput if it is not a Parquet file."""
    try:
        metadata = parquet.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from error
    total_bytes = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    return round(total_bytes * min(1.0, rows / max(1, metadata.num_rows)))


def _read_parquet_chunks(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS_PER_CHUNK)
    except OSError as error:
        # An OSError that passes here would be reported as an error of writing the table.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BadInput:
    return BadInput(f"{path.name} cannot be read: {error}", "Correct the file, or give another one.")


READERS = {".csv": read_csv_chunks, ".parquet": _read_parquet_chunks}
"""By suffix: reads a file in chunks."""
