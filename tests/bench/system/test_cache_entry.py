"""Cache entries: made once, whole or not at all, and made again if they are damaged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from bench.paths import ROOT
from bench.system.cache_entry import (
    ENTRY_FILE,
    CacheEntry,
    is_used,
    load_or_make,
    prune_entries,
    read_entry,
    remove_entry,
    write_atomically,
)


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


def change_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / ENTRY_FILE).read_text())
    (folder / ENTRY_FILE).write_text(json.dumps(card | changes))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "a.bin").write_bytes(b"One"),
        lambda folder: (folder / "a.bin").unlink(),
        lambda folder: (folder / ENTRY_FILE).unlink(),
        lambda folder: (folder / ENTRY_FILE).write_bytes(b"\xff{"),
        lambda folder: (folder / ENTRY_FILE).write_text("[1]"),
        lambda folder: (folder / ENTRY_FILE).write_text(json.dumps({"facts": {}, "sha256": 7})),
        lambda folder: change_card(folder, sha256={}),
        lambda folder: change_card(folder, facts={"count": 3}),
        lambda folder: change_card(folder, name="another key"),
        lambda folder: (folder / "c.bin").write_bytes(b"three"),
    ],
    ids=[
        "changed",
        "missing",
        "no card",
        "card garbage",
        "card a list",
        "card of another kind",
        "no digests",
        "other facts",
        "another name",
        "another file",
    ],
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage) -> None:
    folder = load_or_make(tmp_path / "key", make_numbers).folder
    damage(folder)
    assert read_entry(folder) is None
    assert load_or_make(folder, make_numbers).made_now
    assert read_entry(folder)


def test_an_entry_that_its_user_rejects_is_made_again(tmp_path: Path) -> None:
    seen: list[CacheEntry] = []

    def reject(entry: CacheEntry) -> bool:
        seen.append(entry)
        return False

    folder = load_or_make(tmp_path / "key", make_numbers, accept=reject).folder
    assert not seen, "`accept` must not be called for an entry that was just made"
    assert not load_or_make(folder, never, accept=lambda entry: entry.facts == {"count": 2}).made_now
    again = load_or_make(folder, lambda draft: {"count": 0}, accept=reject)
    assert [entry.facts for entry in seen] == [{"count": 2}]
    assert (again.made_now, again.facts, again.digests) == (True, {"count": 0}, {})


def test_the_entry_of_another_key_is_not_used(tmp_path: Path) -> None:
    shutil.copytree(load_or_make(tmp_path / "one", make_numbers).folder, tmp_path / "other")
    assert load_or_make(tmp_path / "other", make_numbers).made_now
    assert not load_or_make(tmp_path / "one", never).made_now


def test_an_entry_that_is_deleted_while_its_user_reads_it_is_no_error(tmp_path: Path) -> None:
    folder = load_or_make(tmp_path / "key", make_numbers).folder

    def delete_and_accept(entry: CacheEntry) -> bool:
        shutil.rmtree(entry.folder)
        return True

    assert load_or_make(folder, never, accept=delete_and_accept).facts == {"count": 2}


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


def start_writer(folder: Path) -> subprocess.Popen:
    """A process that makes an entry and does not finish."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_SCRIPT, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    return process


def test_a_killed_process_leaves_no_lock_and_its_draft_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "key"
    process = start_writer(folder)
    waited: list[int] = []

    def kill_writer() -> None:
        waited.append(process.pid)
        os.kill(process.pid, signal.SIGKILL)

    assert load_or_make(folder, make_numbers, on_wait=kill_writer).made_now
    process.communicate()
    assert waited == [process.pid]
    assert not list(tmp_path.glob("key.draft-*"))


def test_making_an_entry_removes_what_killed_processes_left_of_others(tmp_path: Path) -> None:
    load_or_make(tmp_path / "finished", make_numbers)
    killed, running = start_writer(tmp_path / "killed"), start_writer(tmp_path / "running")
    killed.kill()
    killed.communicate()
    (tmp_path / "old.lock").touch()
    try:
        load_or_make(tmp_path / "new", make_numbers)
        (draft,) = tmp_path.glob("*.draft-*")
        assert draft.name.startswith("running.")
        locks = {path.name for path in tmp_path.glob("*.lock")}
        assert locks == {"finished.lock", "running.lock", "new.lock"}
    finally:
        running.kill()
        running.communicate()
    load_or_make(tmp_path / "newer", make_numbers)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"finished", "new", "newer"}


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "folder", b"a folder cannot be replaced by a file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def make_entries(folder: Path, **used_at: float) -> None:
    """Make an entry with a file of 100 kB for each name, last used at the given time."""
    for name, seconds in used_at.items():
        entry = load_or_make(folder / name, lambda draft: {"bytes": (draft / "a.bin").write_bytes(bytes(100_000))})
        os.utime(entry.folder / ENTRY_FILE, (seconds, seconds))


