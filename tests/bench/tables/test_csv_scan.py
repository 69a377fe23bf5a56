"""Broken CSV files are refused with the row, the column and the separator, without holding the file."""

from __future__ import annotations

import tracemalloc

import pandas as pd
import pytest

from bench.tables import csv_scan
from bench.tables.csv_table import check_csv
from bench.tables.identify import identify_file
from bench.workload.interface import BadInput
from tests.support.tables import assert_equals_pandas, ignore_progress, load_table, read_notes, write_file


def make_lines(count: int, broken: dict[int, str]) -> str:
    """A table of three columns with some lines, by number from 0, replaced."""
    return "id,n,v\n" + "".join(broken.get(i, f"{i},{i % 7},abc{i}") + "\n" for i in range(count))


def refuse(tmp_path, content: str | bytes) -> BadInput:
    with pytest.raises(BadInput) as refusal:
        load_table(tmp_path, content)
    assert refusal.value.remedy
    return refusal.value


@pytest.mark.parametrize(
    ("line", "broken", "column"),
    [(10, '10,3,"abc', 3), (1999, '"1999,3,abc', 1), (1500, '1500,"3,abc', 2), (1999, '1999,3,"', 3)],
)
def test_a_quote_that_is_never_closed_is_named_with_its_row_and_column(tmp_path, line, broken, column):
    error = refuse(tmp_path, make_lines(2000, {line: broken}))
    text = f"Row {line + 2:,} of own.csv (the header is row 1) opens a quote in column {column} that is never closed"
    assert str(error).startswith(text)
    assert "Close the quote" in error.remedy


def test_a_quote_that_another_field_closes_is_named(tmp_path):
    error = refuse(tmp_path, make_lines(2000, {10: '10,3,"abc', 700: '700,0,"xyz"'}))
    assert "Row 12 of own.csv (the header is row 1) opens a quote in column 3 that is closed 690 lines later" in str(
        error
    )
    assert "'700,0,\"xyz\"'" in str(error)


def test_a_quote_that_takes_in_rows_is_named_even_if_it_is_closed_properly(tmp_path):
    error = refuse(tmp_path, make_lines(2000, {10: '10,3,"abc', 700: '700,0,xyz"'}))
    assert "takes in 689 lines which look like rows of the table" in str(error)


def test_rows_are_counted_and_lines_are_named_where_they_differ(tmp_path):
    error = refuse(tmp_path, make_lines(2000, {5: '5,1,"two\nlines"', 6: "\n6,1,after a blank line", 9: "9,2,x,y"}))
    assert str(error).startswith(
        "Row 11 of own.csv (line 13; the header is row 1) has 4 fields instead of 3, with the separator comma; the "
        "first one beyond the columns is 'y': '9,2,x,y'"
    )
    assert error.remedy == "Correct or remove that row. Text with a comma or a line break must be in quotes."


def test_the_separator_that_was_found_is_named(tmp_path):
    content = make_lines(2000, {9: "9,2,x,y"}).replace(",", ";")
    assert "with the separator semicolon; the first one beyond the columns is 'y'" in str(refuse(tmp_path, content))


def test_a_null_byte_is_named_with_row_and_column(tmp_path):
    error = refuse(tmp_path, make_lines(2000, {9: "9,2\0,x"}))
    assert str(error).startswith("Row 11 of own.csv (the header is row 1) has a null byte in column 2")


def test_an_unclosed_quote_in_a_large_file_takes_little_memory(tmp_path, monkeypatch):
    """The file is larger than what may be held of a row, by as much as a file of 1 GB is."""
    monkeypatch.setattr(csv_scan, "MAX_ROW_CHARACTERS", 1 << 16)
    file = write_file(tmp_path, make_lines(300_000, {10: '10,3,"abc'}))
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match=r"Row 12 .* quote in column 3 that is not closed within 64 KiB"):
            check_csv(identify_file(file), 1 << 24, ignore_progress)
        assert tracemalloc.get_traced_memory()[1] < file.stat().st_size / 2
    finally:
        tracemalloc.stop()


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_scan, "MAX_ROW_CHARACTERS", 1 << 16)
    assert "Row 2 of own.csv (the header is row 1) is longer than 64 KiB" in str(
        refuse(tmp_path, "a,b\n" + "x" * 99_999)
    )


