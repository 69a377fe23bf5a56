"""Faults of the machine end in a sentence that says what happened and what to do, with the right exit status."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.storage.store import Store
from tests.support.command_line import call_main
from tests.support.processes import wait_until_gone

QUICK_RUN = ("run", "trial", "--cores", "1", "--budget", "2", "--target", "0")
PIDS_ROOT = Path("/sys/fs/cgroup/pids")


def run_command(
    *words: str, start: Callable[[], None] | None = None, **environment: str
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=start,
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 160 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_called_one_and_what_was_measured_is_stored_once_there_is_space(small_disk):
    full = run_command(*QUICK_RUN, FAIRLAP_HOME=str(small_disk))
    assert full.returncode == 4, full.stderr
    last = full.stderr.strip().splitlines()[-1]
    assert "no space left on its disk" in last and "python -m bench clean" in last and "waits in" in last
    assert "out-of-memory" not in full.stdout + full.stderr and "Traceback" not in full.stderr
    assert not wait_until_gone(small_disk)
    (journal,) = (small_disk / "live").iterdir()
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    shown = run_command("show", FAIRLAP_HOME=str(small_disk))
    assert shown.returncode == 0, shown.stderr
    assert journal.stem[:8] in shown.stdout
    assert not list((small_disk / "live").iterdir())


def test_clean_frees_a_full_disk_without_the_database(small_disk, monkeypatch, capsys):
    left = small_disk / "live" / ("7" * 32 + ".error")
    upload = small_disk / "uploads" / ("a" * 64)
    for path in (left, upload):
        path.parent.mkdir()
        path.write_text("x" * 5000)
        os.utime(path, (1, 1))
    for folder in ("cache", "queue"):
        (small_disk / folder).mkdir()
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
        while True:
            ballast.write(b"x" * 4096)
    monkeypatch.setenv("FAIRLAP_HOME", str(small_disk))
    assert call_main("clean") == 4
    assert "add --apply" in capsys.readouterr().out
    applied = run_command("clean", "--apply")
    assert applied.returncode == 4 and "1 item removed" in applied.stdout
    assert "No job was stored, and all uploads stay" in applied.stderr and "no space left" in applied.stderr
    assert not left.exists() and upload.exists()


def test_clean_says_what_it_removed_if_the_database_is_busy(home, monkeypatch, capsys):
    monkeypatch.setattr("bench.storage.database.MAX_LOCK_WAIT_MS", 100)
    store = Store()
    left = home / "live" / ("7" * 32 + ".error")
    left.parent.mkdir(exist_ok=True)
    left.write_text("x")
    os.utime(left, (1, 1))
    connection = sqlite3.connect(home / "runs.sqlite3", isolation_level=None)
    connection.execute("CREATE TABLE filler (content)")
    connection.execute("INSERT INTO filler VALUES (zeroblob(3000000))")
    connection.execute("DROP TABLE filler")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO fairlap_pictures VALUES ('x', 'x')")
    try:
        assert call_main("clean", "--apply") == 4
    finally:
        connection.close()
        store.close()
    told = capsys.readouterr()
    assert "1 item removed" in told.out and not left.exists()
    assert "The unused pages of the database were not given back" in told.err


@pytest.mark.parametrize("words", [QUICK_RUN, ("show",), ("clean",)], ids=["run", "show", "clean"])
@pytest.mark.parametrize("variable", ["FAIRLAP_HOME", "FAIRLAP_QUEUE"])
def test_a_folder_that_cannot_be_made_exits_with_4(tmp_path, monkeypatch, capsys, words, variable):
    if variable == "FAIRLAP_QUEUE" and words is not QUICK_RUN:
        pytest.skip("only jobs need the queue")
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv(variable, str(tmp_path / "file" / "folder"))
    assert call_main(*words) == 4
    told = capsys.readouterr().err
    assert "cannot be created: Not a directory" in told and f"set {variable} to another folder" in told
    assert "Errno" not in told


def test_a_home_on_a_read_only_disk_exits_with_4(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = run_command(*QUICK_RUN, FAIRLAP_HOME=str(small_disk))
    assert result.returncode == 4
    assert "cannot be opened for writing" in result.stderr and "FAIRLAP_DATABASE" in result.stderr


def test_a_damaged_database_is_called_damaged_and_left_as_it_is(home, capsys):
    home.mkdir()
    file = home / "runs.sqlite3"
    file.write_bytes(b"not a database" * 1000)
    before = file.read_bytes()
    assert call_main("show") == 4
    told = capsys.readouterr().err
    assert "is damaged: file is not a database" in told
    assert "Restore the file from a backup" in told and "free" not in told
    assert file.read_bytes() == before


def test_a_limit_of_processes_is_called_one(home):
    group = PIDS_ROOT / f"fairlap-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "pids.max").write_text("8")
    except OSError as error:
        pytest.skip(f"a control group with a limit of processes cannot be made: {error}")
    try:
        result = run_command(*QUICK_RUN, start=lambda: (group / "cgroup.procs").write_text(str(os.getpid())) and None)
    finally:
        group.rmdir()
    assert result.returncode == 1
    assert "limit on the number of processes and threads (8 in its control group" in result.stdout
    assert "pids.max" in result.stdout and "out-of-memory" not in result.stdout
    assert Store().rows()[0].state == "failed"
    assert not wait_until_gone(home)


@pytest.fixture
def result_file(tmp_path: Path) -> Path:
    file = tmp_path / "result.json"
    file.write_text("an earlier result")
    file.chmod(0o640)
    return file


def test_a_json_file_is_replaced_whole_and_keeps_its_mode(result_file):
    link = result_file.with_name("link.json")
    link.symlink_to(result_file)
    assert run_command(*QUICK_RUN, "--json", str(link)).returncode == 0
    assert json.loads(result_file.read_text())["state"] == "finished"
    assert result_file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert {path.name for path in result_file.parent.glob("*.json*")} == {"result.json", "link.json"}


def test_a_json_file_keeps_its_content_if_the_run_is_lost(result_file, tmp_path):
    (tmp_path / "file").write_text("x")
    lost = run_command(*QUICK_RUN, "--json", str(result_file), FAIRLAP_HOME=str(tmp_path / "file" / "x"))
    assert lost.returncode == 4
    assert result_file.read_text() == "an earlier result"
    new = tmp_path / "new.json"
    run_command(*QUICK_RUN, "--json", str(new), FAIRLAP_HOME=str(tmp_path / "file" / "x"))
    assert not new.exists()


def test_a_json_file_on_a_full_disk_keeps_its_content_and_the_report_is_printed(small_disk):
    file = small_disk / "result.json"
    file.write_text("an earlier result")
    (small_disk / "ballast").write_bytes(b"x" * 140_000)
    result = run_command(*QUICK_RUN, "--json", str(file))
    assert result.returncode == 1
    assert "the disk is full" in result.stderr and "was not written and is as it was" in result.stderr
    run_id = Store().rows()[0].id
    assert f"python -m bench show {run_id[:8]} --json" in result.stderr
    assert "spin" in result.stdout
    assert file.read_text() == "an earlier result"
    assert {path.name for path in small_disk.iterdir()} == {"result.json", "ballast"}


def test_clean_lists_first_and_removes_with_apply(home, capsys):
    left = home / "live" / ("7" * 32 + ".error")
    left.parent.mkdir(parents=True)
    left.write_text("x" * 5000)
    os.utime(left, (1, 1))
    assert call_main("clean") == 0
    listed = capsys.readouterr().out
    assert str(left) in listed and "add --apply" in listed
    assert left.exists()
    assert call_main("clean", "--apply") == 0
    assert "1 item removed" in capsys.readouterr().out
    assert not left.exists()
    assert call_main("clean") == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert call_main("clean", "--older-than", "-1") == 2
