"""Uploads: checked, stored under their digest, and the same file twice at the same time."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile

import pytest

from bench import paths
from bench.storage.uploads import (
    IMAGE_SIGNATURES,
    MAX_IMAGE_MB,
    UploadError,
    is_upload_available,
    save_checked_file,
    save_image,
)
from bench.workload.declaration import Upload
from bench.workload.registry import load_workloads

IMAGE = IMAGE_SIGNATURES[0] + b"the rest is read by a child process"


def test_an_image_is_stored_unchanged_under_its_digest():
    value = save_image(IMAGE)
    assert value == f"upload:{hashlib.sha256(IMAGE).hexdigest()}"
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == IMAGE


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"GIF89a", "neither PNG nor JPEG"), (b"", "neither"), (bytes(MAX_IMAGE_MB * 2**20 + 1), "the limit is 10 MB")],
)
def test_a_file_that_is_no_image_or_too_large_is_refused(content, words):
    with pytest.raises(UploadError, match=words):
        save_image(content)
    assert not list(paths.uploads().iterdir())


def test_two_sessions_may_upload_the_same_file_at_the_same_time():
    errors: list[Exception] = []

    def upload_image() -> None:
        try:
            save_image(IMAGE)
        except UploadError as error:
            errors.append(error)

    threads = [threading.Thread(target=upload_image) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(list(paths.uploads().iterdir())) == 1


# Files with a check of their own

BERT = load_workloads()["bert"]
SQUAD_UPLOAD = next(
    parameter.upload for parameter in BERT.parameters_of(BERT.default_case) if parameter.name == "evaluation"
)


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
    value, description = save_checked_file(make_squad_file(), SQUAD_UPLOAD)
    assert description == "1 questions about 1 passages"
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
        save_checked_file(content, SQUAD_UPLOAD)
    assert not list(paths.uploads().iterdir())


def test_a_file_that_is_too_large_is_refused_before_its_check():
    with pytest.raises(UploadError, match="the limit is 1 MB"):
        save_checked_file(bytes(2**20 + 1), Upload("file", ("json",), 1, "no.such.module:check"))


def test_a_check_that_crashes_is_an_upload_error():
    with pytest.raises(UploadError, match="could not be checked"):
        save_checked_file(b"x", Upload("file", ("json",), 1, "no.such.module:check"))
