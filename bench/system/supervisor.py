"""Owns the process tree of one worker: `python -m bench.system.supervisor CORES COMMAND …`.

It adopts every orphan below it and starts the command, in a session of its own, on the given cores (a comma-separated
list of ids; empty for all). It ends when the command exits, on SIGTERM, at the end of its standard input (its owner has
exited or wants the command to end), and when its parent dies. In every case it ends the command and all other
descendants first. Its last output is a JSON object: the exit status of the command, and the number of processes that
could not be ended.

While the command runs it only waits, so that it uses no CPU time.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys

from bench.system.prctl import adopt_orphans, die_with_parent, raise_oom_score
from bench.system.process_tree import end_descendants


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
        left = _end_all(child)
    print(json.dumps({"status": child.returncode, "left": len(left)}), flush=True)
    return 0


def _wait_for_end(child: subprocess.Popen[bytes], wake: int) -> None:
    """Return when the command has exited or has to end. `wake` is a pipe that receives the numbers of signals."""
    while child.poll() is None:
        ready, _, _ = select.select([wake, sys.stdin], [], [])
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 4096):
            return
        if wake in ready and signal.SIGTERM in os.read(wake, 4096):
            return


def _end_all(child: subprocess.Popen[bytes]) -> list[int]:
    """Kill the command and everything below this process. Returns the pids of the processes that still live."""
    if child.poll() is None:
        # The whole group at once, so that none of its processes can react to the death of another.
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return end_descendants()


if __name__ == "__main__":
    raise_oom_score()
    sys.exit(main(sys.argv[1:]))