def test_quotes_inside_of_unquoted_fields_are_text_as_in_pandas(tmp_path):
    content = make_lines(200, {9: '9,2,5" pipe', 10: '10,3,"in "" quotes"', 11: '11,4,"before"after'})
    texts = pd.read_parquet(load_table(tmp_path, content).parquet)["v"]
    assert texts[9:12].tolist() == ['5" pipe', 'in " quotes', "beforeafter"]
    assert texts.tolist() == pd.read_csv(tmp_path / "own.csv")["v"].tolist()


def test_a_scan_with_a_time_limit_ends_without_an_error(tmp_path):
    file = identify_file(write_file(tmp_path, make_lines(100_000, {99_999: '1,2,"'})))
    scan = check_csv(file, 1 << 24, ignore_progress, limit_s=0.0).scan
    assert scan.rows == csv_scan.ROWS_PER_CHUNK and not scan.is_whole


@pytest.mark.parametrize("last", [60, 1960])
@pytest.mark.parametrize("texts", [["abc"], ["abc", "abc", "abc", "abc", "abc", "abc", "abc", "with, comma"]])
def test_a_quote_that_closes_at_a_line_end_takes_in_no_rows(tmp_path, last, texts):
    rows = [f"{i},{texts[i % len(texts)]}" for i in range(2000)]
    rows[10], rows[last] = '10,"abc', f'{last},5"'
    rows[:10] = rows[last + 1 :] = [f"{i},abc" for i in range(10)]
    error = refuse(tmp_path, "id,v\n" + "\n".join(rows) + "\n")
    assert f"opens a quote in column 2 that takes in {last - 11:,} lines which look like rows" in str(error)


def test_a_quote_that_takes_in_the_end_of_its_row_is_named(tmp_path):
    error = refuse(tmp_path, make_lines(2000, {10: '10,"3,abc', 60: '60,4,abc"'}))
    assert "opens a quote in column 2 that takes in 49 lines which look like rows" in str(error)


def test_a_long_text_of_a_single_column_is_named(tmp_path):
    lines = [f"abc{i}" for i in range(2000)]
    lines[10], lines[1500] = '"abc', '5"'
    files = load_table(tmp_path, "v\n" + "\n".join(lines) + "\n")
    assert files.rows == len(pd.read_csv(tmp_path / "own.csv")) == 510
    assert read_notes(files)["Line breaks"] == (
        "1 row with line breaks in quotes; the longest such text, in row 12 (the header is row 1), column 1, takes "
        "lines 12 to 1,502 of the file"
    )


def test_letters_with_commas_are_no_rows(tmp_path):
    letter = "Dear Sir, 1\nthank you, 2\nfor your letter, 3\nyours, me\nwith regards, x"
    files = assert_equals_pandas(tmp_path, "id,letter\n" + "".join(f'{i},"{letter}"\n' for i in range(50)))
    assert read_notes(files)["Line breaks"].startswith("50 rows with line breaks in quotes; the longest such text, in")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{i}, "Smith, John",1', "has quotes after a space, which do not keep a ',' inside of a text"),
        ("{i},'Smith, John',1", "has quotes of the single kind, which do not keep a ',' inside of a text"),
    ],
)
def test_quotes_that_do_not_keep_a_separator_are_refused(tmp_path, row, words):
    error = refuse(tmp_path, "id,name,v\n" + "".join(row.format(i=i) + "\n" for i in range(50)))
    assert str(error).startswith(f"Row 2 of own.csv (the header is row 1) {words}")
    assert len(pd.read_csv(tmp_path / "own.csv").columns) == 3, "pandas makes the first field an index"


def test_a_first_row_that_alone_has_more_fields_is_refused(tmp_path):
    error = refuse(tmp_path, make_lines(2000, {0: "0,Smith, John,1"}))
    assert str(error) == (
        "The first row of own.csv has 4 fields, the header has 3, and so do most rows: 1,999 rows have fewer fields "
        "than the first"
    )
