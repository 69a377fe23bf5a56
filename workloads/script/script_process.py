"""Runs a script as a process, with limits on its time and on what is kept of its output."""

from __future__ import annotations

import hashlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.system.process_tree import end_descendants, list_descendants
from bench.workload.interface import BadInput
from workloads.script.printed_output import LeftOut, make_left_out_note
from workloads.script.script_call import ScriptCall

MAX_KEPT_BYTES = 64 * 1024
"""Of each stream, so much of its beginning and as much of its end is kept, if the caller asks for no more."""
READ_BYTES = 1 << 16
WAIT_INTERVAL_S = 1.0
"""How often `on_wait` is called."""
LEFT_GRACE_S = 1.0
"""How long processes that the script has left may take to exit by themselves before they are ended."""
MAX_SHOWN_LINES = 5


class KeptOutput:
    """The beginning and the end of a stream, each of at most `end_bytes`, and a digest of what is between them."""

    def __init__(self, end_bytes: int = MAX_KEPT_BYTES) -> None:
        self.size = 0
        self._end_bytes = end_bytes
        self._head, self._tail = bytearray(), bytearray()
        self._left_out = hashlib.sha256()

    def add(self, data: bytes) -> None:
        self.size += len(data)
        room = self._end_bytes - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._end_bytes:
            self._shorten_tail()

    def _shorten_tail(self) -> None:
        excess = len(self._tail) - self._end_bytes
        if excess > 0:
            self._left_out.update(bytes(self._tail[:excess]))
            del self._tail[:excess]

    @property
    def left_out(self) -> LeftOut | None:
        self._shorten_tail()
        size_bytes = self.size - len(self._head) - len(self._tail)
        return LeftOut(size_bytes, self._left_out.hexdigest()) if size_bytes else None

    @property
    def text(self) -> str:
        """What was printed; if it was much, a note takes the place of its middle."""
        left_out = self.left_out
        if left_out is None:
            return bytes(self._head + self._tail).decode(errors="replace")
        head, tail = (bytes(end).decode(errors="replace") for end in (self._head, self._tail))
        return f"{head}\n{make_left_out_note(left_out.size_bytes)}\n{tail}"


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """One run of a script that has ended."""

    pid: int
    seconds: float
    """From start to exit."""
    status: int
    """Exit status; negative for the signal that ended it."""
    timed_out: bool
    stdout: str
    stderr: str
    left: int
    """Number of processes that the script had left, and that were ended."""
    left_out: LeftOut | None = None
    """The middle of the standard output, if `stdout` does not have it."""

    @property
    def failed(self) -> bool:
        return self.timed_out or self.status != 0


def run_script(
    command: list[str],
    call: ScriptCall,
    environment: Mapping[str, str],
    on_wait: Callable[[float], None] = lambda seconds: None,
    end_bytes: int = MAX_KEPT_BYTES,
) -> ScriptRun:
    """Run `command` in the script's folder until it exits, or until its time limit: then it is killed.

    Standard input is empty. `on_wait` is called again and again with the seconds since the start. `end_bytes` of the
    beginning and as much of the end of the standard output are kept. No process of the
    script is left. The caller must have adopted orphans (`bench.system.prctl.adopt_orphans`) and must have no other
    child. Raises OSError if the process cannot be started.
    """
    process = ScriptProcess(command, call, environment, on_wait, end_bytes)
    try:
        process.run_to_exit()
    finally:
        process.clean_up()
    return process.make_result()


