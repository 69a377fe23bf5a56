"""A process under its supervisor, spoken with by lines over two pipes of their own; what it prints is its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import paths
from bench.plan.plan import Plan

LOG_TAIL_LINES = 40
"""Lines of a log that stand beside a failure."""
MAX_SUPERVISOR_EXIT_S = 6.0
"""Longest wait for a supervisor to sweep; it gives up by itself before."""
MAX_LINE_BYTES = 64 * 1024 * 1024
"""Bytes; pictures travel in lines."""


class ProcessEnded(Exception):
    """The process has closed its pipe: it has ended, or is about to."""


class LineTooLong(Exception):
    """The process said more without an end of line than any answer is long."""


class SupervisedProcess:
    """`python -m MODULE`, which finds the descriptors of its requests and replies as its two arguments."""

    def __init__(self, module: str, cores: Sequence[int], environment: Mapping[str, str], log: Path) -> None:
        """Start it on `cores`. `log` is written anew."""
        self.log = log
        self._unread = b""
        request_reader, self._requests = os.pipe()
        self._replies, reply_writer = os.pipe()
        os.set_blocking(self._replies, False)
        passed = (request_reader, reply_writer)
        command = [sys.executable, "-m", module, *map(str, passed)]
        with self.log.open("wb") as out:
            self._supervisor: subprocess.Popen[bytes] | None = subprocess.Popen(
                [sys.executable, "-m", "bench.system.supervisor", ",".join(map(str, cores)), *command],
                cwd=paths.ROOT,
                env=dict(environment) | {"FAIRLAP_PASS": ",".join(map(str, passed))},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                pass_fds=passed,
                start_new_session=True,
            )
        for descriptor in passed:
            os.close(descriptor)

    @property
    def supervisor_pid(self) -> int:
        return self._supervisor.pid if self._supervisor else 0

    @property
    def ended(self) -> bool:
        """Whether `end` was called."""
        return self._supervisor is None

    def fileno(self) -> int:
        """Readable when the process has said something, or has ended."""
        return self._replies

    def send(self, line: bytes) -> None:
        """Send one request. Raises Ended where nobody reads it."""
        data = line + b"\n"
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except BrokenPipeError as error:
            raise ProcessEnded from error

    def lines(self) -> list[bytes]:
        """What it has said since the last call; never waits. Raises Ended and LineTooLong."""
        while True:
            try:
                data = os.read(self._replies, 1 << 20)
            except BlockingIOError:
                break
            if not data:
                raise ProcessEnded
            self._unread += data
            if len(self._unread) > MAX_LINE_BYTES:
                raise LineTooLong
            if self._unread.endswith(b"\n"):
                break
        *lines, self._unread = self._unread.split(b"\n")
        return lines

    def end(self) -> str:
        """End it and everything it started; how it ended, in words."""
        if self._supervisor is None:
            return ""
        for descriptor in (self._requests, self._replies):
            os.close(descriptor)
        assert self._supervisor.stdin and self._supervisor.stdout
        self._supervisor.stdin.close()
        try:
            self._supervisor.wait(MAX_SUPERVISOR_EXIT_S)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        with self._supervisor.stdout as stdout:
            last_words = stdout.read()
        self._supervisor = None
        try:
            told = json.loads(last_words)
            status, left = told["status"], told["left"]
        except (ValueError, KeyError):
            return "its supervisor was killed"
        if left:
            return f"{left} of its processes cannot be ended, and may still run"
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it exited with status {status}"

    def log_tail(self) -> list[str]:
        """The last lines that it printed."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 64 * 1024))
            return log.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]


def make_work_fields(plan: Plan, cores: list[int], scratch: Path) -> dict[str, Any]:
    """The fields of `protocol.Work` for a process on `cores` that works by `plan` in the folder `scratch`."""
    return {
        "case": plan.case,
        "baseline": plan.baseline,
        "accelerated": plan.accelerated,
        "cores": cores,
        "batch": plan.batch,
        "parameters": plan.parameters,
        "seed": plan.seed,
        "scratch": str(scratch),
        "uploads": str(paths.uploads()),
        "cache": str(paths.cache()),
    }


def exit_remedy(how: str) -> str:
    """What to do about a process that ended unasked, by how it ended."""
    if "SIGKILL" in how:
        return "Something outside killed it: the out-of-memory killer, or a person. Free memory, or ask for less work."
    return "Its log says why; run the same command line in a terminal to see all of it."
