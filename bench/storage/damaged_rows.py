"""Reads rows whose columns may hold anything: SQLite keeps a text in a column of numbers or times.

One such row must not hide the others, so its damaged values are replaced and named.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, select, type_coerce
from sqlalchemy.types import NullType

STAND_INS = {str: "unknown", int: 0, float: 0.0, bool: False, datetime: datetime.fromtimestamp(0, UTC)}
"""What replaces a damaged value, if its column has no NULL, by the type of the column."""


def read_rows(connection: Connection, query: Select[Any], table: Table) -> list[dict[str, Any]]:
    """The rows of `query`, which selects all columns of `table`, in its order. Values of wrong types are as stored."""
    try:
        return [dict(row._mapping) for row in connection.execute(query).all()]
    except (ValueError, TypeError):
        # One value in one row cannot be converted: read the rows one by one.
        key = query.with_only_columns(table.c.id, maintain_column_froms=True)
        return [_read_damaged(connection, table, row_id) for row_id in connection.execute(key).scalars().all()]


def replace_damaged(values: dict[str, Any], table: Table) -> list[str]:
    """Replace the values in a row of `table` whose types are wrong; returns the names of their columns."""
    damaged = [column.name for column in table.c if not _fits(values[column.name], column)]
    for name in damaged:
        column = table.c[name]
        values[name] = None if column.nullable else STAND_INS[column.type.python_type]
    return damaged


def _read_damaged(connection: Connection, table: Table, row_id: str) -> dict[str, Any]:
    query = select(table).where(table.c.id == row_id)
    try:
        return dict(connection.execute(query).one()._mapping)
    except (ValueError, TypeError):
        return {column.name: _read_column(connection, column, row_id) for column in table.c}


def _read_column(connection: Connection, column: Column[Any], row_id: str) -> Any:
    condition = column.table.c.id == row_id
    try:
        return connection.execute(select(column).where(condition)).scalar_one()
    except (ValueError, TypeError):
        return connection.execute(select(type_coerce(column, NullType())).where(condition)).scalar_one()


def _fits(value: Any, column: Column[Any]) -> bool:
    if value is None:
        return bool(column.nullable)
    expected = column.type.python_type
    if expected is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, expected)
