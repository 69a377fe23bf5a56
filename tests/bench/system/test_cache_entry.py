"""Cache entries: made once, whole or not at all, and made again if they are damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.system.cache_entry import ENTRY_FILE, load_or_make, read_entry, write_atomically


def make_numbers(draft: Path) -> dict[str, int]:
    (draft / "a.bin").write_bytes(b"one")
    (draft / "b.bin").write_bytes(b"two")
    return {"count": 2}


def never(draft: Path) -> dict[str, int]:
    raise AssertionError("the entry is there already")


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    first = load_or_make(tmp_path / "cache" / "key", make_numbers)
    again = load_or_make(tmp_path / "cache" / "key", never)
    assert (first.made_now, again.made_now) == (True, False)
    assert first.facts == again.facts == {"count": 2}
    assert set(again.digests) == {"a.bin", "b.bin"}
    assert (again.folder / "b.bin").read_bytes() == b"two"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "a.bin").write_bytes(b"One"),
        lambda folder: (folder / "a.bin").unlink(),
        lambda folder: (folder / ENTRY_FILE).unlink(),
        lambda folder: (folder / ENTRY_FILE).write_bytes(b"\xff{"),
        lambda folder: (folder / ENTRY_FILE).write_text("[1]"),
        lambda folder: (folder / ENTRY_FILE).write_text(json.dumps({"facts": {}, "sha256": 7})),
    ],
    ids=["changed", "gone", "card gone", "card garbage", "card a list", "card of another kind"],
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage) -> None:
    folder = load_or_make(tmp_path / "key", make_numbers).folder
    damage(folder)
    assert read_entry(folder) is None
    assert load_or_make(folder, make_numbers).made_now
    assert read_entry(folder)


def test_a_failed_attempt_leaves_nothing_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def fail(draft: Path) -> dict[str, int]:
        (draft / "a.bin").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        load_or_make(tmp_path / "key", fail)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    assert load_or_make(tmp_path / "key", make_numbers).made_now


KILLED_SCRIPT = """
import sys, time
from pathlib import Path
from bench.system.cache_entry import load_or_make
def make(draft):
    (draft / "a.bin").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
load_or_make(Path(sys.argv[1]), make)
"""


def test_a_killed_process_leaves_no_lock_and_its_draft_is_removed(tmp_path: Path) -> None:
    folder, other = tmp_path / "key", tmp_path / "other.draft-x"
    other.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_SCRIPT, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    waited: list[int] = []

    def kill_writer() -> None:
        waited.append(process.pid)
        os.kill(process.pid, signal.SIGKILL)

    assert load_or_make(folder, make_numbers, on_wait=kill_writer).made_now
    process.communicate()
    assert waited == [process.pid]
    assert not list(tmp_path.glob("key.draft-*"))
    assert other.exists(), "the draft of another entry, which its own process may be writing"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "folder", b"a folder cannot be replaced by a file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]
