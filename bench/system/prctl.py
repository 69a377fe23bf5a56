"""The few calls to the operating system that tie a process's life to its parent's."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(signum: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `signum` when the parent ends, however it ends. Off Linux, a pipe must tell."""
    _prctl(PR_SET_PDEATHSIG, signum)


def adopt_orphans() -> None:
    """Become the new parent of every descendant whose own parent ends, so that none escapes (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def raise_oom_score() -> None:
    """Have the kernel take this process first when memory runs out, before the page server."""
    # Some containers do not allow it; then the kernel chooses by size, which will mostly be the same.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
