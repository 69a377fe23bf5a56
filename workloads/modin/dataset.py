"""The table: made up by NumPy from a seed, or taken from a file of the user's; once written, as CSV and as Parquet.

Both formats hold the same rows. They are written chunk by chunk, so that memory bounds no size here, and kept in the
cache with their checksums; a folder appears there whole or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
from pyarrow import csv, parquet

from bench.workload.declaration import BadInput, Progress

VERSION = 1
"""Of what is written; another one is written anew."""
CHUNK = 1 << 16
"""Rows that are made at once, and rows of a row group of the Parquet file."""
CYCLE = ("float", "text", "date", "integer", "integer", "float")
"""Kinds of the columns of a mixed table, after the key."""
KEYS = 1000
"""Different values of the key."""
WORDS = 1000
"""Different texts."""
MISSING = {"float": 0.05, "text": 0.02}
"""Share of missing values by kind of column."""
FILE_BYTES = {"integer": 4, "float": 8, "text": 12, "date": 13}
"""Bytes of a cell in the CSV, with its comma and its quotes, about; the Parquet file is no larger."""
HELD_BYTES = {"integer": 8, "float": 8, "text": 62, "date": 67}
"""Bytes of a cell in a DataFrame: a text is an object of Python's."""
COPIES = 8
"""How often a table is in memory at worst: each arm has it, its inputs made of it, and the result of a step."""
FEWEST_ROWS = 16
LONGEST_ROW = 80
"""Characters of a broken row that are shown."""
UTF_8 = "Save the file in UTF-8."
BLOCK = 1 << 20
"""Bytes of a CSV that are read at once, and of which the first tell what a column holds."""
CSV_FAULTS = (
    ("Empty CSV file", "is empty, or has one line only", "Give a text file with a header and rows."),
    ("invalid UTF8", "is not in UTF-8", UTF_8),
    ("straddl", f"has a row of more than {BLOCK >> 10:,} KiB", "Mend it: a quote may not be closed."),
    ("", "cannot be read", f"Mend the row; a column is taken for what the first {BLOCK >> 10:,} KiB of the file show."),
)
"""What an error's text has in it, what it means, and what to do; the last is for all others."""


@dataclass(frozen=True, slots=True)
class Files:
    """The table on disk."""

    csv: Path
    parquet: Path
    digest: str
    """SHA-256 of both files' SHA-256."""
    rows: int
    columns: int
    held: int
    """Bytes that the table takes as a DataFrame, about."""


def kinds(kind: str, columns: int) -> list[str]:
    """Kind of every column but the first, which is the key."""
    return ["integer"] * (columns - 1) if kind == "integer" else [CYCLE[i % len(CYCLE)] for i in range(columns - 1)]


def synthetic(kind: str, rows: int, columns: int, seed: int, cache: Path, progress: Progress) -> Files:
    """The table made up from `seed`, with a key and `columns - 1` others. Raises BadInput where it is too large."""
    each = ["integer", *kinds(kind, columns)]
    held = rows * sum(HELD_BYTES[one] for one in each)
    check_size(held, 2 * rows * sum(FILE_BYTES[one] for one in each), cache, f"{rows:,} rows of {columns} columns")
    folder = cache / "modin" / f"{kind}-{rows}x{columns}-seed{seed}-v{VERSION}"
    return _kept(folder, lambda: chunks(kind, rows, columns, seed), rows, held, progress)


def check_size(held: int, files: int, cache: Path, what: str) -> None:
    """Refuse a table that memory cannot hold `COPIES` times (`held` bytes each) or the disk (`files` bytes) once."""
    free, disk = psutil.virtual_memory().available, shutil.disk_usage(cache).free
    remedy = "Choose fewer rows or fewer columns."
    if held * COPIES > free:
        raise BadInput(
            f"{what} take {_size(held)} in memory, and {COPIES} times that, {_size(held * COPIES)}, while both arms "
            f"work; {_size(free)} are free",
            remedy,
        )
    if files > disk:
        raise BadInput(f"{what} take {_size(files)} on disk as CSV and Parquet; {_size(disk)} are free", remedy)


