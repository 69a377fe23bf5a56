"""Reads a Parquet file, and notes which of its types were converted."""

# PyArrow makes the functions of pyarrow.compute when it is imported, so pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from bench.formatting import escape_invisible, format_count
from bench.tables.content import (
    MAX_EXACT_INTEGER,
    TableContent,
    make_names_usable,
)
from bench.tables.identify import TableFile
from bench.tables.notes import NoteKind, TableNotes
from bench.tables.parquet_source import ParquetSource
from bench.tables.read_errors import translate_read_errors
from bench.workload.interface import BadInput

OUT_OF_RANGE = "<value out of range"
"""How the text begins that Arrow makes of a date or time beyond the years that it can write."""
INDEX_COLUMN = re.compile(r"__index_level_(\d+)__")
"""How pandas names the columns of an index without a name in a Parquet file, as its developer guide documents."""


def check_parquet(file: TableFile) -> ParquetSource:
    """Check the schema of a Parquet file or folder, and open it. Raises BadInput."""
    name = file.name
    with translate_read_errors(name):
        source = ParquetSource(file)
    schema = source.schema
    if not len(schema):
        raise BadInput(f"The file {name} has no columns", "Give a table with columns.")
    if not source.row_count:
        raise BadInput(f"The file {name} has no rows", "Give a file with rows.")
    unsupported = [
        f"{escape_invisible(field.name)} ({field.type})" for field in schema if not _is_supported(field.type)
    ]
    if unsupported:
        names = [field.name for field in schema if not _is_supported(field.type)]
        raise BadInput(
            f"The file {name} has columns that are neither numbers, texts, dates nor booleans: "
            f"{', '.join(unsupported)}",
            f"Leave them out: pandas.read_parquet({name!r}).drop(columns={names}).to_parquet('table.parquet').",
        )
    for field in schema:
        _require_time_zone(field, name)
    return source


def _require_time_zone(field: pa.Field, file_name: str) -> None:
    """Raise BadInput if a column has a time zone that is unknown here: its times cannot be written as text."""
    dtype = unwrap_type(field.type)
    if not pa.types.is_timestamp(dtype) or not dtype.tz:
        return
    try:
        pa.array([0], dtype).cast(pa.string())
    except pa.ArrowInvalid as error:
        raise BadInput(
            f"Column {field.name} of {file_name} has the time zone {dtype.tz!r}, which this machine does not know",
            "Save that column in UTC, or without a time zone.",
        ) from error


def read_parquet_table(file: TableFile, source: ParquetSource, max_rows: int, rows_per_batch: int) -> TableContent:
    """The first `max_rows` rows of a Parquet file or folder that was checked. Raises BadInput."""
    schema, notes = source.schema, TableNotes()
    with translate_read_errors(file.name):
        names = make_names_usable(_name_columns(schema, notes), notes)
        converted = pa.schema([(name, _target_type(field.type)) for name, field in zip(names, schema, strict=True)])
    _note_conversions(schema, names, notes)
    if source.key_types:
        notes.add(NoteKind.FOLDERS, f"{', '.join(source.key_types)}: columns from the names of folders, as in pandas")
    layout = f"Parquet, {format_count(source.part_count, 'file')}" if file.parts else "Parquet"
    content = TableContent(
        iter(()),
        converted,
        lambda index: source.count_values(index, max_rows),
        notes,
        layout,
        source.row_count <= max_rows,
        stored_types={name: unwrap_type(field.type) for name, field in zip(names, schema, strict=True)},
    )
    content.batches = _read_batches(source, content, max_rows, rows_per_batch)
    return content


def _name_columns(schema: pa.Schema, notes: TableNotes) -> list[str]:
    """The columns' names. An index of pandas without a name is called `index`; equal names get numbers."""
    # A dictionary, whose keys are in order and found at once: tables have thousands of columns.
    names: dict[str, None] = {}
    stored = set(schema.names)
    levels = [name for name in schema.names if INDEX_COLUMN.fullmatch(name)]
    for number, name in enumerate(schema.names, 1):
        if "\0" in name:
            raise BadInput(
                f"the name of column {number} has a null character: {name!r}",
                "Rename that column, and save the file again.",
            )
        new = name or f"Unnamed: {number - 1}"
        if level_name := INDEX_COLUMN.fullmatch(name):
            new = "index" if level_name[1] == "0" else f"index{level_name[1]}"
        base, copy = new, 0
        while new in names or (new != name and new in stored):
            copy += 1
            new = f"{base}.{copy}"
        if new != name:
            why = f"column {number}, {name!r}"
            if name in levels:
                level = f"level {levels.index(name) + 1} of " if len(levels) > 1 else ""
                why = f"{level}the index of pandas"
            notes.add(NoteKind.RENAMED, f"{why}: {new}")
        names[new] = None
    return list(names)


