"""Parquet files, and what changes their types, names and metadata."""

from __future__ import annotations

import datetime
import decimal
import io
import random
import struct
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from tests.support.mutations.byte_mutators import (
    flip_bits,
    overwrite_bytes,
    swap_slices,
)


def write_plain_parquet(rng: random.Random) -> bytes:
    rows = rng.choice((0, 1, 50, 3000))
    table = {
        "key": pa.array(range(rows), pa.int64()),
        "share": pa.array([rng.random() for _ in range(rows)], pa.float64()),
        "note": pa.array([rng.choice(("a", "bb", None)) for _ in range(rows)], pa.string()),
    }
    return _write_parquet(pa.table(table), compression=rng.choice(("none", "snappy", "gzip", "zstd")))


def write_rich_parquet(rng: random.Random) -> bytes:
    rows = 30
    moment = datetime.datetime(2024, 5, 1)
    table = {
        "flag": pa.array([row % 2 == 0 for row in range(rows)]),
        "when": pa.array([moment] * rows, pa.timestamp("ns", "UTC")),
        "day": pa.array([moment.date()] * rows, pa.date32()),
        "price": pa.array([decimal.Decimal("1.25")] * rows, pa.decimal128(12, 2)),
        "group": pa.array([f"g{row % 3}" for row in range(rows)]).dictionary_encode(),
        "small": pa.array(range(rows), pa.uint8()),
        "half": pa.array([0.5] * rows, pa.float16()),
        "raw": pa.array([b"\xff"] * rows, pa.binary()),
        "many": pa.array([[1, 2]] * rows),
        "inner": pa.array([{"x": 1}] * rows),
    }
    names = rng.sample(sorted(table), rng.randint(1, len(table)))
    return _write_parquet(pa.table({name: table[name] for name in names}), row_group_size=rng.choice((7, 30)))


def _write_parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, **options)
    return buffer.getvalue()


def damage_footer(rng: random.Random, content: bytes) -> bytes:
    """Change bytes of the metadata, which say where everything is and how long."""
    if len(content) < 16:
        return content
    [length] = struct.unpack("<I", content[-8:-4])
    start = max(4, len(content) - 8 - length)
    footer = content[start:-8]
    damaged = rng.choice((flip_bits, overwrite_bytes, swap_slices))(rng, footer)
    return content[:start] + damaged + struct.pack("<I", len(damaged)) + content[-4:]


def _rewrite_parquet(content: bytes, change: Callable[[pa.Table], pa.Table]) -> bytes:
    """The file with a changed table; as it is, if another mutation has made it unreadable."""
    try:
        return _write_parquet(change(parquet.read_table(io.BytesIO(content))))
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return content


def rename_parquet_columns(rng: random.Random, content: bytes) -> bytes:
    def rename(table: pa.Table) -> pa.Table:
        names = [rng.choice((name, name, *COLUMN_NAMES)) for name in table.column_names]
        return table.rename_columns(names)

    return _rewrite_parquet(content, rename)


def change_parquet_types(rng: random.Random, content: bytes) -> bytes:
    def change(table: pa.Table) -> pa.Table:
        arrays = [rng.choice((column, _make_column(rng, table.num_rows))) for column in table.columns]
        return pa.table(arrays, names=table.column_names)

    return _rewrite_parquet(content, change)


def change_parquet_rows(rng: random.Random, content: bytes) -> bytes:
    def change(table: pa.Table) -> pa.Table:
        return rng.choice((table.slice(0, 0), table.slice(0, 2), pa.concat_tables([table] * 3), table.select([])))

    return _rewrite_parquet(content, change)


COLUMN_NAMES = ("", "key", "a\nb", "\0", "x" * 20_000, "<b>*k*</b>", "__index_level_0__", "\N{RIGHT-TO-LEFT OVERRIDE}x")
COLUMN_TYPES = (
    pa.null(),
    pa.string_view(),
    pa.large_string(),
    pa.int8(),
    pa.uint64(),
    pa.float16(),
    pa.decimal256(60, 3),
    pa.time64("ns"),
    pa.duration("s"),
    pa.timestamp("us", "Asia/Tokyo"),
    pa.binary(3),
    pa.dictionary(pa.int8(), pa.string()),
    pa.list_(pa.int32()),
    pa.struct([("x", pa.int32())]),
    pa.map_(pa.string(), pa.int32()),
)


def _make_column(rng: random.Random, rows: int) -> pa.Array:
    """Missing values of a type, values that are not finite, or integers at the end of their range."""
    match rng.randrange(4):
        case 0:
            return pa.array([rng.choice((float("inf"), float("nan"), -0.0)) for _ in range(rows)], pa.float64())
        case 1:
            return pa.array([2**63 - 1] * rows, pa.int64())
        case _:
            return pa.nulls(rows, rng.choice(COLUMN_TYPES))


def damage_pages(rng: random.Random, content: bytes) -> bytes:
    end = max(4, len(content) // 2)
    return content[:4] + flip_bits(rng, content[4:end]) + content[end:]
