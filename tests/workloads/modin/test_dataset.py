"""The table on disk: reproducible from its seed, complete or absent, and refused if it is too large or cannot be
read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pandas as pd

from bench.workload.interface import BadInput
from workloads.modin import dataset, dataset_cache, space_check
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
    row_bytes = sum(dataset.FILE_CELL_BYTES[column_type] for column_type in dataset.list_column_types(kind, 8))
    assert files.csv.stat().st_size < 20_000 * row_bytes


def count_bytes(files: dataset_cache.DatasetFiles) -> int:
    """Size of the table as a DataFrame, with its text."""
    return pd.read_parquet(files.parquet).memory_usage(deep=True).sum()


def load_file(tmp_path: Path, content: str, name: str = "own.csv", rows: int = 1 << 20) -> dataset_cache.DatasetFiles:
    file = tmp_path / name
    file.write_text(content)
    return dataset.load_from_file(file, rows, tmp_path, ignore_progress)


CSV_TABLE = "id,city,when,price\n" + "".join(f"{i % 3},town {i},2020-01-{i % 28 + 1:02d},{i}.5\n" for i in range(50))


def test_a_users_csv_file_becomes_both_files(tmp_path):
    files = load_file(tmp_path, CSV_TABLE)
    assert (files.rows, files.columns) == (50, 4)
    pd.testing.assert_frame_equal(pd.read_csv(files.csv), pd.read_parquet(files.parquet))
    assert choose_columns(pd.read_parquet(files.parquet)) == ChosenColumns("id", ["id", "price"], "city", "when")


def test_a_users_parquet_file_is_cut_to_the_requested_rows(tmp_path):
    pd.DataFrame({"id": range(50), "x": [0.5] * 50}).to_parquet(tmp_path / "own.parquet")
    files = dataset.load_from_file(tmp_path / "own.parquet", 20, tmp_path, ignore_progress)
    assert files.rows == 20
    assert pd.read_csv(files.csv)["id"].tolist() == list(range(20))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_estimated_size_of_the_frame_of_a_file_is_within_a_fifth(tmp_path, suffix):
    rows = 20_000
    days = pd.date_range("2020", periods=rows, freq="h")
    table = pd.DataFrame({"id": range(rows), "price": 0.5, "city": [f"town {i}" for i in range(rows)], "when": days})
    file = tmp_path / f"own{suffix}"
    table.to_csv(file, index=False) if suffix == ".csv" else table.to_parquet(file)
    files = dataset.load_from_file(file, rows, tmp_path, ignore_progress)
    assert files.frame_bytes == pytest.approx(count_bytes(files), rel=0.2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            CSV_TABLE + "1,2,3\n" + CSV_TABLE,
            r"Row 52 of own\.csv \(the header is row 1\) has 3 columns instead of 4: '1,2,3'",
        ),
        ("a,b\n" + "1,2\n" * (1 << 19) + "x,2\n", r"own\.csv cannot be read: .*Row #524290: .*invalid value 'x'"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "same name"),
        ("a,b\n1,2\n", "has 1 rows"),
    ],
)
def test_a_csv_file_that_cannot_be_used_is_refused_with_a_remedy(tmp_path, content, words):
    with pytest.raises(BadInput, match=words) as refusal:
        load_file(tmp_path, content)
    assert refusal.value.remedy


CSV_TEXTS = "id,x,t\n" + "1,2.5,caf\n" * (1 << 18) + "1,2.5,café\n"


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (b"", "is empty, or has only one line", "header and rows"),
        (b"a,b", "is empty, or has only one line", "header and rows"),
        ("id,x,t\n1,2,café\n".encode("latin-1"), r"The column t is not text in UTF-8", "in UTF-8"),
        (CSV_TEXTS.encode("latin-1"), r"is not in UTF-8: .*Row #262146", "in UTF-8"),
        ("id,café\n1,2\n".encode("latin-1"), r"The first line of own\.csv is not text in UTF-8", "in UTF-8"),
        (CSV_TABLE.encode("utf-16"), r"The first line of own\.csv is not text in UTF-8", "in UTF-8"),
        (b'id,t\n1,"' + b"2" * (3 << 20), "has a row of more than 1,024 KiB", "quote"),
    ],
)
def test_a_csv_file_that_is_not_a_table_is_refused_with_the_reason(tmp_path, content, words, remedy):
    file = tmp_path / "own.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=words) as refusal:
        dataset.load_from_file(file, 1 << 20, tmp_path, ignore_progress)
    assert remedy in refusal.value.remedy


def test_a_parquet_file_with_binary_values_is_refused_with_the_name_of_the_column(tmp_path):
    file = tmp_path / "own.parquet"
    pd.DataFrame({"id": range(50), "b": [b"plain"] * 50}).to_parquet(file)
    with pytest.raises(BadInput, match="The column b has the type binary") as refusal:
        dataset.load_from_file(file, 50, tmp_path, ignore_progress)
    assert "UTF-8" not in refusal.value.remedy


def test_a_damaged_parquet_file_is_not_reported_as_a_full_disk(tmp_path):
    file = tmp_path / "own.parquet"
    pd.DataFrame({"id": range(9000), "t": [f"text {i}" for i in range(9000)]}).to_parquet(file)
    content = bytearray(file.read_bytes())
    content[100:20_000] = b"\xff" * 19_900
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"own\.parquet cannot be read") as refusal:
        dataset.load_from_file(file, 9000, tmp_path, ignore_progress)
    assert "Correct the file" in refusal.value.remedy


def test_the_requested_rows_of_a_file_count_and_not_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(space_check, "available_memory_bytes", lambda: 200_000)
    assert load_file(tmp_path, CSV_TABLE, rows=20).rows == 20
    many = "id,x\n" + "".join(f"{i},{i}.5\n" for i in range(50_000))
    assert load_file(tmp_path, many, "many.csv", rows=20).rows == 20
    with pytest.raises(BadInput, match=r"rows of the file take .* available"):
        load_file(tmp_path, many, "many.csv", rows=50_000)


def test_the_uncompressed_size_of_a_parquet_file_counts(tmp_path, monkeypatch):
    file = tmp_path / "packed.parquet"
    pd.DataFrame({"id": range(100_000), "x": [0.5] * 100_000}).to_parquet(file)
    monkeypatch.setattr(space_check, "available_memory_bytes", lambda: 100_000)
    with pytest.raises(BadInput, match=r"The requested rows of packed\.parquet take .* available"):
        dataset.load_from_file(file, 100_000, tmp_path, ignore_progress)


def test_a_path_that_is_not_a_table_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=f"There is no file {tmp_path}/nothing.csv"):
        dataset.load_from_file(Path("nothing.csv"), 10, tmp_path, ignore_progress)
    (tmp_path / "own.txt").write_text("a")
    with pytest.raises(BadInput, match=r"own\.txt ends with \.txt"):
        dataset.load_from_file(tmp_path / "own.txt", 10, tmp_path, ignore_progress)
    for name in ("~nobody-of-this-name/own.csv", f"{'long' * 70}.csv"):
        with pytest.raises(BadInput, match="cannot be read") as refusal:
            dataset.load_from_file(Path(name), 10, tmp_path, ignore_progress)
        assert refusal.value.remedy.startswith("Give the path")


def test_a_file_without_read_permission_is_refused_with_a_remedy(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text("a,b\n1,2\n")

    def raise_permission_error(*_):
        raise PermissionError(13, "Permission denied")

    # Not by chmod: root, who may run the tests, can read every file.
    monkeypatch.setattr(dataset, "digest_file", raise_permission_error)
    with pytest.raises(BadInput, match=f"no permission to read {tmp_path}/own.csv") as refusal:
        dataset.load_from_file(tmp_path / "own.csv", 10, tmp_path, ignore_progress)
    assert "Grant it" in refusal.value.remedy


def test_a_parquet_file_with_damaged_metadata_is_refused(tmp_path):
    file = tmp_path / "own.parquet"
    pd.DataFrame({"id": range(100), "x": [0.5] * 100}).to_parquet(file)
    content = bytearray(file.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-8 - length : -8 - length + 40] = b"\xff" * 40
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"own.parquet cannot be read"):
        dataset.load_from_file(file, 100, tmp_path, ignore_progress)


def test_a_column_whose_name_has_a_line_break_is_refused(tmp_path):
    file = tmp_path / "own.parquet"
    pd.DataFrame({"id": range(100), "x\ny": [0.5] * 100}).to_parquet(file)
    with pytest.raises(BadInput, match=r"name of the column 'x\\ny' contains a line break"):
        dataset.load_from_file(file, 100, tmp_path, ignore_progress)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_booleans_with_missing_values_are_not_text(tmp_path, suffix):
    table = pd.DataFrame({"id": [1, 2] * 20, "x": [2.5, 1.5] * 20, "b": [True, None] * 20})
    file = tmp_path / f"own{suffix}"
    table.to_csv(file, index=False) if suffix == ".csv" else table.to_parquet(file)
    rows = pd.read_parquet(dataset.load_from_file(file, 40, tmp_path, ignore_progress).parquet)
    assert rows["b"].dtype == object
    assert choose_columns(rows) == ChosenColumns("id", ["id", "x"], "", "")
    with_texts = rows.assign(when="2020-01-02", t="a")
    assert choose_columns(with_texts) == ChosenColumns("id", ["id", "x"], "t", "when")