def unwrap_type(dtype: pa.DataType) -> pa.DataType:
    """The type of the values of a dictionary or an extension type."""
    while pa.types.is_dictionary(dtype) or isinstance(dtype, pa.BaseExtensionType):
        dtype = dtype.value_type if pa.types.is_dictionary(dtype) else dtype.storage_type
    return dtype


def _is_binary(dtype: pa.DataType) -> bool:
    return (
        pa.types.is_binary(dtype)
        or pa.types.is_large_binary(dtype)
        or pa.types.is_fixed_size_binary(dtype)
        or pa.types.is_binary_view(dtype)
    )


def _is_text(dtype: pa.DataType) -> bool:
    return pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype)


def _is_supported(dtype: pa.DataType) -> bool:
    dtype = unwrap_type(dtype)
    return (
        _is_text(dtype)
        or _is_binary(dtype)
        or pa.types.is_null(dtype)
        or pa.types.is_boolean(dtype)
        or pa.types.is_integer(dtype)
        or pa.types.is_floating(dtype)
        or pa.types.is_decimal(dtype)
        or (pa.types.is_temporal(dtype) and not pa.types.is_interval(dtype))
    )


def _target_type(dtype: pa.DataType) -> pa.DataType:
    """The type in which a column of a supported type is read."""
    dtype = unwrap_type(dtype)
    if pa.types.is_boolean(dtype) or pa.types.is_uint64(dtype):
        return dtype
    if pa.types.is_integer(dtype):
        return pa.int64()
    if pa.types.is_floating(dtype) or pa.types.is_decimal(dtype) or pa.types.is_duration(dtype):
        return pa.float64()
    return pa.string()


def _note_conversions(schema: pa.Schema, names: Sequence[str], notes: TableNotes) -> None:
    for name, field in zip(names, schema, strict=True):
        dtype = unwrap_type(field.type)
        if isinstance(field.type, pa.BaseExtensionType):
            notes.add(NoteKind.CONVERTED, f"column {name}: {field.type} to {dtype}, its storage type")
        if pa.types.is_dictionary(field.type):
            notes.add(NoteKind.CONVERTED, f"column {name}: category to its values")
        if pa.types.is_decimal(dtype):
            notes.add(NoteKind.CONVERTED, f"column {name}: {dtype} to float")
        elif pa.types.is_duration(dtype):
            notes.add(NoteKind.CONVERTED, f"column {name}: {dtype} to seconds")
        elif pa.types.is_temporal(dtype):
            notes.add(NoteKind.CONVERTED, f"column {name}: {dtype} to ISO text, as in a CSV file")
        elif _is_binary(dtype):
            notes.add(NoteKind.CONVERTED, f"column {name}: {dtype} to text, hexadecimal if it is not UTF-8")


