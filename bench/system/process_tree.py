"""Process trees: who belongs to one, what it has used, and how to end it; and the whole machine's processor time.

Times are seconds, unless a name ends in `_ns`. A process that vanishes while it is looked at counts nothing. What
Linux tells in `/proc` is read there, below a `root` folder that tests may lay somewhere else; elsewhere psutil answers.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from bench.system.procfs import SYSTEM_ROOT, has_child_lists, has_process_files, list_names, read_bytes

MAX_KILL_S = 5.0
"""How long a process may take to be gone after SIGKILL."""
RESCAN_INTERVAL_S = 0.1
"""How often the tree is looked through again for new processes while it is being ended."""
POLL_INTERVAL_S = 0.02
"""Sleep between two looks where the system cannot wake us when a process exits."""


def descendants(pid: int, root: Path = SYSTEM_ROOT) -> list[int]:
    """The processes that `pid` has started, of all generations, nearest first; without `pid` itself."""
    return _list_descendants([pid], root)


def _list_descendants(pids: Iterable[int], root: Path = SYSTEM_ROOT) -> list[int]:
    """All generations below several processes at once, each process once, nearest first."""
    if not has_child_lists(root):
        return list(dict.fromkeys(child for pid in pids for child in list_descendants_by_psutil(pid)))
    found: dict[int, None] = {}
    generation = list(pids)
    seen = set(generation)
    while generation:
        children = [child for parent in generation for child in list_children(parent, root)]
        generation = [child for child in dict.fromkeys(children) if child not in seen]
        seen.update(generation)
        found.update(dict.fromkeys(generation))
    return list(found)


def list_descendants_by_psutil(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def list_children(pid: int, root: Path) -> list[int]:
    """One generation. The kernel lists the children of each thread apart."""
    listed: list[int] = []
    tasks = f"{root}/proc/{pid}/task"
    for thread in list_names(tasks):
        listed += map(int, (read_bytes(f"{tasks}/{thread}/children") or b"").split())
    return listed


def pause_tree(pid: int) -> None:
    """Stop `pid` and its descendants where they are (SIGSTOP): they hold what they hold, and use no processor."""
    stopped: set[int] = set()
    # The topmost first, so that nobody starts a process that is then overlooked for long.
    while fresh := [one for one in [pid, *descendants(pid)] if one not in stopped]:
        for one in fresh:
            stopped.add(one)
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)


def resume_tree(pid: int) -> None:
    """Let `pid` and its descendants go on."""
    for one in [*descendants(pid), pid]:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGCONT)


def resident_bytes(pids: Iterable[int], root: Path = SYSTEM_ROOT) -> int:
    """Bytes of memory that processes hold together; who is gone holds none.

    What the one that shares most shares counts once, and is taken for what all share: the store of Ray, which each of
    its processes has mapped, the libraries of the others.
    """
    each = [_private_and_shared_bytes(pid, root) for pid in pids]
    return sum(private for private, _ in each) + max((shared for _, shared in each), default=0)


def _private_and_shared_bytes(pid: int, root: Path) -> tuple[int, int]:
    if not has_process_files(root):
        try:
            return psutil.Process(pid).memory_info().rss, 0
        except psutil.Error:
            return 0, 0
    statm = (read_bytes(f"{root}/proc/{pid}/statm") or b"").split()
    if len(statm) < 3:
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return (int(statm[1]) - int(statm[2])) * page, int(statm[2]) * page


def tree_resident_bytes(pid: int, root: Path = SYSTEM_ROOT) -> int:
    """Resident bytes of `pid` and its living descendants together."""
    return resident_bytes([pid, *descendants(pid, root)], root)


def terminate_tree(pids: Iterable[int], grace_s: float, kill_s: float = MAX_KILL_S) -> list[int]:
    """End processes with all their descendants, and say which are still alive: none, if all went well.

    SIGTERM first; what lives `grace_s` later gets SIGKILL, and `kill_s` to be gone. The tree is looked through again
    all the while, and where one of `pids` leads a session, every process of that session belongs to the tree too, so
    that no orphan escapes. A pid that the system has given to another process meanwhile is left alone, as is the
    calling process. Nobody is reaped: a child's exit code stays for its parent, and a zombie counts as gone.
    """
    tree = _Tree(pids)
    living = tree.living()
    for signal_one, limit_s in ((psutil.Process.terminate, grace_s), (psutil.Process.kill, kill_s)):
        deadline = time.monotonic() + limit_s
        signalled: set[psutil.Process] = set()
        while living:
            for process in living:
                if process not in signalled:
                    signalled.add(process)
                    with suppress(psutil.Error):
                        signal_one(process)
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            _await_exit(living, min(left_s, RESCAN_INTERVAL_S))
            living = tree.living()
    return sorted(process.pid for process in living)


class _Tree:
    """The processes that are to end, each known by its pid and its time of creation, for pids are given out again."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._known: dict[int, psutil.Process] = {}
        self._leaders: dict[int, psutil.Process] = {}
        for pid in pids:
            self._add(pid)
            if _session_id(pid) == pid and pid in self._known:
                self._leaders[pid] = self._known[pid]

    def living(self) -> list[psutil.Process]:
        """Look through the tree again: everybody in it who has not ended."""
        parents = [process.pid for process in self._alive()]
        for pid in [*_list_descendants(parents), *self._in_sessions()]:
            self._add(pid)
        return self._alive()

    def _add(self, pid: int) -> None:
        known = self._known.get(pid)
        if pid == os.getpid() or (known is not None and known.is_running()):
            return
        with suppress(psutil.NoSuchProcess):
            self._known[pid] = psutil.Process(pid)

    def _alive(self) -> list[psutil.Process]:
        return [process for process in self._known.values() if _is_alive(process)]

    def _in_sessions(self) -> list[int]:
        """Everybody in a session that one of the given processes leads, or led."""
        # A session keeps its number from being given out again, until its last process is gone.
        sessions = {pid for pid, leader in self._leaders.items() if leader.is_running() or not psutil.pid_exists(pid)}
        return [pid for pid in psutil.pids() if _session_id(pid) in sessions] if sessions else []


def _session_id(pid: int) -> int | None:
    """The session that a process belongs to; None where it is gone or the system knows no sessions."""
    try:
        return os.getsid(pid)
    except (OSError, AttributeError):
        return None


def _is_alive(process: psutil.Process) -> bool:
    """Whether this very process, not a later one of its pid, still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _await_exit(processes: Iterable[psutil.Process], seconds: float) -> None:
    """Sleep until all have exited or the time is over, without reaping anybody."""
    waiting = _exit_descriptors(processes)
    if not waiting:
        time.sleep(min(seconds, POLL_INTERVAL_S))
        return
    deadline = time.monotonic() + seconds
    try:
        poll = select.poll()
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
        while waiting and (left_s := deadline - time.monotonic()) > 0:
            for descriptor, _event in poll.poll(left_s * 1000):
                poll.unregister(descriptor)
                waiting.remove(descriptor)
                os.close(descriptor)
    finally:
        for descriptor in waiting:
            os.close(descriptor)


def _exit_descriptors(processes: Iterable[psutil.Process]) -> set[int]:
    """A descriptor for each process, readable once it has exited; none where the system has no such thing."""
    descriptors: set[int] = set()
    if hasattr(os, "pidfd_open"):
        for process in processes:
            with suppress(OSError):
                descriptors.add(os.pidfd_open(process.pid))
    return descriptors
