"""An arm as the race sees it: a worker under its supervisor, and the pipes between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from bench import protocol
from bench.plan import Plan
from bench.values import Failure, Side

ROOT = Path(__file__).resolve().parent.parent
LOG_TAIL = 40
"""Lines of an arm's log that stand beside a failure."""
TIES = {"OMP_PROC_BIND", "OMP_PLACES", "KMP_AFFINITY", "GOMP_CPU_AFFINITY"}
END_S = 6.0
"""Longest wait for a supervisor to sweep; it gives up by itself before."""


class BrokenArm(Exception):
    """An arm that cannot go on, and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


class ArmProcess:
    """One arm: started, asked, listened to and ended. Never blocks but in `end`."""

    def __init__(self, side: Side, plan: Plan, cores: list[int], folder: Path) -> None:
        self.side, self.plan, self.cores = side, plan, cores
        self.folder = folder
        self.scratch = folder / "scratch"
        self.log = folder / "log"
        self.pid = 0
        self._unread = b""
        self._supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.scratch.mkdir(parents=True)
        request_reader, self._requests = os.pipe()
        self._replies, reply_writer = os.pipe()
        os.set_blocking(self._replies, False)
        passed = (request_reader, reply_writer)
        names = ",".join(str(descriptor) for descriptor in passed)
        worker = [sys.executable, "-m", "bench.worker", *map(str, passed)]
        with self.log.open("wb") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "bench.supervisor", ",".join(map(str, self.cores)), *worker],
                cwd=ROOT,
                env=environment(self.plan, self.side, len(self.cores)) | {"FAIRLAP_PASS": names},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=passed,
                start_new_session=True,
            )
        for descriptor in passed:
            os.close(descriptor)

    @property
    def supervisor_pid(self) -> int:
        return self._supervisor.pid if self._supervisor else 0

    def fileno(self) -> int:
        """Readable when the worker has said something, or has ended."""
        return self._replies

    def ask(self, request: protocol.Request) -> None:
        """Send `request`; its answer comes through `replies`."""
        if self._supervisor is None:
            raise self.broken("has ended", "See what was said of it before.")
        data = request.model_dump_json().encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except BrokenPipeError as error:
            raise self.ended() from error

    def replies(self) -> list[protocol.Reply]:
        """What the worker has said since the last call. Raises BrokenArm where it has ended or speaks nonsense."""
        while True:
            try:
                data = os.read(self._replies, 1 << 20)
            except BlockingIOError:
                break
            if not data:
                raise self.ended()
            self._unread += data
            if len(self._unread) > protocol.LONGEST_LINE:
                raise self.broken("answered with a line longer than the protocol allows", "The workload is at fault.")
            if self._unread.endswith(b"\n"):
                break
        *lines, self._unread = self._unread.split(b"\n")
        try:
            return [protocol.replies.validate_json(line) for line in lines]
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise self.broken(
                f"said something that is not in the protocol ({first})",
                "Something in the worker writes to the pipe of the measurement; see its log.",
            ) from error

    def end(self) -> str:
        """End the arm and everything it started; how it ended, in words, where that was not by our will."""
        if self._supervisor is None:
            return ""
        for descriptor in (self._requests, self._replies):
            os.close(descriptor)
        assert self._supervisor.stdin and self._supervisor.stdout
        self._supervisor.stdin.close()
        try:
            self._supervisor.wait(END_S)
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

    def ended(self) -> BrokenArm:
        """The failure of an arm whose pipe has closed."""
        how = self.end()
        killed = "SIGKILL" in how
        remedy = (
            "Something outside killed it: the out-of-memory killer, or a person. Free memory, or ask for less work."
            if killed
            else "Its log says why; run the same command line in a terminal to see all of it."
        )
        return self.broken(f"ended in the middle of its work: {how}", remedy)

    def broken(self, what: str, remedy: str) -> BrokenArm:
        lever = self.plan.declaration.lever[getattr(self.plan, self.side)]
        return BrokenArm(
            Failure(
                what=f"The {self.side} arm ({lever.label}) {what}.", remedy=remedy, side=self.side, log=self.log_tail()
            )
        )

    def log_tail(self) -> list[str]:
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 64 * 1024))
            return log.read().decode(errors="replace").splitlines()[-LOG_TAIL:]


def environment(plan: Plan, side: Side, cores: int) -> Mapping[str, str]:
    """The worker's environment: as many threads as cores in every pool, waiting passively, and the lever's own.

    A pool that waits by spinning would use the cores of the arm whose turn it is.
    """
    threads = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "LOKY_MAX_CPU_COUNT",
    )
    passive = {
        "OMP_DYNAMIC": "FALSE",
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "GOMP_SPINCOUNT": "0",
        "OPENBLAS_THREAD_TIMEOUT": "4",
        "MKL_DYNAMIC": "FALSE",
    }
    lever = plan.declaration.lever[getattr(plan, side)]
    # Where a user has tied threads to cores for other programs, both arms would be tied alike, and to the wrong ones.
    inherited = {name: value for name, value in os.environ.items() if name not in TIES}
    fixed = {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "", "TF_CPP_MIN_LOG_LEVEL": "1"}
    return inherited | dict.fromkeys(threads, str(cores)) | passive | fixed | dict(lever.environment)
