"""Tables on disk, as CSV and as Parquet, in entries of the cache. Both files hold the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from bench.system.cache_entry import DamagedEntryError, load_or_make
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.space_check import require_space

CACHE_VERSION = 2
"""Version of the files' content and facts. Entries of other versions are not used."""
ROWS_PER_CHUNK = 1 << 16
"""Rows that are generated at a time, and rows in a row group of the Parquet file."""
MIN_ROWS = 16
TEXT_OBJECT_BYTES = 60
"""Bytes of a Python string in a DataFrame in addition to its characters."""
CSV_FILE, PARQUET_FILE = "table.csv", "table.parquet"


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """A table on disk."""

    csv: Path
    parquet: Path
    digest: str
    """SHA-256 of the SHA-256 of both files."""
    rows: int
    columns: int
    frame_bytes: int
    """Approximate size of the table as a DataFrame."""


def load_or_write(
    folder: Path,
    generate: Callable[[], Iterator[pa.RecordBatch]],
    rows: int,
    frame_bytes: int | None,
    progress: ProgressReporter,
) -> DatasetFiles:
    """The table in the cache entry `folder`, written first if it is missing or damaged.

    `generate()` returns the chunks of the table. Its first `rows` rows are used. `frame_bytes` is the size as
    a DataFrame, or None to estimate it from the chunks. Raises BadInput if the table cannot be written or the chunks
    cannot be read.
    """
    try:
        entry = load_or_make(
            folder,
            lambda draft: _write_table(draft, generate(), rows, frame_bytes, progress),
            on_wait=lambda: progress("waiting for another process that writes the same table"),
        )
    except DamagedEntryError as error:
        raise BadInput(f"The table is damaged: {error}", "Check the disk.") from error
    except OSError as error:
        raise BadInput(
            f"The table cannot be written: {error}", "Free space on the disk, or choose fewer rows or columns."
        ) from error
    except pa.ArrowInvalid as error:
        raise BadInput(f"The file cannot be read: {error}", "Correct the file, or give another one.") from error
    return DatasetFiles(
        csv=folder / CSV_FILE,
        parquet=folder / PARQUET_FILE,
        digest=hashlib.sha256("".join(entry.digests[name] for name in (CSV_FILE, PARQUET_FILE)).encode()).hexdigest(),
        rows=entry.facts["rows"],
        columns=entry.facts["columns"],
        frame_bytes=entry.facts["frame_bytes"],
    )


def _write_table(
    folder: Path,
    batches: Iterator[pa.RecordBatch],
    max_rows: int,
    frame_bytes: int | None,
    progress: ProgressReporter,
) -> dict[str, Any]:
    """Write the table as CSV and Parquet. Returns its facts. Raises BadInput if it has too few rows."""
    normalized = map(_normalize_columns, batches)
    first = next((batch for batch in normalized if batch.num_rows), None)
    if first is None:
        raise BadInput("The file has no rows", "Give a file with rows.")
    row_count, estimated_bytes = 0, 0
    with (
        parquet.ParquetWriter(folder / PARQUET_FILE, first.schema) as parquet_writer,
        csv.CSVWriter(folder / CSV_FILE, first.schema) as csv_writer,
    ):
        for batch in chain([first], normalized):
            batch = batch.slice(0, max_rows - row_count)
            for start in range(0, batch.num_rows, ROWS_PER_CHUNK):
                parquet_writer.write_batch(batch.slice(start, ROWS_PER_CHUNK))
            csv_writer.write_batch(batch)
            row_count += batch.num_rows
            text_columns = sum(dtype == pa.string() for dtype in batch.schema.types)
            estimated_bytes += batch.nbytes + TEXT_OBJECT_BYTES * batch.num_rows * text_columns
            progress("writing the table as CSV and Parquet", min(1.0, row_count / max_rows))
            if frame_bytes is None:
                require_space(estimated_bytes, 0, folder, f"The first {row_count:,} rows of the file")
            if row_count >= max_rows:
                break
    if row_count < MIN_ROWS:
        raise BadInput(f"The file has {row_count} rows", f"Give a file with at least {MIN_ROWS} rows.")
    return {"rows": row_count, "columns": first.num_columns, "frame_bytes": frame_bytes or estimated_bytes}


def _normalize_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A chunk whose column types both file formats and both engines represent in the same way.

    Raises BadInput for names and types that are not supported.
    """
    names = batch.schema.names
    if len(set(names)) < batch.num_columns or not all(names):
        raise BadInput("Two columns of the file have the same name, or one has none", "Give every column a name.")
    for name in names:
        if len(name.splitlines()) > 1:
            # Modin reads only the first line of a CSV file as its header.
            raise BadInput(f"The name of the column {name!r} contains a line break", "Give the column another name.")
    arrays = []
    for field, array in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_dictionary(field.type):
            array = array.dictionary_decode()
        dtype = array.type
        if pa.types.is_temporal(dtype) or pa.types.is_large_string(dtype) or pa.types.is_null(dtype):
            array = array.cast(pa.string())
        elif pa.types.is_integer(dtype):
            array = array.cast(pa.int64())
        elif pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
            array = array.cast(pa.float64())
        elif not (pa.types.is_string(dtype) or pa.types.is_boolean(dtype)):
            raise BadInput(
                f"The column {field.name} has the type {dtype}, which is not supported",
                "Remove the column, or save it as numbers, text, dates or booleans.",
            )
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=names)