def chunks(kind: str, rows: int, columns: int, seed: int) -> Iterator[pa.RecordBatch]:
    """The made up table, piece by piece; a chunk's content depends on its place and the seed alone."""
    words = pa.array([f"word {word:04d}" for word in np.random.default_rng(seed).permutation(WORDS)])
    days = pa.array(np.datetime_as_string(np.datetime64("2015-01-01") + np.arange(3650)))
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        rng = np.random.default_rng([seed, start])
        arrays = [pa.array(rng.integers(0, KEYS, count))]
        names = ["key"]
        for place, one in enumerate(kinds(kind, columns), start=1):
            names.append(f"{one}{place}")
            missing = rng.random(count) < MISSING[one] if one in MISSING else None
            match one:
                case "integer":
                    arrays.append(pa.array(rng.integers(0, 100, count)))
                case "float":
                    arrays.append(pa.array(np.round(rng.normal(0, 100, count), 3), mask=missing))
                case "text":
                    arrays.append(words.take(pa.array(rng.integers(0, WORDS, count), mask=missing)))
                case "date":
                    arrays.append(days.take(pa.array(rng.integers(0, len(days), count))))
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def from_file(path: Path, rows: int, cache: Path, progress: Progress) -> Files:
    """The first `rows` rows of a CSV or Parquet file. Raises BadInput for one that cannot be worked with."""
    progress("reading the file")
    path, digest = _looked_up(path)
    if path.suffix.lower() == ".parquet":
        # It tells what it holds before it is read.
        held = _parquet_bytes(path, rows)
        check_size(held, 2 * held, cache, f"{path.name}, as many rows of it as are wanted,")
    folder = cache / "modin" / f"file-{digest[:32]}-{rows}-v{VERSION}"
    found = _kept(folder, lambda: READERS[path.suffix.lower()](path), rows, None, progress)
    check_size(found.held, 0, cache, f"{found.rows:,} rows of {path.name}")
    return found


def _looked_up(path: Path) -> tuple[Path, str]:
    """The whole path of a file, and the SHA-256 of what is in it. Raises BadInput."""
    wanted = "Give the path of a CSV or Parquet file on this machine."
    try:
        path = path.expanduser().absolute()
        there = path.is_file()
        digest = _digest(path) if there and path.suffix.lower() in READERS else ""
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


def _parquet_bytes(path: Path, rows: int) -> int:
    """Bytes that the first `rows` rows take, unpacked. Raises BadInput for what is no Parquet file."""
    try:
        known = parquet.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path.name} cannot be read: {error}", "Mend the file, or give another.") from error
    unpacked = sum(known.row_group(place).total_byte_size for place in range(known.num_row_groups))
    return round(unpacked * min(1.0, rows / max(1, known.num_rows)))


def _csv_chunks(path: Path) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file:
        header = file.readline(BLOCK)
    try:
        header.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"The first line of {path.name} is no text in UTF-8", UTF_8) from error
    broken: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        broken.append(row)
        return "error"

    # By one thread, which alone can count the rows.
    how = csv.ReadOptions(use_threads=False, block_size=BLOCK)
    try:
        with csv.open_csv(path, how, csv.ParseOptions(invalid_row_handler=keep)) as reader:
            for field in reader.schema:
                if pa.types.is_binary(field.type):
                    raise BadInput(f"The column {field.name} holds bytes that are no text in UTF-8", UTF_8)
            yield from reader
    except pa.ArrowInvalid as error:
        raise _broken_row(path, broken[0]) if broken else _csv_fault(path, str(error)) from error


def _broken_row(path: Path, row: csv.InvalidRow) -> BadInput:
    return BadInput(
        f"Row {row.number:,} of {path.name}, its header being row 1, has {row.actual_columns} columns instead of "
        f"{row.expected_columns}: {row.text[:LONGEST_ROW]!r}",
        "Mend that row, or leave it out; a text with a comma or a line break in it must stand in quotes.",
    )


def _csv_fault(path: Path, words: str) -> BadInput:
    what, remedy = next((what, remedy) for sign, what, remedy in CSV_FAULTS if sign in words)
    return BadInput(f"{path.name} {what}: {words}", remedy)