class ScriptProcess:
    """One run of a script in the parts that are timed and that are not. See `run_script`."""

    def __init__(
        self,
        command: list[str],
        call: ScriptCall,
        environment: Mapping[str, str],
        on_wait: Callable[[float], None] = lambda seconds: None,
        end_bytes: int = MAX_KEPT_BYTES,
    ) -> None:
        self._command, self._call, self._environment, self._on_wait = command, call, environment, on_wait
        self._outputs = KeptOutput(end_bytes), KeptOutput()
        self._process: subprocess.Popen[bytes] | None = None
        self._seconds: float | None = None
        self._status = self._left = 0
        self._timed_out = False

    def run_to_exit(self) -> None:
        """Start the script and wait for its exit, or kill it after its time limit. This is what a race times.

        The caller must call `clean_up` in any case. Raises OSError if the process cannot be started.
        """
        start = time.perf_counter()
        process = self._process = subprocess.Popen(
            self._command,
            cwd=self._call.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        exit_descriptor = os.pidfd_open(process.pid)
        try:
            seconds = _read_until_exit(
                process, exit_descriptor, self._outputs, start, self._call.limit_s, self._on_wait
            )
        finally:
            os.close(exit_descriptor)
        self._timed_out = seconds is None
        if self._timed_out:
            process.kill()
        # Part of the run, because the CPU time of a child counts once it has been waited for.
        self._status = process.wait()
        self._seconds = time.perf_counter() - start if seconds is None else seconds

    def clean_up(self) -> None:
        """End what is left of the script, and read the rest of its output. May take `LEFT_GRACE_S`."""
        process = self._process
        if process is None:
            return
        # A person may have stopped the job, or a reader may have failed.
        if process.poll() is None:
            process.kill()
            process.wait()
        self._left = _end_left_processes()
        assert process.stdout and process.stderr
        for stream, output in zip((process.stdout, process.stderr), self._outputs, strict=True):
            _drain(stream.fileno(), output)
            stream.close()

    def make_result(self) -> ScriptRun:
        """After `run_to_exit` and `clean_up`."""
        assert self._process is not None and self._seconds is not None
        output, errors = self._outputs
        return ScriptRun(
            self._process.pid,
            self._seconds,
            self._status,
            self._timed_out,
            output.text,
            errors.text,
            self._left,
            output.left_out,
        )


def _read_until_exit(
    process: subprocess.Popen[bytes],
    exit_descriptor: int,
    outputs: tuple[KeptOutput, KeptOutput],
    start: float,
    limit_s: float,
    on_wait: Callable[[float], None],
) -> float | None:
    """Seconds until the process exited; None if it did not within the limit."""
    assert process.stdout and process.stderr
    with selectors.DefaultSelector() as selector:
        selector.register(exit_descriptor, selectors.EVENT_READ)
        for stream, output in zip((process.stdout, process.stderr), outputs, strict=True):
            os.set_blocking(stream.fileno(), False)
            selector.register(stream.fileno(), selectors.EVENT_READ, output)
        next_call_s = WAIT_INTERVAL_S
        while (elapsed_s := time.perf_counter() - start) < limit_s:
            if elapsed_s >= next_call_s:
                on_wait(elapsed_s)
                next_call_s = elapsed_s + WAIT_INTERVAL_S
            ready = selector.select(min(WAIT_INTERVAL_S, limit_s - elapsed_s))
            if any(key.data is None for key, _ in ready):
                return time.perf_counter() - start
            for key, _ in ready:
                data = os.read(key.fd, READ_BYTES)
                if data:
                    key.data.add(data)
                else:
                    selector.unregister(key.fd)
    return None


def _drain(descriptor: int, output: KeptOutput) -> None:
    """Read what is in the pipe. A process that still holds its other end does not delay that."""
    try:
        while data := os.read(descriptor, READ_BYTES):
            output.add(data)
    except BlockingIOError:
        return


def _end_left_processes() -> int:
    """End what the script has left; returns how many processes did not exit by themselves."""
    own = os.getpid()
    deadline = time.monotonic() + LEFT_GRACE_S
    while list_descendants(own) and time.monotonic() < deadline:
        try:
            # Reaps an orphan of the script that has exited.
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        time.sleep(0.002)
    left = len(list_descendants(own))
    end_descendants()
    return left


def require_success(run: ScriptRun, call: ScriptCall, *, patched: bool, ran_before: bool = False) -> None:
    """Raise BadInput if the run failed. The message has the end of what the script printed to standard error.

    `ran_before`: whether the same command succeeded before.
    """
    if not run.failed:
        return
    name = call.script.name
    what = f"{name}, run by python -m sklearnex," if patched else name
    tried = " ".join(["python", *(["-m", "sklearnex"] if patched else []), name, *call.arguments])
    remedy = f"Run it in a terminal: cd {call.folder} && {tried}"
    if ran_before:
        remedy = "It ran before and fails when it is run again: it may change its own input. Run it twice in a "
        remedy += f"terminal: cd {call.folder} && {tried}"
    elif patched:
        remedy = f"The stock script ran. {remedy}"
    if run.timed_out:
        raise BadInput(
            f"{what} did not end within {call.limit_s:g} s and was ended",
            "Allow it a longer time limit (--limit), or make it do less.",
        )
    if run.status < 0:
        raise BadInput(f"{what} was ended by {signal.Signals(-run.status).name}{_quote_end(run)}", remedy)
    last = _last_lines(run)
    if ran_before:
        raise BadInput(f"{what} failed with exit status {run.status}{_quote_end(run)}", remedy)
    if last and last[-1].startswith(("ModuleNotFoundError", "ImportError")):
        remedy = "It runs in Fairlap's own environment: install what it imports there, with pip install."
    elif last and last[-1].startswith("EOFError"):
        remedy = "Standard input is empty: give the script its input as arguments or files."
    elif run.status == 2 and not patched and any(line.startswith("usage:") for line in run.stderr.splitlines()):
        remedy = (
            "Give its arguments: on the page in the field Arguments, on the command line after its name: python -m "
        )
        remedy += f"bench profile {name} ARGUMENT …"
    raise BadInput(f"{what} failed with exit status {run.status}{_quote_end(run)}", remedy)


def _last_lines(run: ScriptRun) -> list[str]:
    return [line for line in run.stderr.splitlines() if line.strip()][-MAX_SHOWN_LINES:]


def _quote_end(run: ScriptRun) -> str:
    last = _last_lines(run)
    return f": {last[-1].strip()}" if last else " and printed nothing to standard error"


def describe_left(run: ScriptRun) -> str:
    """What the script left running; empty if nothing."""
    if not run.left:
        return ""
    return (
        "The script left 1 process, which was ended."
        if run.left == 1
        else (f"The script left {run.left:,} processes, which were ended.")
    )
