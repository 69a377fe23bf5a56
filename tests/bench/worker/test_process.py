"""How a worker ended, and what it says if its log cannot be written."""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import sys

import pytest

from bench.worker.channel import make_error_reply
from bench.worker.process import ProcessEnded, SupervisedProcess


def test_a_process_that_takes_a_moment_to_exit_is_not_said_to_be_killed(tmp_path):
    process = SupervisedProcess("tests.support.slow_exit", [], os.environ, tmp_path / "log")
    try:
        select.select([process], [], [], 60)
        with pytest.raises(ProcessEnded):
            process.lines()
        assert process.end_exiting() == "it exited with status 3"
    finally:
        process.end()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({"PYTHONHOME": "/nowhere"}, "its supervisor exited with status 1"), ({}, "its supervisor was killed")],
    ids=["failed", "killed"],
)
def test_a_supervisor_that_failed_is_not_said_to_be_killed(tmp_path, environment, expected):
    """As it fails if a limit of processes lets it start no other."""
    process = SupervisedProcess("tests.support.slow_exit", [], os.environ | environment, tmp_path / "log")
    if not environment:
        os.kill(process.supervisor_pid, signal.SIGKILL)
    try:
        assert process.end_exiting() == expected
    finally:
        process.end()


class FullDisk(io.TextIOBase):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_is_replied_also_if_the_disk_of_the_log_is_full(monkeypatch):
    monkeypatch.setattr(sys, "stderr", FullDisk())
    reply = make_error_reply(OSError(errno.ENOSPC, "No space left on device"))
    assert reply.what == "OSError: [Errno 28] No space left on device"
