"""Uploads: checked, stored under their digest, and the same file twice at the same time."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile

import pytest
from PIL import Image

from bench import paths
from bench.storage.uploads import UploadError, describe_upload, is_upload_available, save_upload
from bench.workload.parameters import Upload
from bench.workload.registry import load_workloads

WORKLOADS = load_workloads()
PICTURE_UPLOAD = WORKLOADS["colour-quantization"].parameter("image").upload
SQUAD_UPLOAD = WORKLOADS["bert"].parameter("evaluation").upload
TABLE_UPLOAD = WORKLOADS["modin"].parameter("file").upload


def make_image(size: tuple[int, int] = (50, 40), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).save(buffer, kind)
    return buffer.getvalue()


def make_zip(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("own.csv", content)
    return buffer.getvalue()


def list_stored() -> list[str]:
    return sorted(file.name for file in paths.uploads().iterdir())


def test_a_picture_is_stored_unchanged_with_what_is_known_about_it():
    content = make_image()
    value, described = save_upload(content, "C:\\pictures/holiday\x00.png", PICTURE_UPLOAD)
    digest = hashlib.sha256(content).hexdigest()
    assert value == f"upload:{digest}"
    assert (paths.uploads() / digest).read_bytes() == content
    assert list_stored() == [digest, f"{digest}.json"]
    assert described.summary.text.startswith("50 × 40 pixels, ")
    assert described.summary.picture is not None
    assert described.name == "holiday.png"
    assert describe_upload(value) == described


def test_uploads_without_a_description_are_still_found():
    (paths.uploads() / ("0" * 64)).write_bytes(b"of an earlier version")
    assert is_upload_available("upload:" + "0" * 64)
    assert describe_upload("upload:" + "0" * 64) is None
    assert describe_upload("/some/path") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no picture that can be read"),
        (b"GIF89a", r"\(6 bytes\) is no picture"),
        (make_image((1, 1)), r"only 1 pixel \(1 × 1 pixels\)"),
        (make_image((800, 600), "JPEG")[:3000], r"The picture \(800 × 600 pixels\) cannot be decoded: .*truncated"),
        (bytes(10 * 2**20 + 1), "the limit is 10 MB"),
    ],
    ids=["empty", "header only", "one pixel", "truncated", "too large"],
)
def test_a_file_that_is_no_usable_picture_is_refused_when_it_is_handed_in(content, words):
    with pytest.raises(UploadError, match=words):
        save_upload(content, "picture.png", PICTURE_UPLOAD)
    assert not list_stored()


def test_two_sessions_may_upload_the_same_file_at_the_same_time():
    errors: list[Exception] = []
    content = make_image()

    def upload_image() -> None:
        try:
            save_upload(content, "picture.png", PICTURE_UPLOAD)
        except UploadError as error:
            errors.append(error)

    threads = [threading.Thread(target=upload_image) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(list_stored()) == 2


# Tables


def test_a_table_is_described_when_it_is_handed_in():
    content = ("id;town\n" + "".join(f"{i:03};Plzeň\n" for i in range(60))).encode("cp1250")
    value, described = save_upload(content, "towns.csv", TABLE_UPLOAD)
    summary = described.summary
    assert summary.text.startswith(f"60 rows, 2 columns, {len(content)} B; separator semicolon, decimal point, CP125")
    assert any("is assumed: the file names no encoding and is not UTF-8" in note for note in summary.notes)
    assert any(note.startswith("Converted: 60 values of column id with leading zeros") for note in summary.notes)
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"The file own\.csv is empty"),
        (
            b"id,v\n" + b"1,2\n" * 30 + b'1,"x\n' * 1,
            r"Row 32 of own\.csv \(the header is row 1\) opens a quote in column 2",
        ),
        (b"id,v\n1,2\n", "The file has 1 row"),
        (b"\x80\x04\x95\x00", "is a pickle"),
        (b"PAR1" + bytes(100) + b"PAR1", "cannot be read"),
        (make_zip(b"<html>"), "is a web page"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_its_own_name(content, words):
    with pytest.raises(UploadError, match=words) as refusal:
        save_upload(content, "own.csv", TABLE_UPLOAD)
    assert str(paths.uploads()) not in str(refusal.value) and not list_stored()


def test_a_large_table_is_counted_and_not_read_when_it_is_handed_in(tmp_path, monkeypatch):
    from bench.tables import summary
    from workloads.modin.user_table import check

    monkeypatch.setattr(summary, "MAX_READ_BYTES", 100)
    monkeypatch.setattr(summary, "read_table", None)
    (tmp_path / "own.csv").write_text("id,v\n" + "1,2.5\n" * 60)
    described = check(tmp_path / "own.csv")
    assert described.text.startswith("60 rows, 2 columns, ")
    assert described.notes == [
        "own.csv is large: what is converted in it is found when it is raced, and shown beside the claim."
    ]


# Files of questions


def make_squad_file(start: int = 4, text: str = "mill") -> bytes:
    answer = {"text": text, "answer_start": start}
    question = {"id": "1", "question": "What was built?", "answers": [answer]}
    return json.dumps({"data": [{"paragraphs": [{"context": "The mill was built.", "qas": [question]}]}]}).encode()


def make_zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.json", bytes(50 * 2**20))
    return buffer.getvalue()


def test_a_squad_file_is_checked_and_stored():
    value, described = save_upload(make_squad_file(), "own.json", SQUAD_UPLOAD)
    assert described.summary.text == "1 question about 1 passage"
    assert "an accuracy needs at least 30" in described.summary.notes[0]
    assert is_upload_available(value)
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == make_squad_file()
    assert not is_upload_available("upload:" + "0" * 64)
    assert is_upload_available("/some/path"), "a value that refers to no upload"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (make_squad_file(start=400), "answer_start is 400, but the passage has 19 characters"),
        (make_squad_file(start=5), "the passage has .* at 5, not 'mill'"),
        (b"{", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"data": 7}', "no list 'data'"),
        (make_zip_bomb(), "compressed archive"),
    ],
    ids=["beyond", "elsewhere", "broken", "nested", "layout", "zip bomb"],
)
def test_a_file_that_is_no_squad_file_is_refused_with_the_reason(content, words):
    with pytest.raises(UploadError, match=words):
        save_upload(content, "own.json", SQUAD_UPLOAD)
    assert not list(paths.uploads().iterdir())


def test_a_file_that_is_too_large_is_refused_before_its_check():
    with pytest.raises(UploadError, match="the limit is 1 MB"):
        save_upload(bytes(2**20 + 1), "own.json", Upload("file", ("json",), 1, "no.such.module:check"))


def test_a_check_that_crashes_is_an_upload_error():
    with pytest.raises(UploadError, match="could not be checked"):
        save_upload(b"x", "own.json", Upload("file", ("json",), 1, "no.such.module:check"))
