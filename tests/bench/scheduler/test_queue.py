"""The machine's queue: first come first served, across processes; the dead are not waited for."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from bench.paths import ROOT
from bench.run.job import JobKind
from bench.scheduler.queue import Queue

HOLDER_SCRIPT = """
import sys, time
from bench.scheduler.queue import Queue
queue = Queue()
ticket = queue.enter(
    job_id='other', kind='race', workload='trial', title='Trial', origin='command line', requester='me'
)
lock = queue.take_machine()
print('ready' if lock is not None else 'refused', flush=True)
time.sleep(60)
"""


def enter_queue(queue: Queue, job_id: str):
    return queue.enter(
        job_id=job_id, kind=JobKind.RACE, workload="trial", title="Trial", origin="command line", requester="me"
    )


def start_holder() -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", HOLDER_SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_tickets_are_served_in_the_order_in_which_they_were_drawn():
    queue = Queue()
    tickets = [enter_queue(queue, name) for name in "abc"]
    assert [entry.job_id for entry in queue.entries()] == ["a", "b", "c"]
    assert [ticket.place() for ticket in tickets] == [0, 1, 2]
    tickets[0].leave()
    assert [ticket.place() for ticket in tickets[1:]] == [0, 1]


def test_what_is_no_ticket_keeps_nobody_waiting():
    queue = Queue()
    ticket = enter_queue(queue, "mine")
    (queue.folder / "0-bad.ticket").write_text("no JSON")
    os.mkfifo(queue.folder / "1-fifo.ticket")
    (queue.folder / "2-link.ticket").symlink_to("/etc/passwd")
    assert ticket.place() == 0
    assert [entry.job_id for entry in queue.entries()] == ["mine"]


def test_a_link_in_the_shared_folder_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    secret.chmod(0o600)
    queue = Queue()
    (queue.folder / "machine.lock").symlink_to(secret)
    with pytest.raises(OSError):
        queue.take_machine()
    assert secret.stat().st_mode & 0o777 == 0o600


def test_the_machine_is_held_by_one_and_freed_when_its_descriptor_closes():
    queue = Queue()
    lock = queue.take_machine()
    assert lock is not None
    assert Queue().take_machine() is None
    os.close(lock)
    again = queue.take_machine()
    assert again is not None
    os.close(again)


def test_another_process_stands_in_the_same_queue_and_its_death_frees_its_place():
    other = start_holder()
    try:
        queue = Queue()
        ticket = enter_queue(queue, "mine")
        assert [entry.job_id for entry in queue.entries()] == ["other", "mine"]
        assert queue.entries()[0].pid == other.pid
        assert ticket.place() == 1
        assert queue.take_machine() is None
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        other.stdout.close()
    assert ticket.place() == 0
    lock = queue.take_machine()
    assert lock is not None
    os.close(lock)
    assert not [path for path in queue.folder.iterdir() if "other" in path.name]


def test_with_the_clock_set_back_a_newcomer_does_not_overtake(monkeypatch):
    queue = Queue()
    enter_queue(queue, "first")
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() - 3_600_000_000_000)
    tickets = [enter_queue(queue, name) for name in ("second", "third")]
    assert [entry.job_id for entry in queue.entries()] == ["first", "second", "third"]
    assert [ticket.place() for ticket in tickets] == [1, 2]


NO_LOCKS_SOURCE = """
#include <errno.h>
int flock(int descriptor, int operation) { errno = ENOLCK; return -1; }
"""
NO_LOCKS_SCRIPT = """
import sys
from bench.run.journal import JournalWriter
from bench.run.files import journal_path
from bench.storage.temp_folder import TempFolder
from bench.scheduler.queue import Queue
queue = Queue()
def enter():
    queue.enter(job_id='mine', kind='race', workload='trial', title='Trial', origin='page', requester='me')
for action in (enter, queue.take_machine, lambda: JournalWriter(journal_path('0' * 32)), TempFolder):
    try:
        action()
    except OSError as error:
        print(error)
"""


def test_without_locks_nothing_is_left_and_the_message_says_what_to_do(home, tmp_path):
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("gcc is not installed; the test needs it to make a file system without locks")
    library = tmp_path / "no_locks.so"
    (tmp_path / "no_locks.c").write_text(NO_LOCKS_SOURCE)
    subprocess.run([gcc, "-shared", "-fPIC", "-o", library, tmp_path / "no_locks.c"], check=True)
    environment = os.environ | {"LD_PRELOAD": str(library)}
    done = subprocess.run(
        [sys.executable, "-c", NO_LOCKS_SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all("has no file locks (No locks available)" in line for line in lines)
    assert all("Set FAIRLAP_QUEUE to a folder on a local disk" in line for line in lines[:2])
    assert all("Set FAIRLAP_HOME to a folder on a local disk" in line for line in lines[2:])
    assert not list((home / "live").iterdir())
    assert {path.suffix for path in Queue().folder.iterdir()} == {".lock"}
