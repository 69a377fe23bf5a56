"""A process that exchanges lines over two pipes, under a supervisor that ends its whole tree."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import paths
from bench.machine.exhaustion import find_exhaustion, read_limit_counters
from bench.plan.plan import Plan

LOG_TAIL_LINES = 40
"""Number of lines of a log that are shown with a failure."""
MAX_SUPERVISOR_EXIT_S = 6.0
"""Longest wait for a supervisor to end its processes; it gives up by itself before that."""
MAX_EXIT_S = 3.0
"""Longest wait for a process to exit after it has closed its pipe."""
MAX_LINE_BYTES = 64 * 1024 * 1024
"""Longest line that a process may send. Pictures are sent in lines."""


class ProcessEnded(Exception):
    """The process has closed its pipe: it has exited, or is about to."""


class LineTooLong(Exception):
    """The process sent more than `MAX_LINE_BYTES` without an end of line."""


class SupervisedProcess:
    """`python -m MODULE REQUESTS REPLIES`, with the descriptors of its two pipes."""

    def __init__(self, module: str, cores: Sequence[int], environment: Mapping[str, str], log: Path) -> None:
        """Start it on `cores`, the ids of logical processors. `log` is overwritten. Raises OSError."""
        self.log = log
        self._unread = b""
        self._counters = read_limit_counters()
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
        """Descriptor that becomes readable when the process has sent something or has exited, for `select`."""
        return self._replies

    def send(self, line: bytes) -> None:
        """Send one request. Raises ProcessEnded if the process has exited."""
        data = line + b"\n"
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except BrokenPipeError as error:
            raise ProcessEnded from error

    def lines(self) -> list[bytes]:
        """The lines that have arrived since the last call; never blocks. Raises ProcessEnded and LineTooLong."""
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
        """End the process and all its descendants. Returns how the process ended, as text."""
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
            report = stdout.read()
        exit_code = self._supervisor.returncode
        self._supervisor = None
        try:
            fields = json.loads(report)
            status, left = fields["status"], fields["left"]
        except (ValueError, KeyError):
            return "its supervisor was killed" if exit_code < 0 else f"its supervisor exited with status {exit_code}"
        if left:
            return f"{left} of its processes could not be ended and may still run"
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it exited with status {status}"

    def end_exiting(self) -> str:
        """End a process that has closed its pipe. It gets a moment to exit by itself, so that its own status is
        returned, and not that it was ended here."""
        if self._supervisor is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(MAX_EXIT_S)
        return self.end()

    def explain_exit(self, how: str) -> str:
        """What to do about a process that exited by itself, and why it did if that can be found out; `how` is the text
        from `end_exiting`."""
        if exhausted := self.explain_exhaustion():
            return exhausted
        if "SIGKILL" in how:
            return (
                "It was killed from outside: by a person or a program, or by the out-of-memory killer of the whole "
                "machine. Free memory, or choose less work."
            )
        return "Its log shows why; run the same command line in a terminal to see the whole log."

    def explain_exhaustion(self, what: str = "") -> str:
        """What ran out while the process worked, and what to do; empty if nothing did. `what` is its own message."""
        found = find_exhaustion(self.log.parent, self._counters, [*self.log_tail(), what])
        return f"{found.what[0].upper()}{found.what[1:]}. {found.remedy}" if found else ""

    def log_tail(self) -> list[str]:
        """The last lines that the process printed."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 64 * 1024))
            return log.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]


def make_work_fields(plan: Plan, cores: list[int], scratch: Path) -> dict[str, Any]:
    """The fields of `protocol.WorkRequest` for a process on `cores`, with the settings of `plan`."""
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
