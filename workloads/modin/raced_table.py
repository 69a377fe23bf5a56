"""The table of a race: its files, and what the run records about it. Imports pandas and pyarrow."""

from __future__ import annotations

from bench.formatting import format_bytes, format_count
from bench.tables.identify import find_table, name_table
from bench.values.arms import RacedInput
from bench.workload.interface import ProgressReporter, Settings
from workloads.modin import dataset
from workloads.modin.dataset_cache import ROWS_PER_CHUNK, DatasetFiles


def load_files(settings: Settings, progress: ProgressReporter) -> DatasetFiles:
    """The table on disk: synthetic, or from the user's file. Raises BadInput."""
    file, rows, cache = str(settings.parameters["file"]), settings.batch, settings.cache
    if file != "synthetic":
        return dataset.load_from_file(find_table(file, settings.uploads), rows, cache, progress)
    kind, columns = str(settings.parameters["kind"]), int(settings.parameters["columns"])
    return dataset.make_synthetic(kind, rows, columns, settings.seed, cache, progress)


def describe_table(files: DatasetFiles, numeric_columns: int) -> dict[str, str]:
    """Facts for the run's record, by label."""
    csv_size, parquet_size = (format_bytes(file.stat().st_size) for file in (files.csv, files.parquet))
    return {
        "table": f"{files.rows:,} rows, {files.columns} columns, {numeric_columns} of them numeric, "
        f"{format_bytes(files.frame_bytes)} as a DataFrame",
        "files": f"CSV {csv_size}, Parquet {parquet_size} in groups of {ROWS_PER_CHUNK:,} rows",
        "layout": "in both arms, frames are read from the Parquet file, and arrays are in C order",
    }


def list_inputs(settings: Settings, files: DatasetFiles) -> list[RacedInput]:
    """The table, what was converted in it, and the arguments with which both arms read it."""
    file = str(settings.parameters["file"])
    size = f"{format_count(files.rows, 'row')}, {format_count(files.columns, 'column')}, "
    size += f"{format_bytes(files.csv.stat().st_size)} as CSV"
    if file == "synthetic":
        text = f"generated from seed {settings.seed}: {size}"
    else:
        part = "all of its rows" if files.is_whole else "its first rows"
        text = f"{name_table(file, settings.uploads)} ({files.layout}), {part}: {size}"
    inputs = [RacedInput(label="Table", text=text), *files.notes]
    if files.dtypes:
        columns = ", ".join(f"{name}: {dtype}" for name, dtype in files.dtypes.items())
        inputs.append(RacedInput(label="read_csv in both arms", text=f"dtype={{{columns}}}"))
    return inputs
