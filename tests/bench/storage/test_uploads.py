"""Files that people hand in: checked, kept under their digest, and the same file twice at once."""

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

PICTURE = IMAGE_SIGNATURES[0] + b"the rest is looked at by a worker"


def test_a_picture_is_kept_as_it_is_under_its_digest():
    value = save_image(PICTURE)
    assert value == f"upload:{hashlib.sha256(PICTURE).hexdigest()}"
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"GIF89a", "neither a PNG nor a JPEG"), (b"", "neither"), (bytes(MAX_IMAGE_MB * 2**20 + 1), "up to 10 MB")],
)
def test_what_is_no_picture_or_too_large_is_refused(content, words):
    with pytest.raises(UploadError, match=words):
        save_image(content)
    assert not list(paths.uploads().iterdir())


def test_two_sessions_may_hand_in_the_same_file_at_once():
    errors: list[Exception] = []

    def hand_in() -> None:
        try:
            save_image(PICTURE)
        except UploadError as error:
            errors.append(error)

    threads = [threading.Thread(target=hand_in) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(list(paths.uploads().iterdir())) == 1


# --- files that are looked into ---

SQUAD_UPLOAD = load_workloads()["bert"].parameter("evaluation").upload


def make_squad_file(start: int = 4, text: str = "mill") -> bytes:
    answer = {"text": text, "answer_start": start}
    asked = {"id": "1", "question": "What was built?", "answers": [answer]}
    return json.dumps({"data": [{"paragraphs": [{"context": "The mill was built.", "qas": [asked]}]}]}).encode()


def make_zip_bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.json", bytes(50 * 2**20))
    return held.getvalue()


def test_a_squad_file_is_looked_into_and_kept():
    value, said = save_checked_file(make_squad_file(), SQUAD_UPLOAD)
    assert said == "1 questions about 1 passages"
    assert is_upload_available(value)
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == make_squad_file()
    assert not is_upload_available("upload:" + "0" * 64)
    assert is_upload_available("/some/path"), "what is no upload is not looked for"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (make_squad_file(start=400), "answer_start is 400, and the passage has 19 characters"),
        (make_squad_file(start=5), "the passage says"),
        (b"{", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"data": 7}', "no list 'data'"),
        (make_zip_bomb(), "compressed archive"),
    ],
    ids=["beyond", "elsewhere", "broken", "nested", "layout", "zip bomb"],
)
def test_a_file_that_is_no_squad_file_is_refused_with_what_to_do(content, words):
    with pytest.raises(UploadError, match=words):
        save_checked_file(content, SQUAD_UPLOAD)
    assert not list(paths.uploads().iterdir())


def test_a_checked_file_that_is_too_large_is_not_even_looked_into():
    with pytest.raises(UploadError, match="up to 1 MB"):
        save_checked_file(bytes(2**20 + 1), Upload("file", ("json",), 1, "no.such.module:check"))


def test_a_check_that_breaks_is_an_answer():
    with pytest.raises(UploadError, match="could not be examined"):
        save_checked_file(b"x", Upload("file", ("json",), 1, "no.such.module:check"))
