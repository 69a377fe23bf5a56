"""Parquet files of every plain type are read, what was converted is said, and nested types are refused by name."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from bench.tables import parquet_source, parquet_table
from bench.tables.identify import identify_file
from bench.workload.interface import BadInput
from tests.support.tables import load_table, read_notes
from workloads.modin import dataset

ROWS = 50


def write_parquet(folder, columns: dict[str, pa.Array]):
    parquet.write_table(
        pa.table({"id": pa.array(range(ROWS)), "x": pa.array([0.5] * ROWS)} | columns), folder / "own.parquet"
    )
    return folder / "own.parquet"


def repeat(values: list) -> list:
    return (values * ROWS)[:ROWS]


DAY = dt.date(2020, 1, 31)
NOON = dt.datetime(2020, 1, 31, 12, 30)


@pytest.mark.parametrize(
    ("values", "dtype", "expected", "note"),
    [
        (["a", None], pa.string_view(), ["a", None], ""),
        (["a", None], pa.large_string(), ["a", None], ""),
        (["a", "b"], pa.dictionary(pa.int32(), pa.string()), ["a", "b"], "category to its values"),
        ([decimal.Decimal("1.25")], pa.decimal128(9, 2), [1.25], "decimal128(9, 2) to float"),
        ([decimal.Decimal("1.25")], pa.decimal256(50, 2), [1.25], "decimal256(50, 2) to float"),
        ([DAY], pa.date32(), ["2020-01-31"], "date32[day] to ISO text"),
        ([DAY], pa.date64(), ["2020-01-31"], "date32[day] to ISO text"),
        ([dt.time(1, 2, 3)], pa.time32("s"), ["01:02:03.000"], "time32[ms] to ISO text"),
        ([dt.time(1, 2, 3)], pa.time64("us"), ["01:02:03.000000"], "time64[us] to ISO text"),
        ([NOON], pa.timestamp("s"), ["2020-01-31 12:30:00.000"], "timestamp[ms] to ISO text"),
        ([NOON], pa.timestamp("us", "UTC"), ["2020-01-31 12:30:00.000000Z"], "timestamp[us, tz=UTC] to ISO text"),
        ([dt.timedelta(seconds=90)], pa.duration("ms"), [90.0], "duration[ms] to seconds"),
        ([b"plain"], pa.binary(), ["plain"], "binary to text"),
        ([b"\xff\x00"], pa.large_binary(), ["ff00"], "large_binary to text, hexadecimal if it is not UTF-8"),
        ([b"ab"], pa.binary(2), ["ab"], "to text"),
        ([None], pa.null(), [None], ""),
        ([2**63 + 1], pa.uint64(), [2**63 + 1], ""),
        ([1, None], pa.int8(), [1, np.nan], ""),
        ([1.5], pa.float16(), [1.5], ""),
        ([True, None], pa.bool_(), [True, None], ""),
    ],
    ids=str,
)
def test_plain_types_are_read_with_their_values(tmp_path, values, dtype, expected, note):
    file = write_parquet(tmp_path, {"c": pa.array(repeat(values), dtype)})
    files = load_table(tmp_path, file)
    found = pd.read_parquet(files.parquet)["c"]
    pd.testing.assert_series_equal(found, pd.Series(repeat(expected), name="c"), check_dtype=False)
    assert note in read_notes(files).get("Converted", "")
    assert len(pd.read_csv(files.csv, dtype=files.dtypes or None)) == ROWS


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1, 2]], pa.list_(pa.int64())),
        ([{"a": 1}], pa.struct([("a", pa.int64())])),
        ([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    ],
)
def test_nested_types_are_refused_with_the_columns_and_the_line_that_leaves_them_out(tmp_path, values, dtype):
    file = write_parquet(tmp_path, {"tags": pa.array(repeat(values), dtype)})
    with pytest.raises(BadInput, match=r"own\.parquet has columns that are neither numbers.*: tags \(") as refusal:
        load_table(tmp_path, file)
    assert "drop(columns=['tags'])" in refusal.value.remedy


@pytest.mark.parametrize("name", [None, "when"])
def test_an_index_of_pandas_is_kept_as_a_column(tmp_path, name):
    index = pd.Index([f"r{row}" for row in range(ROWS)], name=name)
    pd.DataFrame({"id": range(ROWS), "x": 0.5}, index=index).to_parquet(tmp_path / "own.parquet")
    files = load_table(tmp_path, tmp_path / "own.parquet")
    assert pd.read_parquet(files.parquet)[name or "index"].tolist() == list(index)
    assert read_notes(files).get("Renamed", "") == ("" if name else "the index of pandas: index")


def test_equal_and_empty_names_are_made_different(tmp_path):
    table = pa.table([pa.array(range(ROWS))] * 4, names=["a", "a", "", "a.1"])
    parquet.write_table(table, tmp_path / "own.parquet")
    files = load_table(tmp_path, tmp_path / "own.parquet")
    assert list(pd.read_csv(files.csv).columns) == ["a", "a.2", "Unnamed: 2", "a.1"]
    assert "column 2, 'a': a.2" in read_notes(files)["Renamed"]


def test_texts_like_numbers_stay_text_and_words_for_missing_are_said(tmp_path):
    file = write_parquet(tmp_path, {"zip": pa.array(repeat(["01234", "NA"]))})
    files = load_table(tmp_path, file)
    assert files.dtypes == {"zip": "str"}
    assert pd.read_csv(files.csv, dtype=files.dtypes)["zip"][0] == "01234"
    assert read_notes(files)["Read as missing"].startswith("25 x 'NA' in column zip by read_csv")


@pytest.mark.parametrize("statistics", [True, False])
def test_a_table_without_complete_integers_gets_a_key(tmp_path, statistics):
    table = pa.table({"n": repeat([1, None]), "x": [0.5] * ROWS, "empty": pa.array([None] * ROWS, pa.float64())})
    parquet.write_table(table, tmp_path / "own.parquet", write_statistics=statistics)
    files = load_table(tmp_path, tmp_path / "own.parquet")
    assert list(pd.read_parquet(files.parquet).columns) == ["n", "x", "empty", "key"]


def test_an_empty_table_is_refused(tmp_path):
    pd.DataFrame({"id": []}).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(BadInput, match=r"own\.parquet has no rows"):
        load_table(tmp_path, tmp_path / "own.parquet")
    pd.DataFrame().to_parquet(tmp_path / "none.parquet")
    with pytest.raises(BadInput, match=r"none\.parquet has no columns"):
        load_table(tmp_path, tmp_path / "none.parquet")


def test_thousands_of_columns_are_looked_at_quickly(tmp_path, monkeypatch):
    """The statistics of the file are enough: no column is read to choose those that the calls need."""
    pd.DataFrame({f"c{number}": np.arange(20) for number in range(5000)}).to_parquet(tmp_path / "own.parquet")
    monkeypatch.setattr(parquet_source.parquet.ParquetFile, "read_row_group", None)
    assert load_table(tmp_path, tmp_path / "own.parquet").columns == 5000


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.0, 2.0], pa.float64()),
        ([1, None], pa.int8()),
        ([None], pa.string()),
        ([None], pa.null()),
        ([None], pa.bool_()),
        ([True, None], pa.bool_()),
        ([7], pa.uint64()),
        ([2**63 + 1], pa.uint64()),
        ([2**63 + 1, None], pa.uint64()),
        ([decimal.Decimal("2.00")], pa.decimal128(9, 2)),
        (["1", "2"], pa.string()),
        (["NA", "x"], pa.string()),
    ],
    ids=str,
)
def test_both_arms_files_are_read_with_the_types_of_the_users_file(tmp_path, values, dtype):
    file = write_parquet(tmp_path, {"c": pa.array(repeat(values), dtype)})
    files = load_table(tmp_path, file)
    from_parquet = pd.read_parquet(files.parquet)
    read = pd.read_csv(files.csv, dtype=files.dtypes or None)
    assert read.dtypes.to_dict() == from_parquet.dtypes.to_dict()
    kept = read["c"].notna()
    pd.testing.assert_series_equal(read["c"][kept], from_parquet["c"][kept])


@pytest.mark.parametrize("rows", [20, ROWS, 1000])
def test_words_for_missing_of_the_requested_rows_are_said(tmp_path, rows):
    file = write_parquet(tmp_path, {"t": pa.array(repeat(["NA", "", "x", "y"]))})
    files = load_table(tmp_path, file, rows=rows)
    texts = parquet.read_table(file)["t"].to_pylist()[:rows]
    lost = pd.read_csv(files.csv, dtype=files.dtypes or None)["t"].isna().sum()
    assert lost == texts.count("NA") + texts.count("")
    assert read_notes(files)["Read as missing"] == (
        f"{texts.count('NA')} x 'NA', {texts.count('')} x '' in column t by read_csv; read_parquet keeps the text"
    )


def test_a_text_with_a_null_character_is_refused_with_column_and_row(tmp_path):
    file = write_parquet(tmp_path, {"t": pa.array(["a"] * 30 + ["a\0b"] + ["a"] * (ROWS - 31))})
    with pytest.raises(
        BadInput, match=r"Column t of own\.parquet has a null character in row 31: 'a\\x00b'"
    ) as refusal:
        load_table(tmp_path, file)
    assert "leave the column out" in refusal.value.remedy
    assert load_table(tmp_path, file, rows=30).rows == 30


def test_the_levels_of_an_index_are_named(tmp_path):
    index = pd.MultiIndex.from_product([range(5), range(10)])
    pd.DataFrame({"id": range(ROWS), "x": 0.5}, index=index).to_parquet(tmp_path / "own.parquet")
    files = load_table(tmp_path, tmp_path / "own.parquet")
    assert read_notes(files)["Renamed"] == (
        "level 1 of the index of pandas: index; level 2 of the index of pandas: index1"
    )


def test_an_unknown_time_zone_is_refused_before_the_file_is_read(tmp_path):
    file = write_parquet(tmp_path, {"t": pa.array([NOON] * ROWS, pa.timestamp("us", "Mars/Olympus"))})
    with pytest.raises(BadInput, match=r"Column t of own\.parquet has the time zone 'Mars/Olympus'") as refusal:
        parquet_table.check_parquet(identify_file(file))
    assert "in UTC" in refusal.value.remedy


def test_bytes_are_hexadecimal_in_all_rows_if_one_is_not_utf_8(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "ROWS_PER_CHUNK", 20)
    values = [b"plain", b"", None] * 15 + [b"\xff"] * 5
    dictionary = pa.array([value or b"" for value in values], pa.binary()).dictionary_encode()
    columns = {"a": pa.array(values, pa.binary()), "b": dictionary, "c": pa.array([b"ab"] * ROWS, pa.binary(2))}
    rows = pd.read_parquet(load_table(tmp_path, write_parquet(tmp_path, columns)).parquet)
    assert rows["a"].tolist() == [value if value is None else value.hex() for value in values]
    assert rows["b"].tolist() == [(value or b"").hex() for value in values]
    assert set(rows["c"]) == {"ab"}
    first = load_table(tmp_path, write_parquet(tmp_path, columns), rows=45)
    assert pd.read_parquet(first.parquet)["a"][0] == "plain", "the last rows are not raced"


def test_an_extension_type_is_named_with_the_type_as_which_it_is_stored(tmp_path):
    months = pd.DataFrame({"id": range(ROWS), "m": pd.period_range("2024-01", periods=ROWS, freq="M")})
    months.to_parquet(tmp_path / "own.parquet")
    files = load_table(tmp_path, tmp_path / "own.parquet")
    assert pd.read_parquet(files.parquet)["m"].tolist()[:2] == [648, 649]
    note = read_notes(files)["Converted"]
    assert "column m: extension<pandas.period" in note and "to int64, its storage type" in note


def test_large_integers_with_missing_values_are_said_to_be_rounded(tmp_path):
    columns = {
        "big": pa.array([2**53 + 1, None] * 25),
        "negative": pa.array([-(2**53) - 1, None] * 25),
        "small": pa.array([2**53, None] * 25),
        "whole": pa.array([2**53 + 1] * ROWS),
    }
    notes = read_notes(load_table(tmp_path, write_parquet(tmp_path, columns)))["Widened"].split("; column ")
    rounded = {note.removeprefix("column ").partition(":")[0]: "rounded" in note for note in notes}
    assert rounded == {"big": True, "negative": True, "small": False}


def test_a_text_that_is_not_utf_8_is_refused_with_its_column(tmp_path):
    data = b"a" * (ROWS - 1) + b"\xff"
    offsets = np.arange(ROWS + 1, dtype=np.int32).tobytes()
    texts = pa.StringArray.from_buffers(ROWS, pa.py_buffer(offsets), pa.py_buffer(data))
    with pytest.raises(BadInput, match=r"Column t of own\.parquet has a text that is not UTF-8") as refusal:
        load_table(tmp_path, write_parquet(tmp_path, {"t": texts}))
    assert refusal.value.remedy


def test_a_date_that_has_no_text_is_refused_with_its_row(tmp_path):
    days = pa.array([0] * (ROWS - 1) + [2_000_000_000], pa.date32())
    with pytest.raises(BadInput, match=f"Column d of own.parquet has a date in row {ROWS} that has no text"):
        load_table(tmp_path, write_parquet(tmp_path, {"d": days}))
    text = pa.array(["<value out of range: 1>"] * ROWS)
    assert load_table(tmp_path, write_parquet(tmp_path, {"d": text})).rows == ROWS
