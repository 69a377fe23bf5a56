"""The table on disk: reproducible from its seed, complete or absent, and refused if it is too large or cannot be
read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pandas as pd

from bench.system.cache_entry import load_or_make
from bench.tables.identify import identify_file
from bench.workload.interface import BadInput
from workloads.modin import dataset, dataset_cache, space_check, table_size
from workloads.modin.call_inputs import ChosenColumns, choose_columns

ROWS = 100


def ignore_progress(text: str, share: float | None = None) -> None:
    return None


def make_table(
    cache: Path, kind: str = "mixed", rows: int = ROWS, columns: int = 8, seed: int = 0
) -> dataset_cache.DatasetFiles:
    return dataset.make_synthetic(kind, rows, columns, seed, cache, ignore_progress)


@pytest.mark.parametrize("kind", ["mixed", "integer"])
def test_csv_and_parquet_hold_the_same_table(tmp_path, kind):
    files = make_table(tmp_path, kind)
    from_csv, from_parquet = pd.read_csv(files.csv), pd.read_parquet(files.parquet)
    pd.testing.assert_frame_equal(from_csv, from_parquet, check_dtype=True)
    assert from_csv.shape == (ROWS, 8) == (files.rows, files.columns)
    assert (kind == "mixed") == bool(from_csv.isna().any().any())
    assert (kind == "mixed") == any(from_csv[name].dtype == object for name in from_csv)


def test_the_seed_determines_the_table(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    first, again, other = make_table(folders[0]), make_table(folders[1]), make_table(folders[2], seed=1)
    assert first.digest == again.digest != other.digest


def test_a_longer_table_starts_with_the_same_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "ROWS_PER_CHUNK", 32)
    short, long = make_table(tmp_path, rows=64), make_table(tmp_path, rows=128)
    pd.testing.assert_frame_equal(pd.read_csv(short.csv), pd.read_csv(long.csv).head(64))


def test_a_table_is_written_once(tmp_path, monkeypatch):
    first = make_table(tmp_path)
    monkeypatch.setattr(dataset_cache, "_write_table", None)
    assert make_table(tmp_path) == first


def test_a_damaged_table_is_written_again(tmp_path):
    files = make_table(tmp_path)
    content = files.csv.read_bytes()
    files.csv.write_bytes(content[:-10] + b"0123456789")
    assert make_table(tmp_path) == files
    assert files.csv.read_bytes() == content


def test_an_entry_without_a_table_is_written_again(tmp_path):
    files = make_table(tmp_path)
    shutil.rmtree(files.csv.parent)
    load_or_make(files.csv.parent, lambda draft: {})
    assert make_table(tmp_path) == files


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def raise_disk_full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset_cache.csv, "CSVWriter", raise_disk_full)
    with pytest.raises(BadInput, match="No space left on device") as refusal:
        make_table(tmp_path)
    assert "Free space" in refusal.value.remedy
    assert not [file for file in (tmp_path / "modin").iterdir() if file.is_dir()]


def test_a_table_that_memory_or_disk_cannot_hold_is_refused_with_the_sizes(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match=r"16,777,216 rows of 256 columns take [\d.]+ GiB in memory"):
        make_table(tmp_path, rows=1 << 24, columns=256)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(BadInput, match=r"on disk as CSV and Parquet; 1 B are free"):
        make_table(tmp_path)


@pytest.mark.parametrize("kind", ["mixed", "integer"])
def test_the_estimated_size_of_a_synthetic_frame_is_within_a_tenth(tmp_path, kind):
    files = make_table(tmp_path, kind, rows=20_000)
    assert files.frame_bytes == pytest.approx(count_bytes(files), rel=0.1)
    assert files.csv.stat().st_size < table_size.estimate_file_bytes(kind, 20_000, 8)


def count_bytes(files: dataset_cache.DatasetFiles) -> int:
    """Size of the table as a DataFrame, with its text."""
    return pd.read_parquet(files.parquet).memory_usage(deep=True).sum()


def load_file(tmp_path: Path, content: str, name: str = "own.csv", rows: int = 1 << 20) -> dataset_cache.DatasetFiles:
    file = tmp_path / name
    file.write_text(content)
    return dataset.load_from_file(identify_file(file), rows, tmp_path, ignore_progress)


CSV_TABLE = "id,city,when,price\n" + "".join(f"{i % 3},town {i},2020-01-{i % 28 + 1:02d},{i}.5\n" for i in range(50))


def test_a_users_csv_file_becomes_both_files(tmp_path):
    files = load_file(tmp_path, CSV_TABLE)
    assert (files.rows, files.columns) == (50, 4)
    pd.testing.assert_frame_equal(pd.read_csv(files.csv), pd.read_parquet(files.parquet))
    assert choose_columns(pd.read_parquet(files.parquet)) == ChosenColumns("id", ["id", "price"], "city", "when")


def test_a_users_parquet_file_is_cut_to_the_requested_rows(tmp_path):
    pd.DataFrame({"id": range(50), "x": [0.5] * 50}).to_parquet(tmp_path / "own.parquet")
    files = dataset.load_from_file(identify_file(tmp_path / "own.parquet"), 20, tmp_path, ignore_progress)
    assert files.rows == 20
    assert pd.read_csv(files.csv)["id"].tolist() == list(range(20))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_estimated_size_of_the_frame_of_a_file_is_within_a_fifth(tmp_path, suffix):
    rows = 20_000
    days = pd.date_range("2020", periods=rows, freq="h")
    table = pd.DataFrame({"id": range(rows), "price": 0.5, "city": [f"town {i}" for i in range(rows)], "when": days})
    file = tmp_path / f"own{suffix}"
    table.to_csv(file, index=False) if suffix == ".csv" else table.to_parquet(file)
    files = dataset.load_from_file(identify_file(file), rows, tmp_path, ignore_progress)
    assert files.frame_bytes == pytest.approx(count_bytes(files), rel=0.2)


def test_a_damaged_parquet_file_is_not_reported_as_a_full_disk(tmp_path):
    file = tmp_path / "own.parquet"
    pd.DataFrame({"id": range(9000), "t": [f"text {i}" for i in range(9000)]}).to_parquet(file)
    content = bytearray(file.read_bytes())
    content[100:20_000] = b"\xff" * 19_900
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"own\.parquet cannot be read") as refusal:
        dataset.load_from_file(identify_file(file), 9000, tmp_path, ignore_progress)
    assert "Correct the file" in refusal.value.remedy


def test_the_requested_rows_of_a_file_count_and_not_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(space_check, "available_memory_bytes", lambda: 200_000)
    assert load_file(tmp_path, CSV_TABLE, rows=20).rows == 20
    many = "id,x\n" + "".join(f"{i},{i}.5\n" for i in range(50_000))
    assert load_file(tmp_path, many, "many.csv", rows=20).rows == 20
    with pytest.raises(BadInput, match=r"50,000 rows of 2 columns of many\.csv take .* available"):
        load_file(tmp_path, many, "many.csv", rows=50_000)


def test_the_uncompressed_size_of_a_parquet_file_counts(tmp_path, monkeypatch):
    file = tmp_path / "packed.parquet"
    pd.DataFrame({"id": range(100_000), "x": [0.5] * 100_000}).to_parquet(file)
    monkeypatch.setattr(space_check, "available_memory_bytes", lambda: 100_000)
    with pytest.raises(BadInput, match=r"100,000 rows of 2 columns of packed\.parquet take .* available"):
        dataset.load_from_file(identify_file(file), 100_000, tmp_path, ignore_progress)


def test_a_file_with_few_rows_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"The file has 1 row$") as refusal:
        load_file(tmp_path, "a,b\n1,2\n")
    assert refusal.value.remedy == "Give a file with at least 16 rows."


def test_a_stored_table_keeps_what_was_said_about_the_file(tmp_path):
    content = "a,a\n" + "".join(f"{i},{i}\n" for i in range(50))
    first = load_file(tmp_path, content)
    assert [note.label for note in first.notes] == ["Renamed"] and first.layout and first.is_whole
    assert load_file(tmp_path, content, "another-name.csv") == first


def test_a_parquet_file_with_damaged_metadata_is_refused(tmp_path):
    file = tmp_path / "own.parquet"
    pd.DataFrame({"id": range(100), "x": [0.5] * 100}).to_parquet(file)
    content = bytearray(file.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-8 - length : -8 - length + 40] = b"\xff" * 40
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"own.parquet cannot be read"):
        dataset.load_from_file(identify_file(file), 100, tmp_path, ignore_progress)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_booleans_with_missing_values_are_not_text(tmp_path, suffix):
    table = pd.DataFrame({"id": [1, 2] * 20, "x": [2.5, 1.5] * 20, "b": [True, None] * 20})
    file = tmp_path / f"own{suffix}"
    table.to_csv(file, index=False) if suffix == ".csv" else table.to_parquet(file)
    rows = pd.read_parquet(dataset.load_from_file(identify_file(file), 40, tmp_path, ignore_progress).parquet)
    assert rows["b"].dtype == object
    assert choose_columns(rows) == ChosenColumns("id", ["id", "x"], "", "")
    with_texts = rows.assign(when="2020-01-02", t="a")
    assert choose_columns(with_texts) == ChosenColumns("id", ["id", "x"], "t", "when")
