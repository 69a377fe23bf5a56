"""Calls one function in a process of its own, with limits of time and memory, and returns its answer.

The other side is `python -m bench.system.isolated_call ANSWER_FILE`: it reads the call from its standard input and
writes the answer to the file, both as JSON. Standard output belongs to the function.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from bench.paths import ROOT
from bench.system.prctl import die_with_parent

MAX_STDERR_CHARACTERS = 2000
"""Characters of the standard error of a failed process that its exception repeats."""


class IsolatedCallError(RuntimeError):
    """The call gave no answer; the message says why."""


class CallTimeout(IsolatedCallError):
    """The process was killed because it exceeded its time limit."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the process was stopped because it took longer than {limit_s:g} s")
        self.limit_s = limit_s


class CallExited(IsolatedCallError):
    """The process exited without an answer."""

    def __init__(self, status: int, stderr: str) -> None:
        self.status = status
        self.stderr = stderr.strip()[-MAX_STDERR_CHARACTERS:]
        last = self.stderr.rpartition("\n")[2] or "it printed no error"
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
        super().__init__(f"the process {how}: {last}")


class CallRaised(IsolatedCallError):
    """The function raised an exception."""

    def __init__(self, kind: str, what: str, remedy: str) -> None:
        super().__init__(f"{kind}: {what}")
        self.kind, self.what, self.remedy = kind, what, remedy


@dataclass(frozen=True, slots=True)
class CallResult:
    value: Any
    """What the function returned, as JSON types; pydantic models become dictionaries."""
    output: str
    """What the process printed to standard output."""


def call_isolated(
    function: str,
    *arguments: Any,
    limit_s: float,
    memory_limit_bytes: int | None = None,
    environment: Mapping[str, str] | None = None,
    niceness: int = 0,
) -> CallResult:
    """Call `function`, written as `module:name`, with `arguments` (JSON types) in a new process.

    `limit_s` is the longest time for all of it, the start of Python included. `memory_limit_bytes` limits the address
    space. `environment` replaces that of this process. `niceness` is added to that of this process. Raises
    IsolatedCallError, and OSError if the process could not be started.
    """
    call = {
        "function": function,
        "arguments": arguments,
        "memory_limit_bytes": memory_limit_bytes,
        "niceness": niceness,
    }
    with tempfile.TemporaryDirectory(prefix="fairlap-call-") as folder:
        answer_file = Path(folder) / "answer.json"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench.system.isolated_call", str(answer_file)],
                cwd=ROOT,
                env=environment,
                input=json.dumps(call),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired as error:
            raise CallTimeout(limit_s) from error
        try:
            answer = json.loads(answer_file.read_text())
        except (FileNotFoundError, ValueError) as error:
            raise CallExited(done.returncode, done.stderr) from error
    if "raised" in answer:
        raise CallRaised(**answer["raised"])
    return CallResult(answer["value"], done.stdout)


def main(arguments: list[str]) -> int:
    die_with_parent(signal.SIGKILL)
    [answer_file] = arguments
    call = json.load(sys.stdin)
    os.nice(call["niceness"])
    if call["memory_limit_bytes"] is not None:
        _limit_memory(call["memory_limit_bytes"])
    module, _, name = call["function"].partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
        answer = {"value": to_jsonable_python(function(*call["arguments"]))}
    except Exception as error:
        # The boundary of the process: whatever the function raises becomes its answer.
        traceback.print_exc()
        raised = {"kind": type(error).__name__, "what": str(error), "remedy": getattr(error, "remedy", "")}
        answer = {"raised": raised}
    Path(answer_file).write_text(json.dumps(answer))
    return 0


def _limit_memory(limit_bytes: int) -> None:
    import resource  # Unix only, and not needed without a limit.

    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
