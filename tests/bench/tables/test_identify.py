"""What a file is, by its first bytes: tables by any name, and one sentence for each other kind."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from bench.tables.identify import identify_file
from bench.workload.interface import BadInput
from tests.support.tables import assert_equals_pandas, load_table, write_file

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def zip_bytes(**members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return packed.getvalue()


def tar_bytes() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("own.csv")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"a,b\n"))
    return packed.getvalue()


@pytest.mark.parametrize("name", ["table.txt", "table.tsv", "table", "table.parquet"])
def test_a_text_is_a_csv_file_whatever_its_name(tmp_path, name):
    assert identify_file(write_file(tmp_path, "id,v\n1,2\n", name)).kind == "CSV"


def test_a_parquet_file_may_have_any_name(tmp_path):
    pd.DataFrame({"id": range(50)}).to_parquet(tmp_path / "table.csv")
    assert identify_file(tmp_path / "table.csv").kind == "Parquet"


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (b"", "is empty", "header and rows"),
        (LFS_POINTER, "is a pointer of Git LFS", "git lfs pull"),
        (b"/annex/objects/SHA256E-s5--abc.csv\n", "is a git-annex pointer", "git annex get"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "is a web page", "Download the table itself"),
        (b"\n  <HTML><body>", "is a web page", "Download the table itself"),
        (b"<table><tr><td>1</td></tr></table>", "is a web page", "Download the table itself"),
        (b"<!-- saved from a site -->\n<html>", "is a web page", "Download the table itself"),
        (b"{\\rtf1\\ansi a,b}", "Rich Text Format", "CSV or Parquet"),
        (b'{"a": [1, 2]}', "is JSON", "CSV or Parquet"),
        (b'[{"a": 1}]', "is JSON", "CSV or Parquet"),
        (b'[\n {\n  "a": 1\n }\n]', "is JSON", "CSV or Parquet"),
        (b'{\n "a": [\n  1\n ]\n}', "is JSON", "CSV or Parquet"),
        (tar_bytes(), "is a TAR archive", "Unpack"),
        (gzip.compress(tar_bytes(), mtime=0), "is a TAR archive", "Unpack"),
        (b"\x80\x02}q\x00.", "is a pickle", "CSV or Parquet"),
        (b"\x80\x03}q\x00.", "is a pickle", "CSV or Parquet"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "is a 7z archive", "Unpack"),
        (b"GIF89a\x01\x00\x01\x00", "is a picture", "CSV or Parquet"),
        (b"BM\x36\x00\x00\x00", "is a picture", "CSV or Parquet"),
        (b"ARROW1\x00\x00", "is an Arrow", "CSV or Parquet"),
        (b"SQLite format 3\x00", "is an SQLite database", "CSV or Parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook", "CSV or Parquet"),
        (b"\x80\x04\x95\x00", "is a pickle", "CSV or Parquet"),
        (b"PAR1\x15\x04" + b"x" * 100, "a part is missing", "whole file again"),
        (b"PARE\x15\x04" + b"x" * 100, "encrypted Parquet", "without encryption"),
        (gzip.compress(b"PAR1\x15 and more", mtime=0), "Parquet file inside of gzip", "Decompress"),
        (gzip.compress(gzip.compress(b"a,b", mtime=0), mtime=0), "is a gzip file inside of gzip", "Decompress"),
        (gzip.compress(b"x,y\n" * 9, mtime=0)[:12], "cannot be decompressed", "whole file again"),
        (gzip.compress(b"", mtime=0), "is empty after decompression", "header and rows"),
        (zip_bytes(one="a,b", two="a,b"), "ZIP archive with 2 files", "Unpack"),
        (zip_bytes(**{"[Content_Types].xml": "", "xl/workbook.xml": ""}), "Excel workbook", "CSV or Parquet"),
        (zip_bytes(**{"mimetype": "x", "content.xml": "x"}), "another office document", "CSV or Parquet"),
        (b"PK\x03\x04" + b"x" * 50, "cannot be decompressed", "whole file again"),
    ],
)
def test_other_files_are_named_with_what_to_do(tmp_path, content, words, remedy):
    with pytest.raises(BadInput, match=words) as refusal:
        identify_file(write_file(tmp_path, content, "own.csv"))
    assert remedy in refusal.value.remedy


def test_a_folder_without_parquet_files_is_refused_and_says_what_it_has(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"empty is a folder without Parquet files$"):
        identify_file(tmp_path / "empty")
    pd.DataFrame({"id": range(50)}).to_parquet(tmp_path / "empty" / "a.parquet")
    (tmp_path / "empty" / "b.csv").write_text("id,v\n1,2\n")
    with pytest.raises(BadInput, match=r"a folder with b\.csv, which is no Parquet file \(and 1 Parquet file\)"):
        identify_file(tmp_path / "empty")


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "own.csv")
    with pytest.raises(BadInput, match="a device, a pipe or a socket"):
        identify_file(tmp_path / "own.csv")


def test_paths_that_lead_nowhere_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=f"There is no file {tmp_path}/nothing.csv"):
        identify_file(Path("nothing.csv"))
    for name in ("~nobody-of-this-name/own.csv", f"{'long' * 70}.csv", "null\0.csv"):
        with pytest.raises(BadInput, match=r"cannot be read|There is no file") as refusal:
            identify_file(Path(name))
        assert refusal.value.remedy.startswith("Give the path")


def test_a_file_without_read_permission_is_refused_with_a_remedy(tmp_path, monkeypatch):
    file = write_file(tmp_path, "a,b\n1,2\n")

    def raise_permission_error(*_, **__):
        raise PermissionError(13, "Permission denied")

    # Not by chmod: root, who may run the tests, can read every file.
    monkeypatch.setattr(Path, "open", raise_permission_error)
    with pytest.raises(BadInput, match=f"no permission to read {file}") as refusal:
        identify_file(file)
    assert "Grant it" in refusal.value.remedy


def test_a_compressed_file_that_is_cut_in_the_middle_is_refused(tmp_path):
    packed = gzip.compress(b"".join(b"%d,%d\n" % (i, i * 7919 % 1000) for i in range(50_000)))
    with pytest.raises(BadInput, match=r"own\.csv\.gz cannot be decompressed"):
        load_table(tmp_path, packed[: len(packed) // 2], "own.csv.gz")


@pytest.mark.parametrize(
    "name", ["parent_id", "PARENT", "orchid", "ORCHID", "fea1", "FEA1", "PAR1", "arrow1", "BMI", "GIF8"]
)
@pytest.mark.parametrize("is_compressed", [False, True])
def test_columns_whose_names_begin_as_binary_files_do_are_read(tmp_path, name, is_compressed):
    text = f"{name},v\n" + "".join(f"{i},{i}.5\n" for i in range(50))
    if is_compressed:
        assert_equals_pandas(tmp_path, gzip.compress(text.encode()), "own.csv.gz")
    else:
        assert_equals_pandas(tmp_path, text)