def list_entries(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()}


def test_the_entries_unused_for_longest_are_pruned(tmp_path: Path) -> None:
    make_entries(tmp_path, **{"graph-a": 300, "graph-b": 100, "graph-c": 200, "kernels-d": 50})
    prune_entries(tmp_path, "graph-*", 250_000)
    assert list_entries(tmp_path) == {"graph-a", "graph-c", "kernels-d"}
    load_or_make(tmp_path / "graph-c", never)  # Now it is the one that was used last.
    prune_entries(tmp_path, "graph-*", 10)
    assert list_entries(tmp_path) == {"graph-c", "kernels-d"}, "the last one stays, whatever its size"
    assert load_or_make(tmp_path / "graph-b", make_numbers).made_now


def test_an_entry_that_is_in_use_is_not_pruned(tmp_path: Path) -> None:
    make_entries(tmp_path, a=100, b=200)
    with FileLock(tmp_path / "a.lock"):
        prune_entries(tmp_path, "*", 10)
        assert list_entries(tmp_path) == {"a", "b"}
    prune_entries(tmp_path, "*", 10)
    assert list_entries(tmp_path) == {"b"}


def test_an_entry_in_use_is_not_removed_until_its_process_exits(tmp_path: Path) -> None:
    folder = tmp_path / "key"
    script = (
        "import sys; from pathlib import Path; from bench.system.cache_entry import load_or_make\n"
        "load_or_make(Path(sys.argv[1]), lambda draft: {}); print('used', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT, **pipes)
    assert process.stdout.readline() == "used\n"
    assert is_used(folder)
    assert not remove_entry(folder)
    assert read_entry(folder)
    process.communicate()
    assert remove_entry(folder)
    assert not list(tmp_path.iterdir())


def test_facts_come_back_as_json_keeps_them(tmp_path: Path) -> None:
    for _ in range(2):
        assert load_or_make(tmp_path / "key", lambda draft: {"shape": (1, 2)}).facts == {"shape": [1, 2]}


def test_the_draft_of_a_process_that_is_writing_is_not_pruned(tmp_path: Path) -> None:
    make_entries(tmp_path, a=200)
    draft = tmp_path / "b.draft-x"
    shutil.copytree(tmp_path / "a", draft)
    os.utime(draft / ENTRY_FILE, (100, 100))
    with FileLock(tmp_path / "b.lock"):
        prune_entries(tmp_path, "*", 10)
    assert list_entries(tmp_path) == {"a", "b.draft-x"}


PRUNE_SCRIPT = """
import sys
from pathlib import Path
from bench.system.cache_entry import load_or_make, prune_entries
folder, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
is_pruning = sys.stdin.readline()
for number in range(60):
    load_or_make(folder / f"graph-{name}-{number}", lambda draft: {"bytes": (draft / "a.bin").write_bytes(bytes(1000))})
    if is_pruning:
        prune_entries(folder, "graph-*", 5_000)
"""


def test_two_processes_make_and_prune_at_the_same_time(tmp_path: Path) -> None:
    # Not in this process, which would use the entries until it exits.
    subprocess.run(
        [sys.executable, "-c", PRUNE_SCRIPT, str(tmp_path), "old"], cwd=ROOT, input="", text=True, check=True
    )
    assert len(list_entries(tmp_path)) == 60
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [
        subprocess.Popen([sys.executable, "-c", PRUNE_SCRIPT, str(tmp_path), name], cwd=ROOT, **pipes) for name in "ab"
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert errors == ["", ""]
    prune_entries(tmp_path, "graph-*", 5_000)
    entries = list_entries(tmp_path)
    assert 1 <= len(entries) <= 5
    assert all(read_entry(tmp_path / name) for name in entries)
