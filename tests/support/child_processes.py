"""Processes that tests start."""

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


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its descendants, and wait until all have exited."""
    descendants = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    for member in descendants:
        member.kill()
    process.kill()
    process.wait()
    psutil.wait_procs(descendants, timeout=10)


def get_session_id(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def make_parent_code(code: str, then: str = SLEEPING_CODE) -> str:
    """Code of a process that starts a child with `code`, prints the child's pid once it runs, and then runs `then`."""
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
