"""Files that people hand in: checked, kept under their digest, and the same file twice at once."""

from __future__ import annotations

import hashlib
import threading

import pytest

from bench import paths
from bench.uploads import LARGEST_MB, SIGNATURES, UploadError, keep

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