def _parquet_chunks(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(CHUNK)
    except OSError as error:
        # Else it would be taken for one of writing.
        raise BadInput(f"{path.name} cannot be read: {error}", "Mend the file, or give another.") from error


READERS = {".csv": _csv_chunks, ".parquet": _parquet_chunks}


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The chunk with columns that both formats and both arms have alike. Raises BadInput."""
    if len(set(batch.schema.names)) < batch.num_columns or not all(batch.schema.names):
        raise BadInput("Two columns of the file have the same name, or one has none", "Give every column a name.")
    for name in batch.schema.names:
        if len(name.splitlines()) > 1:
            # Modin reads the header of a CSV by its first line.
            raise BadInput(f"The name of the column {name!r} has a line break in it", "Give the column another name.")
    arrays = []
    for field, array in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_dictionary(field.type):
            array = array.dictionary_decode()
        kind = array.type
        if pa.types.is_temporal(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
            array = array.cast(pa.string())
        elif pa.types.is_integer(kind):
            array = array.cast(pa.int64())
        elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            array = array.cast(pa.float64())
        elif not (pa.types.is_string(kind) or pa.types.is_boolean(kind)):
            raise BadInput(
                f"The column {field.name} is of the type {kind}",
                "Leave that column out, or save it as numbers, texts, dates or truth values.",
            )
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


# --- the cache ---


def _kept(folder: Path, made, rows: int, held: int | None, progress: Progress) -> Files:
    """The table in `folder`; written there from the chunks that `made()` gives where it is not, or is damaged."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Both arms want it at the same time: one writes, the other waits.
    with _locked(folder.with_suffix(".lock")):
        found = _read(folder)
        if found is None:
            shutil.rmtree(folder, ignore_errors=True)
            draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder.parent))
            try:
                _write(draft, made(), rows, held, progress)
                draft.rename(folder)
            except OSError as error:
                raise BadInput(
                    f"The table cannot be written: {error}", "Free space on the disk, or choose fewer rows or columns."
                ) from error
            except pa.ArrowInvalid as error:
                raise BadInput(f"The file cannot be read: {error}", "Mend the file, or give another.") from error
            finally:
                shutil.rmtree(draft, ignore_errors=True)
            found = _read(folder)
    if found is None:
        raise BadInput(f"What was just written to {folder} is damaged", "Check the disk.")
    return found


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(folder: Path, batches: Iterator[pa.RecordBatch], rows: int, held: int | None, progress: Progress) -> None:
    """CSV, Parquet, and what is known of them."""
    plain = map(_plain, batches)
    first = next((batch for batch in plain if batch.num_rows), None)
    if first is None:
        raise BadInput("The file has no row", "Give one with rows.")
    written, bytes_held = 0, 0
    with (
        parquet.ParquetWriter(folder / "table.parquet", first.schema) as columns,
        csv.CSVWriter(folder / "table.csv", first.schema) as lines,
    ):
        for batch in chain([first], plain):
            batch = batch.slice(0, rows - written)
            for start in range(0, batch.num_rows, CHUNK):
                columns.write_batch(batch.slice(start, CHUNK))
            lines.write_batch(batch)
            written += batch.num_rows
            bytes_held += batch.nbytes + sum(60 * batch.num_rows for kind in batch.schema.types if kind == pa.string())
            progress("writing the table as CSV and Parquet", min(1.0, written / rows))
            if held is None:
                check_size(bytes_held, 0, folder, f"The first {written:,} rows of the file")
            if written >= rows:
                break
    if written < FEWEST_ROWS:
        raise BadInput(f"The file has {written} rows", f"Give one with {FEWEST_ROWS} at least.")
    known = {"rows": written, "columns": first.num_columns, "held": held or bytes_held}
    known["sha256"] = {name: _digest(folder / name) for name in ("table.csv", "table.parquet")}
    (folder / "known.json").write_text(json.dumps(known))


def _read(folder: Path) -> Files | None:
    """What lies in `folder`; None where nothing does, or something else than was written."""
    try:
        known = json.loads((folder / "known.json").read_text())
        digests = {name: _digest(folder / name) for name in known["sha256"]}
    except (OSError, ValueError, KeyError):
        return None
    if digests != known["sha256"]:
        return None
    return Files(
        csv=folder / "table.csv",
        parquet=folder / "table.parquet",
        digest=hashlib.sha256("".join(digests.values()).encode()).hexdigest(),
        rows=known["rows"],
        columns=known["columns"],
        held=known["held"],
    )


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _size(count: float) -> str:
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1024:.0f} KiB"