def _read_batches(
    source: ParquetSource, content: TableContent, max_rows: int, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    converted, first_row = content.schema, 0
    with translate_read_errors(source.name):
        hexadecimal = _find_hexadecimal_columns(source, max_rows, batch_rows)
        for read in source.iter_batches(batch_rows):
            batch = read.slice(0, max_rows - first_row)
            arrays = [
                _convert(array, dtype, in_hexadecimal=index in hexadecimal)
                for index, (array, dtype) in enumerate(zip(batch.columns, converted.types, strict=True))
            ]
            usable = pa.RecordBatch.from_arrays(arrays, schema=converted)
            for name, stored, column in zip(usable.schema.names, read.schema.types, usable.columns, strict=True):
                _check_texts(name, unwrap_type(stored), column, first_row, source.name)
            _note_float_columns(usable, read.schema, content)
            yield usable
            first_row += batch.num_rows
            if first_row >= max_rows:
                break


def _note_float_columns(batch: pa.RecordBatch, schema: pa.Schema, content: TableContent) -> None:
    """Note integers with missing values, which pandas reads as floats, and integers that a float rounds."""
    for name, dtype, column in zip(batch.schema.names, schema.types, batch.columns, strict=True):
        if not pa.types.is_integer(unwrap_type(dtype)):
            continue
        if column.null_count and name not in content.float_columns:
            content.float_columns.append(name)
        ends = pc.min_max(column).as_py()
        is_large = any(abs(end) > MAX_EXACT_INTEGER for end in ends.values() if end is not None)
        if is_large and name not in content.large_columns:
            content.large_columns.append(name)


def _check_texts(name: str, stored: pa.DataType, column: pa.Array, first_row: int, file_name: str) -> None:
    """Raise BadInput if a text cannot be used: it is not UTF-8, has a null character, at which `read_csv` cuts it and
    `read_parquet` does not, or stands for a date that has no text. `stored` is the type in the file."""
    if column.type != pa.string():
        return
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise BadInput(
            f"Column {name} of {file_name} has a text that is not UTF-8, in the rows from {first_row + 1:,} to "
            f"{first_row + len(column):,}",
            "Write the file again with texts in UTF-8, or with this column as binary.",
        ) from error
    if (position := pc.index(pc.match_substring(column, "\0"), True).as_py()) >= 0:
        raise BadInput(
            f"Column {name} of {file_name} has a null character in row {first_row + position + 1:,}: "
            f"{column[position].as_py()[:40]!r}",
            "Remove the null characters, or leave the column out: pandas cuts texts of CSV files at them.",
        )
    if not pa.types.is_temporal(stored):
        return
    if (position := pc.index(pc.starts_with(column, OUT_OF_RANGE), True).as_py()) >= 0:
        raise BadInput(
            f"Column {name} of {file_name} has a date in row {first_row + position + 1:,} that has no text: "
            f"{column[position].as_py()}",
            "Correct the date, or leave the column out: pandas cannot read it either.",
        )


def _find_hexadecimal_columns(source: ParquetSource, max_rows: int, batch_rows: int) -> set[int]:
    """The positions of the binary columns with a value that is not UTF-8 in the first `max_rows` rows.

    They are searched before the table is read: all rows of a column are written in the same way.
    """
    binary = {index for index, dtype in enumerate(source.schema.types) if _is_binary(unwrap_type(dtype))}
    found: set[int] = set()
    rows = 0
    for read in source.iter_batches(batch_rows) if binary else ():
        batch = read.slice(0, max_rows - rows)
        found |= {index for index in binary - found if not _is_utf_8(_unwrap_array(batch.column(index)))}
        rows += batch.num_rows
        if rows >= max_rows or found == binary:
            break
    return found


def _is_utf_8(array: pa.Array) -> bool:
    try:
        for value in array.to_pylist():
            if value is not None:
                bytes(value).decode()
    except UnicodeDecodeError:
        return False
    return True


def _unwrap_array(array: pa.Array) -> pa.Array:
    """The values of an array of a dictionary or an extension type."""
    while isinstance(array, pa.ExtensionArray) or pa.types.is_dictionary(array.type):
        array = array.storage if isinstance(array, pa.ExtensionArray) else array.dictionary_decode()
    return array


def _convert(array: pa.Array, target: pa.DataType, *, in_hexadecimal: bool) -> pa.Array:
    """The values in the type `target`. Bytes become text, or hexadecimal digits."""
    array = _unwrap_array(array)
    dtype = array.type
    if pa.types.is_duration(dtype):
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.unit]
        return pc.divide(array.cast(pa.int64()).cast(pa.float64()), float(per_second))
    if _is_binary(dtype):
        decode = bytes.hex if in_hexadecimal else bytes.decode
        texts = [None if value is None else decode(bytes(value)) for value in array.to_pylist()]
        return pa.array(texts, pa.string())
    if pa.types.is_time(dtype) or pa.types.is_date(dtype) or pa.types.is_timestamp(dtype):
        return array.cast(pa.string())
    return array.cast(target, safe=False) if pa.types.is_floating(target) else array.cast(target)
