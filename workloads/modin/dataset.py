"""The table: made up by NumPy from a seed, or taken from a file of the user's; once written, as CSV and as Parquet.

Both formats hold the same rows. They are written chunk by chunk, so that memory bounds no size here, and kept in the
cache with their checksums; a folder appears there whole or not at all.
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

MIXED_KINDS = ("float", "text", "date", "integer", "integer", "float")
"""Kinds of the columns of a mixed table, after the key."""
KEY_COUNT = 1000
"""Different values of the key."""
WORD_COUNT = 1000
"""Different texts."""
MISSING_SHARES = {"float": 0.05, "text": 0.02}
"""Share of missing values by kind of column."""
FILE_CELL_BYTES = {"integer": 4, "float": 8, "text": 12, "date": 13}
"""Bytes of a cell in the CSV, with its comma and its quotes, about; the Parquet file is no larger."""
FRAME_CELL_BYTES = {"integer": 8, "float": 8, "text": 62, "date": 67}
"""Bytes of a cell in a DataFrame: a text is an object of Python's."""


def column_kinds(kind: str, columns: int) -> list[str]:
    """Kind of every column but the first, which is the key."""
    return (
        ["integer"] * (columns - 1)
        if kind == "integer"
        else [MIXED_KINDS[i % len(MIXED_KINDS)] for i in range(columns - 1)]
    )


def make_synthetic(
    kind: str, rows: int, columns: int, seed: int, cache: Path, progress: ProgressReporter
) -> DatasetFiles:
    """The table made up from `seed`, with a key and `columns - 1` others. Raises BadInput where it is too large."""
    each = ["integer", *column_kinds(kind, columns)]
    held = rows * sum(FRAME_CELL_BYTES[one] for one in each)
    require_space(
        held, 2 * rows * sum(FILE_CELL_BYTES[one] for one in each), cache, f"{rows:,} rows of {columns} columns"
    )
    folder = cache / "modin" / f"{kind}-{rows}x{columns}-seed{seed}-v{CACHE_VERSION}"
    return load_or_write(folder, lambda: generate_chunks(kind, rows, columns, seed), rows, held, progress)


def generate_chunks(kind: str, rows: int, columns: int, seed: int) -> Iterator[pa.RecordBatch]:
    """The made up table, piece by piece; a chunk's content depends on its place and the seed alone."""
    words = pa.array([f"word {word:04d}" for word in np.random.default_rng(seed).permutation(WORD_COUNT)])
    days = pa.array(np.datetime_as_string(np.datetime64("2015-01-01") + np.arange(3650)))
    for start in range(0, rows, ROWS_PER_CHUNK):
        count = min(ROWS_PER_CHUNK, rows - start)
        rng = np.random.default_rng([seed, start])
        arrays = [pa.array(rng.integers(0, KEY_COUNT, count))]
        names = ["key"]
        for place, one in enumerate(column_kinds(kind, columns), start=1):
            names.append(f"{one}{place}")
            missing = rng.random(count) < MISSING_SHARES[one] if one in MISSING_SHARES else None
            match one:
                case "integer":
                    arrays.append(pa.array(rng.integers(0, 100, count)))
                case "float":
                    arrays.append(pa.array(np.round(rng.normal(0, 100, count), 3), mask=missing))
                case "text":
                    arrays.append(words.take(pa.array(rng.integers(0, WORD_COUNT, count), mask=missing)))
                case "date":
                    arrays.append(days.take(pa.array(rng.integers(0, len(days), count))))
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def load_from_file(path: Path, rows: int, cache: Path, progress: ProgressReporter) -> DatasetFiles:
    """The first `rows` rows of a CSV or Parquet file. Raises BadInput for one that cannot be worked with."""
    progress("reading the file")
    path, digest = _check_path(path)
    if path.suffix.lower() == ".parquet":
        # It tells what it holds before it is read.
        held = _estimate_parquet_bytes(path, rows)
        require_space(held, 2 * held, cache, f"{path.name}, as many rows of it as are wanted,")
    folder = cache / "modin" / f"file-{digest[:32]}-{rows}-v{CACHE_VERSION}"
    found = load_or_write(folder, lambda: READERS[path.suffix.lower()](path), rows, None, progress)
    require_space(found.held, 0, cache, f"{found.rows:,} rows of {path.name}")
    return found


def _check_path(path: Path) -> tuple[Path, str]:
    """The whole path of a file, and the SHA-256 of what is in it. Raises BadInput."""
    wanted = "Give the path of a CSV or Parquet file on this machine."
    try:
        path = path.expanduser().absolute()
        there = path.is_file()
        digest = digest_file(path) if there and path.suffix.lower() in READERS else ""
    except PermissionError as error:
        remedy = "Give the user who runs Fairlap the right to read it, or give another."
        raise BadInput(f"{path} may not be read", remedy) from error
    except (OSError, RuntimeError, ValueError) as error:
        # A name that is too long or has a null in it, no such home folder, a disk that fails.
        raise BadInput(f"{str(path)!r} cannot be read: {error}", wanted) from error
    if not there:
        raise BadInput(f"There is no file {path}", wanted)
    if not digest:
        ending = path.suffix or "nothing"
        raise BadInput(f"{path.name} ends in {ending}", f"Give a file that ends in {' or '.join(READERS)}.")
    return path, digest


def _estimate_parquet_bytes(path: Path, rows: int) -> int:
    """Bytes that the first `rows` rows take, unpacked. Raises BadInput for what is no Parquet file."""
    try:
        known = parquet.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}", "Mend the file, or give another.") from error
    unpacked = sum(known.row_group(place).total_byte_size for place in range(known.num_row_groups))
    return round(unpacked * min(1.0, rows / max(1, known.num_rows)))


def _read_parquet_chunks(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS_PER_CHUNK)
    except OSError as error:
        # Else it would be taken for one of writing.
        raise BadInput(f"{path.name} cannot be read: {error}", "Mend the file, or give another.") from error


READERS = {".csv": read_csv_chunks, ".parquet": _read_parquet_chunks}
