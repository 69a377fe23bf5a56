"""Users' tables for tests: written to a file, loaded as a race does, and compared with what pandas reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bench.tables.identify import identify_file
from workloads.modin import dataset
from workloads.modin.dataset_cache import DatasetFiles

MANY_ROWS = 1 << 20


def ignore_progress(text: str, share: float | None = None) -> None:
    return None


def write_file(folder: Path, content: str | bytes, name: str = "own.csv") -> Path:
    """A file with this content; text is written in UTF-8, with its line ends as they are."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def load_table(folder: Path, content: str | bytes | Path, name: str = "own.csv", rows: int = MANY_ROWS) -> DatasetFiles:
    """The table of a file, given by its path or its content, with its cache in `folder`."""
    file = content if isinstance(content, Path) else write_file(folder, content, name)
    return dataset.load_from_file(identify_file(file), rows, folder, ignore_progress)


def read_notes(files: DatasetFiles) -> dict[str, str]:
    return {note.label: note.text for note in files.notes}


def assert_equals_pandas(folder: Path, content: str | bytes, name: str = "own.csv", **options: Any) -> DatasetFiles:
    """Load a CSV file, and check that both of its copies hold what `pandas.read_csv(file, **options)` reads."""
    files = load_table(folder, content, name)
    expected = pd.read_csv(folder / name, **({"low_memory": False} | options))
    added = [column for column in pd.read_parquet(files.parquet).columns if column not in expected.columns]
    from_parquet = pd.read_parquet(files.parquet).drop(columns=added)
    from_csv = pd.read_csv(files.csv, dtype=files.dtypes or None).drop(columns=added)
    for copy in (from_parquet, from_csv):
        pd.testing.assert_frame_equal(copy.fillna("missing"), expected.fillna("missing"), check_dtype=False)
    for column in expected.columns:
        assert from_parquet[column].dtype == expected[column].dtype, column
    return files
