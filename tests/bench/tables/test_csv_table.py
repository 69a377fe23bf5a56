"""CSV files are read as pandas reads them, and what was widened, renamed or converted is said."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from bench.tables.csv_scan import ROWS_PER_CHUNK
from bench.workload.interface import BadInput
from tests.support.tables import assert_equals_pandas, load_table, read_notes, write_file
from workloads.modin.user_table import check

MANY = 3 * ROWS_PER_CHUNK
"""Rows of several chunks of the scan, and of more than 1 MiB."""


def make_rows(count: int, template: str = "{i},{i}.5\n") -> str:
    return "".join(template.format(i=i) for i in range(count))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks_in_quotes_are_kept_in_large_files(tmp_path, end):
    """A block of 1 MiB ends inside of texts, and between the two characters of a line end."""
    rows = "".join(f'{i},"line, one{end}second{end}{"x" * (i % 50)}",{i}.5{end}' for i in range(MANY))
    files = assert_equals_pandas(tmp_path, f"id,text,v{end}{rows}")
    assert files.rows == MANY
    assert pd.read_parquet(files.parquet)["text"][MANY - 1] == f"line, one{end}second{end}{'x' * ((MANY - 1) % 50)}"


@pytest.mark.parametrize(
    ("early", "late", "label", "words"),
    [
        ("", "late", "Widened", f"empty widened to text from row {MANY + 2:,} (the header is row 1): 'late'"),
        ("7", "A17", "Widened", f"integer widened to text, all of it, because of row {MANY + 2:,}"),
        ("7.5", "A17", "Widened", f"number widened to text, all of it, because of row {MANY + 2:,}"),
        ("7", "2.5", "Widened", f"integer widened to float from row {MANY + 2:,} (the header is row 1): '2.5'"),
        ("7", "", "Widened", f"integer widened to float, because the value in row {MANY + 2:,} is missing"),
        ("True", "maybe", "Widened", f"boolean widened to text, all of it, because of row {MANY + 2:,}"),
    ],
)
def test_a_column_that_changes_late_widens_as_in_pandas_and_is_named(tmp_path, early, late, label, words):
    content = "id,v,w\n" + make_rows(MANY, f"{{i}},{early},{{i}}.5\n") + f"{MANY},{late},1.5\n" * 3
    files = assert_equals_pandas(tmp_path, content)
    assert f"column v: {words}" in read_notes(files)[label]


def test_a_column_of_dates_that_becomes_text_is_no_column_of_dates(tmp_path):
    from workloads.modin.call_inputs import choose_columns

    content = "id,when,w\n" + make_rows(300, "{i},2020-01-02,{i}.5\n") + "300,some day,1.5\n"
    files = assert_equals_pandas(tmp_path, content)
    chosen = choose_columns(pd.read_parquet(files.parquet))
    assert (chosen.text, chosen.dates) == ("when", "")


def test_the_default_of_to_csv_is_read_with_its_index(tmp_path):
    text = pd.DataFrame({"v": range(50), "w": [0.5] * 50}).to_csv()
    files = assert_equals_pandas(tmp_path, text)
    assert read_notes(files)["Renamed"] == "column 1, which has no name: Unnamed: 0, as pandas names it"


@pytest.mark.parametrize("header", ["a,a,b", "a,a,a", ",,b", "a,,a.1", "a, a,b"])
def test_equal_and_empty_names_are_those_of_pandas(tmp_path, header):
    files = assert_equals_pandas(tmp_path, f"{header}\n" + make_rows(50, "{i},{i}.5,{i}\n"))
    assert "as pandas names it" in read_notes(files).get("Renamed", "as pandas names it")
    if header == "a,a,b":
        assert "the second column a: a.1" in read_notes(files)["Renamed"]


@pytest.mark.parametrize(
    ("separator", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "pipe"), (",", "comma")], ids=lambda value: value
)
def test_separators_are_found(tmp_path, separator, name):
    rows = "id,text,v\n" + make_rows(60, '{i},"a, b; c | d",{i}.5\n')
    content = rows.replace(",", separator).replace(f"a{separator} b", "a, b")
    files = assert_equals_pandas(tmp_path, content, sep=separator)
    assert files.layout == f"separator {name}, decimal point, UTF-8"


def test_a_decimal_comma_is_found(tmp_path):
    files = assert_equals_pandas(tmp_path, "id;v\n" + make_rows(50, "{i};{i},5\n"), sep=";", decimal=",")
    assert files.layout == "separator semicolon, decimal comma, UTF-8"
    assert pd.read_csv(files.csv)["v"].sum() == pytest.approx(sum(i + 0.5 for i in range(50)))


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_by_which_excel_names_the_separator_is_no_header(tmp_path, line):
    files = assert_equals_pandas(tmp_path, f"{line}\nid;v\n" + make_rows(50, "{i};{i}.5\n"), sep=";", skiprows=1)
    assert files.columns == 2


def test_comment_lines_before_the_header_are_left_out_and_said(tmp_path):
    content = "# made by a tool, version 1\n# another line\nid,v\n" + make_rows(50)
    files = assert_equals_pandas(tmp_path, content, skiprows=2)
    assert read_notes(files)["Left out"] == (
        "2 comment lines before the header: '# made by a tool, version 1', '# another line'"
    )


def test_a_header_that_begins_as_a_comment_does_is_a_header(tmp_path):
    for name, content in (
        ("#id", "#id,v\n" + make_rows(50)),
        ("%id", "%id,v\n" + make_rows(50)),
        ("# id", "# id,v\n" + make_rows(50)),
        ("#name", "#name,city\n" + make_rows(50, "n{i},Berlin\n")),
    ):
        files = assert_equals_pandas(tmp_path, content)
        assert read_notes(files)["Header"] == f"the line that begins with {name!r}, which has a name for each column"


@pytest.mark.parametrize("comment", ["#name,city", "# made by ann,bob", "#made by x,v1", "% ann,bob"])
def test_a_comment_above_a_header_is_no_header(tmp_path, comment):
    rows = "n{i},{i}.5\n" if comment == "#made by x,v1" else "n{i},Berlin\n"
    files = assert_equals_pandas(tmp_path, f"{comment}\nname,city\n" + make_rows(50, rows), skiprows=1)
    assert read_notes(files)["Left out"] == f"1 comment line before the header: {comment!r}"


@pytest.mark.parametrize(
    ("separator", "lines"),
    [
        (",", ["Report of sales", "Made 2024-01-02, by tool"]),
        (";", ["Report of sales; all regions"]),
        ("\t", ["Report of sales", "Made 2024-01-02, by tool"]),
        (",", ["Report,,", "Region,North,", ",,"]),
        (",", ["Title"]),
    ],
)
def test_a_title_and_notes_above_the_header_are_left_out_and_quoted(tmp_path, separator, lines):
    table = ("id,when,v\n" + make_rows(50, "{i},2024-01-02,{i}\n")).replace(",", separator)
    before = "\n".join(lines) + "\n"
    files = assert_equals_pandas(tmp_path, before + table, sep=separator, skiprows=len(lines))
    quoted = ", ".join(map(repr, lines))
    count = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    assert read_notes(files)["Left out"] == f"{count} before the header, which are no rows: {quoted}"


def test_a_title_above_a_table_of_texts_is_left_out(tmp_path):
    files = load_table(tmp_path, "Towns\n\nname,country,river\n" + make_rows(50, "n{i},DE,Rhein\n"))
    assert list(pd.read_parquet(files.parquet).columns)[:3] == ["name", "country", "river"]
    assert files.rows == 50


@pytest.mark.parametrize("header", ["v,w", ",v,w", "a,b,"])
def test_a_header_with_fewer_names_than_fields_is_no_title(tmp_path, header):
    files = load_table(tmp_path, f"{header}\n" + make_rows(50, "r{i},{i},{i}.5\n"))
    assert files.rows == 50 and "Left out" not in read_notes(files)


def test_an_index_without_a_name_keeps_its_header_above_a_first_row_of_words(tmp_path):
    content = ",town,v\nr,Ulm,unknown\n" + make_rows(50, "r{i},Ulm,{i}\n")
    files = assert_equals_pandas(tmp_path, content)
    assert files.rows == 51 and "Left out" not in read_notes(files)


def test_a_broken_row_below_a_title_is_named_by_its_row_and_line(tmp_path):
    content = "Report\n\nid,v,w\n" + make_rows(50, "{i},{i},1\n") + "1,2,3,4\n"
    with pytest.raises(
        BadInput, match=r"Row 52 of own\.csv \(line 54; the header is row 1\) has 4 fields instead of 3"
    ):
        load_table(tmp_path, content)


def test_a_file_without_a_header_says_that_its_first_row_is_taken_as_one(tmp_path):
    files = assert_equals_pandas(tmp_path, make_rows(50))
    assert read_notes(files)["Header"].startswith("the first row, '0', '0.5', as in pandas; if it is no header")


@pytest.mark.parametrize("end", ["\x1a", "\x1a\r\n", "\x1a\n\n"])
def test_the_end_of_file_character_of_dos_is_no_row(tmp_path, end):
    files = load_table(tmp_path, "id,v\r\n" + make_rows(50, "{i},{i}.5\r\n") + end)
    assert files.rows == 50 and pd.read_csv(files.csv).dtypes["id"] == "int64"
    assert read_notes(files)["Left out"] == "the end-of-file character of DOS (^Z) after the last row"


def test_a_control_character_between_rows_is_a_row_as_in_pandas(tmp_path):
    files = assert_equals_pandas(tmp_path, "id,v\n" + make_rows(50) + "\x1a\n7,7.5\n")
    assert files.rows == 52


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (r'{i},"say \"hi\", now"', "Row 2 of own.csv (the header is row 1) has quotes after a backslash"),
        ("{i},'Smith, J'", "Row 2 of own.csv (the header is row 1) has quotes of the single kind"),
    ],
)
def test_quotes_that_pandas_does_not_know_are_named(tmp_path, row, words):
    with pytest.raises(BadInput, match=re.escape(words)):
        load_table(tmp_path, "id,t\n" + make_rows(50, row + "\n"))


def test_a_file_that_ends_with_null_bytes_is_refused_in_words(tmp_path):
    with pytest.raises(BadInput, match=r"Row 52 of own\.csv .* has 4,096 null bytes and no text"):
        load_table(tmp_path, ("id,v\n" + make_rows(50)).encode() + bytes(4096))


def test_leading_zeros_and_missing_words_are_said(tmp_path):
    words = ["NA", "DE", "null"]
    rows = "".join(f"{i % 100:05d},{words[i % 3]},{i % 2}\n" for i in range(300))
    notes = read_notes(assert_equals_pandas(tmp_path, f"zip,country,flag\n{rows}"))
    assert notes["Converted"] == (
        "300 values of column zip with leading zeros, read as numbers, as pandas does (00000 as 0)"
    )
    assert notes["Read as missing"] == "100 x 'NA', 100 x 'null' in column country"


@pytest.mark.parametrize("is_in_header", [True, False])
def test_separators_at_the_end_of_rows(tmp_path, is_in_header):
    header = "id,v," if is_in_header else "id,v"
    options = {} if is_in_header else {"names": ["id", "v", "extra"], "header": 0, "usecols": ["id", "v"]}
    files = assert_equals_pandas(tmp_path, f"{header}\n" + make_rows(50, "{i},{i}.5,\n"), **options)
    key = "Renamed" if is_in_header else "Left out"
    expected = "column 3, which has no name: Unnamed: 2" if is_in_header else "the empty field that each row ends with"
    assert expected in read_notes(files)[key]


def test_a_first_column_without_a_name_in_the_header_is_kept(tmp_path):
    files = load_table(tmp_path, "v,w\n" + make_rows(50, "r{i},{i},{i}.5\n"))
    rows, expected = pd.read_parquet(files.parquet), pd.read_csv(tmp_path / "own.csv")
    pd.testing.assert_frame_equal(rows, expected.reset_index())
    assert read_notes(files)["Header"] == (
        "it has 2 names for rows of 3 fields, so that the first field has no name: pandas reads it as the index of the "
        "rows, here index. If the name of another column is missing, correct the header"
    )


def test_blank_lines_of_a_single_column_are_counted(tmp_path):
    files = assert_equals_pandas(tmp_path, "v\n\n" + make_rows(50, "{i}\n") + "\n  \n50\n")
    assert read_notes(files)["Left out"].startswith("3 blank lines, as in pandas;")
    two = assert_equals_pandas(tmp_path, "v,w\n\n" + make_rows(50, "{i},{i}\n"), "two.csv")
    assert "Left out" not in read_notes(two)


def test_large_integers_that_become_floats_are_said_to_be_rounded(tmp_path):
    files = assert_equals_pandas(tmp_path, "id,big,small\n" + make_rows(50, "{i},900719925474099{i},{i}\n") + "50,,\n")
    assert read_notes(files)["Converted"] == (
        "column big: integers beyond 2^53 are rounded, because pandas reads this column as floats"
    )
    exact = assert_equals_pandas(tmp_path, "id,big\n" + make_rows(50, "{i},900719925474099{i}\n"), "exact.csv")
    assert "Converted" not in read_notes(exact)


def test_numbers_beyond_floats_are_said_to_be_text(tmp_path):
    files = assert_equals_pandas(tmp_path, "id,v\n" + make_rows(50, "{i},{i}.5\n") + "50,1e400\n")
    assert read_notes(files)["Converted"] == "column v: numbers beyond the range of floats make it text, as in pandas"


def test_commas_in_the_texts_of_a_table_with_semicolons_take_no_header(tmp_path):
    files = assert_equals_pandas(tmp_path, "id;t\n" + make_rows(50, "{i};a, b, c{i}\n"), sep=";")
    assert files.layout.startswith("separator semicolon")
    assert "Left out" not in read_notes(files)


def test_a_column_may_be_called_as_the_one_that_is_left_out(tmp_path):
    options = {"names": ["id", "fairlap_extra", "x"], "header": 0, "usecols": ["id", "fairlap_extra"]}
    assert_equals_pandas(tmp_path, "id,fairlap_extra\n" + make_rows(50, "{i},{i}.5,\n"), **options)


@pytest.mark.parametrize("header", ["id,v,w", "v,w", "w"], ids=["all names", "one name less", "two names less"])
def test_the_summary_counts_columns_without_a_name_too(tmp_path, header):
    summary = check(write_file(tmp_path, f"{header}\n" + make_rows(50, "{i},{i},{i}.5\n")))
    assert summary.text.startswith("50 rows, 3 columns, ")


def test_the_summary_does_not_count_an_empty_end(tmp_path):
    assert check(write_file(tmp_path, "id,v\n" + make_rows(50, "{i},{i},\n"))).text.startswith("50 rows, 2 columns, ")


def test_short_rows_have_missing_values_and_are_counted(tmp_path):
    files = assert_equals_pandas(tmp_path, "id,v,w\n" + make_rows(50, "{i},{i},{i}.5\n") + "50,1\n51\n")
    note = read_notes(files)["Read as missing"]
    assert "the last fields of 2 rows that have fewer than 3, the first is row 52 (the header is row 1)" in note


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"])
def test_encodings_are_found(tmp_path, encoding):
    cities = ["Köln", "Málaga", "Besançon", "Århus", "Zürich"]
    text = "id,city,v\n" + "".join(f"{i},{cities[i % 5]} am Fluss,{i}.5\n" for i in range(200))
    assert_equals_pandas(tmp_path, text.encode(encoding), encoding=encoding)


def test_a_file_whose_first_special_letter_is_late_is_read(tmp_path):
    text = "id,city,v\n" + make_rows(MANY, "{i},caf,{i}.5\n") + "1,café für zwei,2.5\n"
    files = assert_equals_pandas(tmp_path, text.encode("latin-1"), encoding="latin-1")
    assert files.layout == "separator comma, decimal point, CP1252 (assumed)"


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zip"])
def test_compressed_files_are_read(tmp_path, suffix):
    text = ("id,v\n" + make_rows(500)).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("own.csv", text)
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": lambda _: packed.getvalue()}
    assert_equals_pandas(tmp_path, pack[suffix](text), f"own.csv.{suffix}")


def test_a_table_without_numbers_gets_a_key_and_a_value(tmp_path):
    files = load_table(tmp_path, "town\n" + make_rows(2500, "town {i}\n"))
    rows = pd.read_parquet(files.parquet)
    assert list(rows.columns) == ["town", "key", "value"]
    assert rows["key"].tolist() == [row % 1000 for row in range(2500)]
    assert rows["value"].tolist() == [row / 2 for row in range(2500)]
    assert "column key, the row number modulo 1,000" in read_notes(files)["Added by Fairlap"]


def test_names_that_the_calls_use_are_no_key(tmp_path):
    files = load_table(tmp_path, "label,count\n" + make_rows(50, "{i},{i}\n"))
    assert list(pd.read_parquet(files.parquet).columns) == ["label", "count", "key", "value"]


def test_rows_beyond_the_requested_ones_are_not_looked_at(tmp_path):
    files = load_table(tmp_path, "id,v\n" + make_rows(50) + '50,"never closed\n', rows=40)
    assert (files.rows, files.is_whole) == (40, False)


@pytest.mark.parametrize("content", ["id,v\n", "id,v", "\n\n\n"])
def test_a_file_without_rows_is_refused(tmp_path, content):
    with pytest.raises(BadInput, match=r"no rows") as refusal:
        load_table(tmp_path, content)
    assert "rows" in refusal.value.remedy


def test_a_table_that_memory_cannot_hold_is_refused_before_pandas_reads_it(tmp_path, monkeypatch):
    from bench.tables import csv_table
    from workloads.modin import space_check

    monkeypatch.setattr(space_check, "available_memory_bytes", lambda: 100_000)
    monkeypatch.setattr(csv_table, "_read_frame", None)
    with pytest.raises(BadInput, match=r"50,000 rows of 2 columns of own.csv take .* available"):
        load_table(tmp_path, "id,v\n" + make_rows(50_000))


def test_names_with_line_breaks_are_renamed(tmp_path):
    files = load_table(tmp_path, 'id,"v\nw"\n' + make_rows(50))
    assert list(pd.read_csv(files.csv).columns) == ["id", "v w"]
    assert "'v\\nw' to 'v w'" in read_notes(files)["Renamed"]


def test_text_that_looks_like_numbers_in_parts_stays_text_in_the_race(tmp_path):
    files = load_table(tmp_path, "id,v\n" + make_rows(50, "A{i},{i}.5\n") + "0123,1.5\n")
    assert files.dtypes == {"id": "str"}
    assert pd.read_csv(files.csv, dtype=files.dtypes)["id"].iloc[-1] == "0123"


def test_the_folder_of_the_file_is_left_as_it_is(tmp_path):
    folder = tmp_path / "users"
    folder.mkdir()
    (folder / "own.csv").write_text("id,v\n" + make_rows(50))
    before = sorted(folder.iterdir())
    load_table(tmp_path, folder / "own.csv")
    assert sorted(folder.iterdir()) == before == [Path(folder / "own.csv")]


@pytest.mark.parametrize("first", ["1,2", "1"])
def test_first_rows_that_lack_their_last_fields_are_read(tmp_path, first):
    files = assert_equals_pandas(tmp_path, f"a,b,c\n{first}\n" + make_rows(50, "{i},{i},{i}\n"))
    assert files.columns == 3
    assert "column c: integer widened to float, because the value in row 2 is missing" in read_notes(files)["Widened"]


@pytest.mark.parametrize("value", ["{i}.0", "5.00", "1e3", "{i}"])
def test_whole_floats_have_the_same_type_in_both_files(tmp_path, value):
    files = assert_equals_pandas(tmp_path, "id,v,w\n" + make_rows(50, f"{{i}},{value},{{i}}.5\n"))
    expected = pd.read_csv(tmp_path / "own.csv")
    assert pd.read_csv(files.csv, dtype=files.dtypes or None)["v"].dtype == expected["v"].dtype
    assert files.dtypes == ({} if value == "{i}" else {"v": "float64"})


def test_each_column_has_its_own_decimal_sign(tmp_path):
    content = "id;time;v;w\n" + make_rows(700, "{i};00.30;{i},5;{i}\n") + "700;00.45;1,5;601,5\n"
    files = load_table(tmp_path, content)
    rows, with_point = pd.read_parquet(files.parquet), pd.read_csv(tmp_path / "own.csv", sep=";")
    with_comma = pd.read_csv(tmp_path / "own.csv", sep=";", decimal=",")
    pd.testing.assert_series_equal(rows["time"], with_point["time"])
    for name in ("id", "v", "w"):
        pd.testing.assert_series_equal(rows[name], with_comma[name])
    assert files.layout == "separator semicolon, decimal comma and point, UTF-8"
    assert read_notes(files)["Converted"].endswith("decimal comma in v, w; decimal point in time")


@pytest.mark.parametrize(
    ("value", "example"),
    [("2,{j}", "2,100"), ("1.{j},50", "1.100,50"), ("1'{j}.50", "1'100.50"), ("12,{j},000", "12,100,000")],
)
def test_numbers_with_thousands_stay_text_and_are_named(tmp_path, value, example):
    rows = "".join(f"{i};{value.format(j=100 + i)};x\n" for i in range(50))
    files = assert_equals_pandas(tmp_path, f"id;price;x\n{rows}", sep=";")
    assert pd.read_parquet(files.parquet)["price"][0] == example
    assert read_notes(files)["Converted"] == (
        "column price: numbers with separators of thousands or other decimal signs are text, as in pandas "
        f"({example!r})"
    )


def test_three_decimals_are_decimals_if_other_values_show_it(tmp_path):
    rows = make_rows(50, "{i};0,125;{i},250\n") + "50;0,250;1,5\n"
    assert_equals_pandas(tmp_path, f"id;v;w\n{rows}", sep=";", decimal=",")


def test_integers_of_more_than_64_bits_are_named(tmp_path):
    files = assert_equals_pandas(tmp_path, "id,v\n" + "".join(f"{10**24 + i},{i}\n" for i in range(50)))
    assert read_notes(files)["Converted"] == "column id: integers of more than 64 bits are text, as in pandas"


@pytest.mark.parametrize(
    ("separator", "header", "row"),
    [
        (";", "id;price, EUR;qty", "{i};2,5;3"),
        ("\t", "id\tname, first\tv", "{i}\tSmith, John\t7"),
        (";", "id;name, first", "{i};Smith, John"),
    ],
)
def test_a_comma_inside_of_names_and_texts_is_no_separator(tmp_path, separator, header, row):
    assert_equals_pandas(tmp_path, f"{header}\n" + make_rows(50, row + "\n"), sep=separator, decimal=",")


@pytest.mark.parametrize("sign", [" ", ":", "   "])
def test_a_file_with_another_separator_is_raced_as_one_column_and_says_so(tmp_path, sign):
    files = load_table(tmp_path, f"a{sign}b\n" + make_rows(50, f"{{i}}{sign}x\n"))
    expected = pd.read_csv(tmp_path / "own.csv")
    assert pd.read_parquet(files.parquet)[f"a{sign}b"].tolist() == expected[f"a{sign}b"].tolist()
    assert "none was found (comma, semicolon, tab, pipe)" in read_notes(files)["Separator"]


def test_quotes_after_a_space_are_text_as_in_pandas_and_named(tmp_path):
    files = assert_equals_pandas(tmp_path, "id,name,v\n" + make_rows(50, '{i}, "Smith",{i}\n'))
    assert "the first are in row 2 (the header is row 1)" in read_notes(files)["Quotes"]


def test_a_second_byte_order_mark_is_named(tmp_path):
    content = "\ufeff\ufeffid,v\n" + make_rows(50)
    files = load_table(tmp_path, content)
    assert list(pd.read_parquet(files.parquet).columns) == ["id", "v"]
    assert read_notes(files)["Renamed"] == (
        "column 1, which begins with a second byte order mark: id, as pandas names it"
    )
