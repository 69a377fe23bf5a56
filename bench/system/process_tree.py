"""Process trees: who belongs to one, what it has used, and how to end it; and the whole machine's processor time.

Times are seconds, unless a name ends in `_ns`. A process that vanishes while it is looked at counts nothing. What
Linux tells in `/proc` is read there, below a `root` folder that tests may lay somewhere else; elsewhere psutil answers.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

ROOT = Path("/")
"""Where `proc` and `sys` lie."""

KILL_S = 5.0
"""How long a process may take to be gone after SIGKILL."""
RESCAN_S = 0.1
"""How often the tree is looked through again for new processes while it is being ended."""
NAP_S = 0.02
"""Sleep between two looks where the system cannot wake us when a process exits."""


def read_bytes(path: str | Path) -> bytes | None:
    """The whole content of a file of the kernel's; None where it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        chunks = []
        while chunk := os.read(descriptor, 1 << 16):
            chunks.append(chunk)
        return b"".join(chunks)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def descendants(pid: int, root: Path = ROOT) -> list[int]:
    """The processes that `pid` has started, of all generations, nearest first; without `pid` itself."""
    return _below([pid], root)


def _below(pids: Iterable[int], root: Path = ROOT) -> list[int]:
    """All generations below several processes at once, each process once, nearest first."""
    if not _tells_children(root):
        return list(dict.fromkeys(child for pid in pids for child in _below_by_psutil(pid)))
    found: dict[int, None] = {}
    generation = list(pids)
    seen = set(generation)
    while generation:
        children = [child for parent in generation for child in _children(parent, root)]
        generation = [child for child in dict.fromkeys(children) if child not in seen]
        seen.update(generation)
        found.update(dict.fromkeys(generation))
    return list(found)


