"""TODO: tests.support.child_processes."""

import os
import signal
import subprocess
from collections.abc import Callable

import psutil

SLEEPING_CODE = "import time; time.sleep(600)"


StartProcess = Callable[..., subprocess.Popen[str]]


def end_session(process: subprocess.Popen[str]) -> None:
    members = [pid for pid in psutil.pids() if pid != os.getpid() and get_session_id(pid) == process.pid]
    for pid in [process.pid, *members]:
        if process.returncode is None or pid != process.pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.communicate()


def get_session_id(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def make_parent_code(code: str, then: str = SLEEPING_CODE) -> str:
    """Code of a process that starts another, prints its pid once it says it is up, and goes on."""
    return (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {('print(0, flush=True)' + chr(10) + code)!r}],"
        " stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        f"{then}\n"
    )


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
