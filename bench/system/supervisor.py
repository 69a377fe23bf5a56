"""Owns one worker's whole process tree: `python -m bench.system.supervisor CORES COMMAND …`.

It adopts every orphan below it, starts the command in a session of its own on the given cores, and ends when the
command ends, when it is told to (SIGTERM), when its standard input reaches end of file (its owner is gone), or when
its owner's death is signalled. Whatever the way, it leaves no descendant behind: it kills the command's group and then
every descendant until it has no child left. Its last words on standard output are the command's exit status as JSON.

It does nothing but wait, so that it costs the race nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time

from bench.system.prctl import adopt_orphans, die_with_parent, raise_oom_score
from bench.system.process_tree import descendants

MAX_SWEEP_S = 5.0
"""Longest time that killing what is left may take; a process stuck in the kernel cannot be waited for without end."""


def main(arguments: list[str]) -> int:
    cores = {int(core) for core in arguments[0].split(",") if core}
    adopt_orphans()
    die_with_parent(signal.SIGTERM)
    if hasattr(os, "sched_setaffinity") and cores:
        os.sched_setaffinity(0, cores)

    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    passed = tuple(int(descriptor) for descriptor in os.environ.pop("FAIRLAP_PASS", "").split(",") if descriptor)
    child = subprocess.Popen(
        arguments[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True, pass_fds=passed
    )
    for descriptor in passed:
        os.close(descriptor)

    try:
        _wait_for_end(child, wake)
    finally:
        left = _kill_descendants(child)
    print(json.dumps({"status": child.returncode, "left": left}), flush=True)
    return 0


def _wait_for_end(child: subprocess.Popen[bytes], wake: int) -> None:
    """Return when the command has ended, or when somebody wants it to."""
    owner: int | None = 0
    while child.poll() is None:
        ready, _, _ = select.select([wake] + ([owner] if owner is not None else []), [], [])
        if owner in ready and not os.read(0, 4096):
            return
        if wake in ready and signal.SIGTERM in os.read(wake, 4096):
            return


def _kill_descendants(child: subprocess.Popen[bytes]) -> int:
    """Kill the command's group, then every descendant, the adopted ones included; how many could not be ended."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    deadline = time.monotonic() + MAX_SWEEP_S
    while time.monotonic() < deadline:
        for pid in descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return 0
        # A killed process needs a moment until the kernel hands its children over.
        time.sleep(0.005)
    return len(descendants(os.getpid()))


if __name__ == "__main__":
    raise_oom_score()
    sys.exit(main(sys.argv[1:]))
