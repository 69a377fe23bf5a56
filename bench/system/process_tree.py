"""Process trees: their members, their memory, and pausing, resuming and ending them.

A process that exits while it is being looked at counts as absent. On Linux the functions read `/proc`; on other systems
they ask psutil.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

from bench.system.kernel_files import KERNEL_FILES, KernelFiles

MAX_KILL_S = 5.0
"""Longest time to wait for processes to exit after SIGKILL. One that is stuck in the kernel may never exit."""
RESCAN_INTERVAL_S = 0.1
"""How often the descendants are listed again while they are being ended."""

POLL_INTERVAL_S = 0.005
"""Sleep while a child exists that `/proc` does not list yet."""


def list_children(pid: int, files: KernelFiles = KERNEL_FILES) -> list[int]:
    """The processes that `pid` has started and that still exist, zombies included."""
    if not files.lists_children:
        return _list_by_psutil(pid, recursive=False)
    children: list[int] = []
    # The kernel keeps a list for each thread.
    folder = f"proc/{pid}/task"
    for thread in files.list_names(folder):
        children += map(int, (files.read_bytes(f"{folder}/{thread}/children") or b"").split())
    return children


def list_descendants(pid: int, files: KernelFiles = KERNEL_FILES) -> list[int]:
    """The children of `pid`, their children and so on, nearest generation first; without `pid` itself."""
    if not files.lists_children:
        return _list_by_psutil(pid, recursive=True)
    descendants: dict[int, None] = {}
    generation = [pid]
    while generation:
        children = [child for parent in generation for child in list_children(parent, files)]
        generation = [child for child in dict.fromkeys(children) if child != pid and child not in descendants]
        descendants.update(dict.fromkeys(generation))
    return list(descendants)


def _list_by_psutil(pid: int, *, recursive: bool) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=recursive)]
    except psutil.Error:
        return []


def pause_tree(pid: int) -> None:
    """Stop `pid` and its descendants (SIGSTOP): they keep their memory and use no CPU time."""
    paused: set[int] = set()
    new = [pid]
    # Parents first, and listed after they have stopped: again, until no process is found that was started before that.
    while new:
        for member in new:
            with suppress(ProcessLookupError):
                os.kill(member, signal.SIGSTOP)
        paused.update(new)
        new = [member for member in list_descendants(pid) if member not in paused]


def resume_tree(pid: int) -> None:
    """Continue `pid` and its descendants (SIGCONT)."""
    for member in [*list_descendants(pid), pid]:
        with suppress(ProcessLookupError):
            os.kill(member, signal.SIGCONT)


def resident_bytes(pids: Iterable[int], files: KernelFiles = KERNEL_FILES) -> int:
    """Bytes of memory that these processes occupy together: all private memory, and the largest shared part once.

    The largest shared part stands for what all share, such as the object store that each process of Ray maps.
    """
    sizes = [_private_and_shared_bytes(pid, files) for pid in pids]
    return sum(private for private, _ in sizes) + max((shared for _, shared in sizes), default=0)


def tree_resident_bytes(pid: int, files: KernelFiles = KERNEL_FILES) -> int:
    """Bytes of memory that `pid` and its living descendants occupy, see `resident_bytes`."""
    return resident_bytes([pid, *list_descendants(pid, files)], files)


def _private_and_shared_bytes(pid: int, files: KernelFiles) -> tuple[int, int]:
    if not files.lists_processes:
        try:
            return psutil.Process(pid).memory_info().rss, 0
        except psutil.Error:
            return 0, 0
    pages = (files.read_bytes(f"proc/{pid}/statm") or b"").split()
    if len(pages) < 3:
        return 0, 0
    resident, shared = int(pages[1]), int(pages[2])
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    return (resident - shared) * page_bytes, shared * page_bytes


def end_descendants(grace_s: float = 0.0, kill_s: float = MAX_KILL_S) -> list[int]:
    """End all descendants of the calling process and reap its children. Returns the pids of those that still live.

    They get SIGTERM if `grace_s` is not 0, and SIGKILL after that time; `kill_s` limits the wait after SIGKILL. The
    caller should adopt orphans (`bench.system.prctl.adopt_orphans`): then a process that lost its parent is a
    descendant too, and none escapes. The exit code of a `subprocess.Popen` is lost unless it was read before.
    """
    left: list[psutil.Process] = []
    for end_process, limit_s in ((psutil.Process.terminate, grace_s), (psutil.Process.kill, kill_s)):
        deadline = time.monotonic() + limit_s
        signalled: set[psutil.Process] = set()
        while (wait_s := deadline - time.monotonic()) > 0:
            left = _list_own_descendants()
            if not left and not _has_children():
                return []
            for process in left:
                if process not in signalled:
                    signalled.add(process)
                    # psutil signals no other process that has got the same pid since.
                    with suppress(psutil.Error):
                        end_process(process)
            if left:
                psutil.wait_procs(left, timeout=min(wait_s, RESCAN_INTERVAL_S))
            else:
                time.sleep(POLL_INTERVAL_S)
    return sorted(process.pid for process in left if _is_alive(process))


def _list_own_descendants() -> list[psutil.Process]:
    processes: list[psutil.Process] = []
    for pid in list_descendants(os.getpid()):
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    return processes


def _has_children() -> bool:
    """Whether this process has a child, running or zombie. The list of `/proc` may miss one that is being adopted."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _is_alive(process: psutil.Process) -> bool:
    """Whether this very process still runs, not a later one with the same pid; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
