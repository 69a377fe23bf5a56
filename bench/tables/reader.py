"""Reads a CSV file, or a Parquet file or folder: first a check that holds no rows, then the rows."""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_count
from bench.tables.content import TableContent
from bench.tables.csv_table import CsvCheck, check_csv, read_checked_csv
from bench.tables.identify import TableFile
from bench.tables.parquet_source import ParquetSource
from bench.tables.parquet_table import check_parquet, read_parquet_table
from bench.workload.interface import ProgressReporter


@dataclass(frozen=True, slots=True)
class TableCheck:
    """What is known of a table before it is read."""

    file: TableFile
    found: CsvCheck | ParquetSource
    rows: int
    """Number of rows that are read: at most those that were asked for."""
    columns: int
    is_whole: bool
    """False if the file has more rows, or if the time for the check was over."""
    size_bytes: int
    """Approximate size of these rows as a DataFrame."""

    @property
    def subject(self) -> str:
        """What is read, for messages: `2,000 rows of 8 columns of own.csv`."""
        return f"{format_count(self.rows, 'row')} of {format_count(self.columns, 'column')} of {self.file.name}"


def check_table(file: TableFile, max_rows: int, progress: ProgressReporter, limit_s: float | None = None) -> TableCheck:
    """Check the first `max_rows` rows of a table without holding them.

    A CSV file is scanned, for at most `limit_s` seconds; of Parquet files, only the metadata are read. Raises BadInput
    if pandas could not read it, or would lose rows.
    """
    progress("checking the file")
    if file.kind == "Parquet":
        source = check_parquet(file)
        rows = min(max_rows, source.row_count)
        size_bytes = round(source.size_bytes * rows / source.row_count)
        return TableCheck(file, source, rows, len(source.schema), rows == source.row_count, size_bytes)
    found = check_csv(file, max_rows, progress, limit_s)
    scan = found.scan
    return TableCheck(file, found, scan.rows, scan.column_count, scan.is_whole, found.size_bytes)


def read_table(check: TableCheck, progress: ProgressReporter, rows_per_batch: int) -> TableContent:
    """The rows of a table that was checked, as pandas reads them. Raises BadInput."""
    if isinstance(check.found, CsvCheck):
        return read_checked_csv(check.file, check.found, progress, rows_per_batch)
    return read_parquet_table(check.file, check.found, check.rows, rows_per_batch)
