"""The columns of a synthetic table and its approximate size.

This module imports neither pandas nor pyarrow, because the size is needed before they are imported.
"""

from __future__ import annotations

MIXED_COLUMN_TYPES = ("float", "text", "date", "integer", "integer", "float")
"""Types of the columns of a mixed table, after the key. They repeat."""
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


def estimate_file_bytes(kind: str, rows: int, columns: int) -> int:
    """Approximate size of a synthetic table as a CSV file. Its Parquet file is not larger."""
    return rows * sum(FILE_CELL_BYTES[column_type] for column_type in list_column_types(kind, columns))
