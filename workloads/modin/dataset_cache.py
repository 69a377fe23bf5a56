"""Tables on disk, as CSV and as Parquet, in entries of the cache. Both files hold the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from bench.formatting import format_count
from bench.system.cache_entry import DamagedEntryError, load_or_make
from bench.values.arms import RacedInput
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.space_check import require_space

CACHE_VERSION = 6
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
    layout: str = ""
    """How the user's file is written; empty for a synthetic table."""
    is_whole: bool = True
    """Whether these are all rows of the user's file."""
    dtypes: dict[str, str] = field(default_factory=dict[str, str])
    """By column: the dtype that `read_csv` gets; only where it would find another one than the Parquet file has."""
    notes: list[RacedInput] = field(default_factory=list[RacedInput])
    """What was widened, renamed or converted on the way from the user's file."""


def load_or_write(
    folder: Path,
    generate: Callable[[], Iterator[pa.RecordBatch]],
    rows: int,
    frame_bytes: int | None,
    progress: ProgressReporter,
    describe: Callable[[Path], dict[str, Any]] = lambda folder: {},
) -> DatasetFiles:
    """The table in the cache entry `folder`, written first if it is missing or damaged.

    `generate()` returns the chunks of the table. Its first `rows` rows are used. `frame_bytes` is the size as
    a DataFrame, or None to estimate it from the chunks. `describe(folder)` gets the folder with both files, and returns
    more fields of `DatasetFiles`. Raises BadInput if the table cannot be written.
    """
    try:
        entry = load_or_make(
            folder,
            lambda draft: _write_table(draft, generate(), rows, frame_bytes, progress) | describe(draft),
            on_wait=lambda: progress("waiting for another process that writes the same table"),
            accept=lambda entry: {CSV_FILE, PARQUET_FILE} <= entry.digests.keys(),
        )
    except DamagedEntryError as error:
        raise BadInput(f"The table is damaged: {error}", "Check the disk.") from error
    except OSError as error:
        raise BadInput(
            f"The table cannot be written: {error}", "Free space on the disk, or choose fewer rows or columns."
        ) from error
    facts = entry.facts
    return DatasetFiles(
        csv=folder / CSV_FILE,
        parquet=folder / PARQUET_FILE,
        digest=hashlib.sha256("".join(entry.digests[name] for name in (CSV_FILE, PARQUET_FILE)).encode()).hexdigest(),
        rows=facts["rows"],
        columns=facts["columns"],
        frame_bytes=facts["frame_bytes"],
        layout=facts.get("layout", ""),
        is_whole=facts.get("is_whole", True),
        dtypes=facts.get("dtypes", {}),
        notes=[RacedInput(label=label, text=text) for label, text in facts.get("notes", [])],
    )


def require_rows(count: int) -> None:
    """Raise BadInput if a table has too few rows."""
    if count < MIN_ROWS:
        rows = format_count(count, "row") if count else "a header and no rows"
        raise BadInput(f"The file has {rows}", f"Give a file with at least {MIN_ROWS} rows.")


def _write_table(
    folder: Path,
    batches: Iterator[pa.RecordBatch],
    max_rows: int,
    frame_bytes: int | None,
    progress: ProgressReporter,
) -> dict[str, Any]:
    """Write the table as CSV and Parquet. Returns its facts. Raises BadInput if it has too few rows."""
    first = next((batch for batch in batches if batch.num_rows), None)
    if first is None:
        raise BadInput("The file has no rows", f"Give a file with at least {MIN_ROWS} rows.")
    row_count, estimated_bytes = 0, 0
    with (
        parquet.ParquetWriter(folder / PARQUET_FILE, first.schema) as parquet_writer,
        csv.CSVWriter(folder / CSV_FILE, first.schema) as csv_writer,
    ):
        for batch in chain([first], batches):
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
    require_rows(row_count)
    return {"rows": row_count, "columns": first.num_columns, "frame_bytes": frame_bytes or estimated_bytes}
