"""Files that people hand in: checked, kept under their digest, and the same file twice at once."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile

import pytest

from bench import paths
from bench.storage.uploads import LARGEST_MB, SIGNATURES, UploadError, is_here, keep, keep_checked
from bench.workload.declaration import Upload, registry

PICTURE = SIGNATURES[0] + b"the rest is looked at by a worker"


def test_a_picture_is_kept_as_it_is_under_its_digest():
    value = keep(PICTURE)
    assert value == f"upload:{hashlib.sha256(PICTURE).hexdigest()}"
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"GIF89a", "neither a PNG nor a JPEG"), (b"", "neither"), (bytes(LARGEST_MB * 2**20 + 1), "up to 10 MB")],
)
def test_what_is_no_picture_or_too_large_is_refused(content, words):
    with pytest.raises(UploadError, match=words):
        keep(content)
    assert not list(paths.uploads().iterdir())


def test_two_sessions_may_hand_in_the_same_file_at_once():
    errors: list[Exception] = []

    def hand_in() -> None:
        try:
            keep(PICTURE)
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

SQUAD = registry()["bert"].parameter("evaluation").upload


def squad(start: int = 4, text: str = "mill") -> bytes:
    answer = {"text": text, "answer_start": start}
    asked = {"id": "1", "question": "What was built?", "answers": [answer]}
    return json.dumps({"data": [{"paragraphs": [{"context": "The mill was built.", "qas": [asked]}]}]}).encode()


def zip_bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.json", bytes(50 * 2**20))
    return held.getvalue()


def test_a_squad_file_is_looked_into_and_kept():
    value, said = keep_checked(squad(), SQUAD)
    assert said == "1 questions about 1 passages"
    assert is_here(value)
    assert (paths.uploads() / value.removeprefix("upload:")).read_bytes() == squad()
    assert not is_here("upload:" + "0" * 64)
    assert is_here("/some/path"), "what is no upload is not looked for"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (squad(start=400), "answer_start is 400, and the passage has 19 characters"),
        (squad(start=5), "the passage says"),
        (b"{", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"data": 7}', "no list 'data'"),
        (zip_bomb(), "compressed archive"),
    ],
    ids=["beyond", "elsewhere", "broken", "nested", "layout", "zip bomb"],
)
def test_a_file_that_is_no_squad_file_is_refused_with_what_to_do(content, words):
    with pytest.raises(UploadError, match=words):
        keep_checked(content, SQUAD)
    assert not list(paths.uploads().iterdir())


def test_a_checked_file_that_is_too_large_is_not_even_looked_into():
    with pytest.raises(UploadError, match="up to 1 MB"):
        keep_checked(bytes(2**20 + 1), Upload("file", ("json",), 1, "no.such.module:check"))


def test_a_check_that_breaks_is_an_answer():
    with pytest.raises(UploadError, match="could not be looked into"):
        keep_checked(b"x", Upload("file", ("json",), 1, "no.such.module:check"))
