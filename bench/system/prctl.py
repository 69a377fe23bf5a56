"""System calls of Linux that tie the life of a process to that of its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(signum: signal.Signals = signal.SIGKILL) -> None:
    """Make the kernel send `signum` to this process when the thread that started it ends, for whatever reason.

    Does nothing on systems other than Linux, where the process must watch a pipe to its parent.
    """
    _prctl(PR_SET_PDEATHSIG, signum)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none escapes.

    Does nothing on systems other than Linux.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def raise_oom_score() -> None:
    """Make the kernel choose this process first when memory runs out, rather than the page server."""
    # Some containers forbid it. Then the kernel chooses by size, and the arms are usually the largest processes.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        error_number = ctypes.get_errno()
        raise OSError(error_number, os.strerror(error_number))
