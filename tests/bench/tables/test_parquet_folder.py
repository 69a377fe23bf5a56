"""Folders of Parquet files are read as pandas reads them, or refused with the file that does not fit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.tables.identify import identify_file
from bench.workload.interface import BadInput
from tests.support.tables import load_table, read_notes

FRAME = pd.DataFrame(
    {
        "id": range(60),
        "v": [row / 2 for row in range(60)],
        "year": [2023] * 30 + [2024] * 30,
        "town": ["Köln", "a/b", "Rome"] * 20,
    }
)


def read_copies(files) -> list[pd.DataFrame]:
    return [pd.read_parquet(files.parquet), pd.read_csv(files.csv, dtype=files.dtypes or None)]


@pytest.mark.parametrize("keys", [["year"], ["town"], ["year", "town"]])
def test_the_names_of_folders_are_columns_as_in_pandas(tmp_path, keys):
    # The name of the folder above the given one is no column.
    folder = tmp_path / "above=1" / "table"
    FRAME.to_parquet(folder, partition_cols=keys)
    files = load_table(tmp_path, folder)
    expected = pd.read_parquet(folder).astype({"year": "int64", "town": "str"})
    for copy in read_copies(files):
        pd.testing.assert_frame_equal(copy, expected)
    assert read_notes(files)["Folders"] == f"{', '.join(keys)}: columns from the names of folders, as in pandas"
    assert files.layout.startswith("Parquet, ") and files.rows == 60


def write_parts(folder: Path, *frames: pd.DataFrame) -> Path:
    folder.mkdir()
    for number, frame in enumerate(frames):
        frame.to_parquet(folder / f"part-{number}.parquet")
    return folder


def test_the_parts_of_a_table_are_read_in_their_order_without_what_spark_adds(tmp_path):
    folder = write_parts(tmp_path / "table", FRAME[:20], FRAME[20:25], FRAME[25:])
    (folder / "_SUCCESS").touch()
    (folder / ".part-0.parquet.crc").write_bytes(b"crc")
    files = load_table(tmp_path, folder)
    for copy in read_copies(files):
        pd.testing.assert_frame_equal(copy, FRAME)
    assert files.layout == "Parquet, 3 files" and not files.notes
    assert load_table(tmp_path, folder, rows=22).rows == 22


def test_a_changed_name_of_a_folder_is_another_table(tmp_path):
    FRAME.to_parquet(tmp_path / "table", partition_cols=["year"])
    before = load_table(tmp_path, tmp_path / "table")
    (tmp_path / "table" / "year=2024").rename(tmp_path / "table" / "year=2025")
    after = load_table(tmp_path, tmp_path / "table")
    assert after.digest != before.digest
    assert set(pd.read_parquet(after.parquet)["year"]) == {2023, 2025}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (FRAME.rename(columns={"v": "w"}), "column v is double and missing"),
        (FRAME.astype({"v": "str"}), "column v is double and (large_)?string"),
        (FRAME[["v", "id", "year", "town"]], "the order of columns differs"),
    ],
)
def test_files_with_different_columns_are_refused_and_named(tmp_path, other, words):
    folder = write_parts(tmp_path / "table", FRAME, other)
    with pytest.raises(BadInput, match=f"in part-0.parquet and part-1.parquet, {words}") as refusal:
        load_table(tmp_path, folder)
    assert "same columns and types" in refusal.value.remedy


def test_a_column_that_is_in_the_files_and_in_the_names_of_folders_is_refused(tmp_path):
    (tmp_path / "table").mkdir()
    write_parts(tmp_path / "table" / "year=2023", FRAME)
    with pytest.raises(BadInput, match="has the column year both in its files and in the names of its folders"):
        load_table(tmp_path, tmp_path / "table")


def test_files_in_folders_of_different_columns_are_refused(tmp_path):
    FRAME.to_parquet(tmp_path / "table", partition_cols=["year"])
    FRAME.drop(columns="town").to_parquet(tmp_path / "table" / "more.parquet")
    with pytest.raises(BadInput, match="are in folders of different columns"):
        load_table(tmp_path, tmp_path / "table")


def test_a_folder_with_very_many_files_is_refused(tmp_path, monkeypatch):
    from bench.tables import identify

    folder = write_parts(tmp_path / "table", FRAME, FRAME)
    monkeypatch.setattr(identify, "MAX_PARTS", 1)
    with pytest.raises(BadInput, match="a folder with more than 1 Parquet files"):
        identify_file(folder)


def test_integers_with_missing_values_are_floats_as_in_pandas_and_named(tmp_path):
    frame = pd.DataFrame({"id": range(60), "v": pd.array([7, None, 9] * 20, dtype="Int64")})
    frame.to_parquet(tmp_path / "own.parquet")
    files = load_table(tmp_path, tmp_path / "own.parquet")
    assert pd.read_parquet(files.parquet)["v"].dtype == "float64"
    assert read_notes(files)["Widened"] == (
        "column v: integer widened to float, because values are missing, as in pandas"
    )