def _below_by_psutil(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def _children(pid: int, root: Path) -> list[int]:
    """One generation. The kernel lists the children of each thread apart."""
    listed: list[int] = []
    tasks = f"{root}/proc/{pid}/task"
    for thread in _names(tasks):
        listed += map(int, (read_bytes(f"{tasks}/{thread}/children") or b"").split())
    return listed


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


@cache
def _tells_children(root: Path) -> bool:
    """Whether this kernel was built to list the children of a thread."""
    return os.path.exists(f"{root}/proc/thread-self/children")


@cache
def _tells_processes(root: Path) -> bool:
    return os.path.exists(f"{root}/proc/stat")


def processor_s(pid: int) -> float:
    """Processor time, user and system, that one process has used, its ended threads included; 0 once it is gone.

    Linux keeps a clock for each process, in nanoseconds. The threads' `schedstat` files would do, but for threads
    that have ended: the time of a thread pool that was torn down would be missing, or a difference negative.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            return time.clock_gettime(_processor_clock(pid))
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def _processor_clock(pid: int) -> int:
    """What `clock_getcpuclockid(3)` answers on Linux: the pid, inverted, and two bits that say what to count."""
    return (~pid << 3) | 2


def tree_processor_s(pid: int, root: Path = ROOT) -> float:
    """Processor time, user and system, of `pid` and of its living descendants.

    It falls when a descendant ends, so a difference of two readings may have to be raised to 0.
    """
    return processor_s(pid) + sum(processor_s(child) for child in descendants(pid, root))


def spent_between(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Processor time that processes have spent between two readings of it, by pid: of those who live at the end, since
    what the dead have spent is no longer told."""
    return sum(max(0.0, spent - before.get(pid, 0.0)) for pid, spent in after.items())


def own_processor_s() -> float:
    """Processor seconds of this process, all its threads, and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class TreeClock:
    """Processor seconds of this process and of its family, whoever came meanwhile; of who has ended, what it had used
    when it was last looked at."""

    def __init__(self, family: Callable[[], list[int]]) -> None:
        """`family` tells who works for this process now: all below it, and perhaps others."""
        self._family = family
        self._seen: dict[int, float] = {}
        self._own: set[int] = set()

    def __call__(self) -> float:
        living = self._family()
        # A child of this process's own that has ended is among those that it has waited for.
        for pid in self._own.difference(living):
            del self._seen[pid]
        self._seen |= {pid: processor_s(pid) for pid in living}
        self._own = set(_children(os.getpid(), ROOT) if _tells_children(ROOT) else _below_by_psutil(os.getpid()))
        return own_processor_s() + sum(self._seen.values())


def freeze_tree(pid: int) -> None:
    """Stop `pid` and its descendants where they are (SIGSTOP): they hold what they hold, and use no processor."""
    stopped: set[int] = set()
    # The topmost first, so that nobody starts a process that is then overlooked for long.
    while fresh := [one for one in [pid, *descendants(pid)] if one not in stopped]:
        for one in fresh:
            stopped.add(one)
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)


def thaw_tree(pid: int) -> None:
    """Let `pid` and its descendants go on."""
    for one in [*descendants(pid), pid]:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGCONT)


def resident(pids: Iterable[int], root: Path = ROOT) -> int:
    """Bytes of memory that processes hold together; who is gone holds none.

    What the one that shares most shares counts once, and is taken for what all share: the store of Ray, which each of
    its processes has mapped, the libraries of the others.
    """
    each = [_private_and_shared(pid, root) for pid in pids]
    return sum(private for private, _ in each) + max((shared for _, shared in each), default=0)


def _private_and_shared(pid: int, root: Path) -> tuple[int, int]:
    if not _tells_processes(root):
        try:
            return psutil.Process(pid).memory_info().rss, 0
        except psutil.Error:
            return 0, 0
    statm = (read_bytes(f"{root}/proc/{pid}/statm") or b"").split()
    if len(statm) < 3:
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return (int(statm[1]) - int(statm[2])) * page, int(statm[2]) * page


def tree_resident(pid: int, root: Path = ROOT) -> int:
    """Resident bytes of `pid` and its living descendants together."""
    return resident([pid, *descendants(pid, root)], root)


def machine_ticks(root: Path = ROOT) -> tuple[float, float] | None:
    """Seconds since boot, over all processors: busy with any program, and taken by the hypervisor; None off Linux.

    Counted in ticks of usually 10 ms. Stolen time is not in the busy time. A guest's time is in it once: the kernel
    has it both in `user` and in `guest`.
    """
    first = (read_bytes(f"{root}/proc/stat") or b"").partition(b"\n")[0].split()
    if len(first) < 9 or first[0] != b"cpu":
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, steal = map(int, first[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + interrupts + soft_interrupts) / tick, steal / tick


def thread_run_ns(pid: int | str = "self", root: Path = ROOT) -> dict[int, int]:
    """Thread id to nanoseconds on a processor, for each living thread of a process; empty off Linux."""
    # The kernel brings a running thread's count up to date at its next tick; asking for our own makes it do so now.
    time.thread_time_ns()
    tasks = f"{root}/proc/{pid}/task"
    run = {}
    for thread in _names(tasks):
        if counts := (read_bytes(f"{tasks}/{thread}/schedstat") or b"").split():
            run[int(thread)] = int(counts[0])
    return run


def bring_up_to_date() -> None:
    """Have the kernel count, to the moment, what this process's threads have run.

    A process's clock counts its own caller to the moment and every other thread to its last tick, up to 10 ms ago:
    of a short sample on two cores, half of the second one would be missing. Asking a thread's own clock counts it.
    """
    for thread in _names("/proc/self/task"):
        # One that has ended since it was listed is counted already.
        with suppress(OSError):
            time.clock_gettime(_thread_clock(int(thread)))


def _thread_clock(thread: int) -> int:
    """What `pthread_getcpuclockid(3)` answers on Linux for the thread with this id."""
    return (~thread << 3) | 6


def threads_that_ran(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """How many threads ran between two `thread_run_ns`; one that began and ended between them is not seen."""
    return sum(run > before.get(thread, 0) for thread, run in after.items())


def terminate_tree(pids: Iterable[int], grace_s: float, kill_s: float = KILL_S) -> list[int]:
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
            _await_exit(living, min(left_s, RESCAN_S))
            living = tree.living()
    return sorted(process.pid for process in living)


class _Tree:
    """The processes that are to end, each known by its pid and its time of creation, for pids are given out again."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._known: dict[int, psutil.Process] = {}
        self._leaders: dict[int, psutil.Process] = {}
        for pid in pids:
            self._add(pid)
            if _session(pid) == pid and pid in self._known:
                self._leaders[pid] = self._known[pid]

    def living(self) -> list[psutil.Process]:
        """Look through the tree again: everybody in it who has not ended."""
        parents = [process.pid for process in self._alive()]
        for pid in [*_below(parents), *self._in_sessions()]:
            self._add(pid)
        return self._alive()

    def _add(self, pid: int) -> None:
        known = self._known.get(pid)
        if pid == os.getpid() or (known is not None and known.is_running()):
            return
        with suppress(psutil.NoSuchProcess):
            self._known[pid] = psutil.Process(pid)

    def _alive(self) -> list[psutil.Process]:
        return [process for process in self._known.values() if _alive(process)]

    def _in_sessions(self) -> list[int]:
        """Everybody in a session that one of the given processes leads, or led."""
        # A session keeps its number from being given out again, until its last process is gone.
        sessions = {pid for pid, leader in self._leaders.items() if leader.is_running() or not psutil.pid_exists(pid)}
        return [pid for pid in psutil.pids() if _session(pid) in sessions] if sessions else []


def _session(pid: int) -> int | None:
    """The session that a process belongs to; None where it is gone or the system knows no sessions."""
    try:
        return os.getsid(pid)
    except (OSError, AttributeError):
        return None


def _alive(process: psutil.Process) -> bool:
    """Whether this very process, not a later one of its pid, still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _await_exit(processes: Iterable[psutil.Process], seconds: float) -> None:
    """Sleep until all have exited or the time is over, without reaping anybody."""
    waiting = _exit_descriptors(processes)
    if not waiting:
        time.sleep(min(seconds, NAP_S))
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
