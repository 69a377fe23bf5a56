"""Process trees, with real processes."""

from __future__ import annotations

import hashlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from bench import paths
from bench.system import process_tree
from bench.system.process_tree import (
    TreeClock,
    bring_up_to_date,
    descendants,
    freeze_tree,
    machine_ticks,
    processor_s,
    read_bytes,
    spent_between,
    terminate_tree,
    thaw_tree,
    thread_run_ns,
    threads_that_ran,
    tree_processor_s,
    tree_resident,
)

LIMIT_S = 60.0
"""Longest wait for something that must come to pass; a test that reaches it fails."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it in /proc")

SLEEPS = "import time; time.sleep(600)"
SPINS = "while True: pass"
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); " + SLEEPS

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start Python code as a process, and end its whole session after the test, whatever became of it."""
    with ExitStack() as stack:

        def started(code: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            stack.callback(end, process)
            return process

        yield started


def end(process: subprocess.Popen[str]) -> None:
    members = [pid for pid in psutil.pids() if pid != os.getpid() and session(pid) == process.pid]
    for pid in [process.pid, *members]:
        if process.returncode is None or pid != process.pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.communicate()


def session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def parent_of(code: str, then: str = SLEEPS) -> str:
    """Code of a process that starts another, prints its pid once it says it is up, and goes on."""
    return (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {('print(0, flush=True)' + chr(10) + code)!r}],"
        " stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        f"{then}\n"
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < deadline, "did not come to pass"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def three_generations(start: Start) -> tuple[subprocess.Popen[str], int, int]:
    process = start(parent_of(parent_of(SLEEPS)))
    child = int(line(process))
    wait_until(lambda: bool(psutil.Process(child).children()))
    return process, child, psutil.Process(child).children()[0].pid


def test_all_generations_are_found(start: Start) -> None:
    process, child, grandchild = three_generations(start)
    assert descendants(process.pid) == [child, grandchild]
    assert descendants(grandchild) == []
    assert {process.pid, child, grandchild} <= set(descendants(os.getpid()))


def test_children_of_every_thread_are_found(start: Start) -> None:
    process = start(
        "import subprocess, threading, time\n"
        "def work():\n"
        "    print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=work).start()\n"
    )
    child = int(line(process))
    assert descendants(process.pid) == [child]


def test_without_the_kernels_lists_psutil_finds_them(start: Start, tmp_path: Path) -> None:
    process, child, grandchild = three_generations(start)
    assert sorted(descendants(process.pid, tmp_path)) == sorted([child, grandchild])


def test_a_process_that_never_was(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for root in (Path("/"), tmp_path):
        assert descendants(gone.pid, root) == []
        assert tree_processor_s(gone.pid, root) == 0.0
        assert tree_resident(gone.pid, root) == 0


def test_files_of_a_tree(tmp_path: Path) -> None:
    files = {
        "proc/stat": "",
        "proc/thread-self/children": "",
        "proc/5/task/5/children": "6 7 ",
        "proc/5/task/9/children": "8 ",
        "proc/6/task/6/children": "10 ",
        "proc/10/task/10/children": "",
        "proc/5/statm": "900 3 2 1 0 100 0\n",
        "proc/10/statm": "900 2 2 1 0 100 0\n",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    assert sorted(descendants(5, tmp_path)) == [6, 7, 8, 10]
    assert descendants(5, tmp_path)[-1] == 10
    # One page of its own, and the two that it shares with the other counted once.
    assert tree_resident(5, tmp_path) == 3 * os.sysconf("SC_PAGE_SIZE")


def test_a_tree_uses_processor_time_and_memory(start: Start) -> None:
    process = start(parent_of(SPINS))
    child = int(line(process))
    wait_until(lambda: tree_processor_s(process.pid) > processor_s(process.pid) + 0.2)
    spent = psutil.Process(child).cpu_times()
    assert tree_processor_s(process.pid) >= spent.user + spent.system
    assert tree_resident(process.pid) > psutil.Process(process.pid).memory_info().rss


@linux
def test_processor_time_keeps_that_of_ended_threads() -> None:
    ran: list[int] = []

    def spin() -> None:
        while time.thread_time_ns() < 50_000_000:
            pass
        ran.append(time.thread_time_ns())

    before = processor_s(os.getpid())
    thread = threading.Thread(target=spin)
    thread.start()
    thread.join()
    assert processor_s(os.getpid()) - before >= ran[0] / 1e9


@linux
def test_processor_time_of_another_process_is_finer_than_ticks(start: Start) -> None:
    process = start(SPINS)
    wait_until(lambda: processor_s(process.pid) > 0.05)
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    spent = psutil.Process(process.pid).cpu_times()
    assert processor_s(process.pid) == processor_s(process.pid)
    assert processor_s(process.pid) == pytest.approx(spent.user + spent.system, abs=0.021)
    assert round(processor_s(process.pid) * 1e9) % 10_000_000


def test_processor_time_without_the_kernels_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(clock: int) -> float:
        raise OSError(22, "Invalid argument")

    spent = psutil.Process().cpu_times()
    monkeypatch.setattr(time, "clock_gettime", refuse, raising=False)
    assert processor_s(os.getpid()) >= spent.user + spent.system > 0


def test_a_tree_clock_counts_who_comes_and_keeps_who_has_gone() -> None:
    spins = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"
    parent = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {spins + 'time.sleep(0.5)'!r}]); "
    clock = TreeClock(lambda: descendants(os.getpid()))
    before = clock()
    child = subprocess.Popen([sys.executable, "-c", parent + "print('gone', flush=True); time.sleep(600)"], stdout=-1)
    try:
        deadline = time.monotonic() + LIMIT_S
        while clock() - before < 0.2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert child.stdout.read(4) == b"gone"
        assert clock() - before >= 0.2, "the grandchild has ended, and its time stays"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    spent = clock() - before
    assert 0.2 <= spent < 5, "a child that was waited for counts once"


def test_ticks_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    stat = tmp_path / "proc/stat"
    # user nice system idle waiting interrupts soft-interrupts steal guest guest-nice
    stat.write_text("cpu  1000 200 300 99999 888 40 60 500 700 100\ncpu0 1 2 3 4 5 6 7 8 9 10\n")
    tick = os.sysconf("SC_CLK_TCK")
    assert machine_ticks(tmp_path) == (1600 / tick, 500 / tick)
    stat.write_text("cpu  1 2 3\n")
    assert machine_ticks(tmp_path) is None
    assert machine_ticks(tmp_path / "none") is None


@linux
def test_ticks_of_this_machine_count_a_spinning_process(start: Start) -> None:
    before = machine_ticks()
    assert before is not None
    process = start(SPINS)
    wait_until(lambda: processor_s(process.pid) > 0.3)
    after = machine_ticks()
    assert after is not None
    assert after[0] - before[0] > 0.2
    assert after[1] >= before[1]


def test_files_of_threads(tmp_path: Path) -> None:
    for thread, content in {"21": "5000 7 1\n", "22": "0 0 0\n", "23": ""}.items():
        (tmp_path / "proc/21/task" / thread).mkdir(parents=True)
        (tmp_path / "proc/21/task" / thread / "schedstat").write_text(content)
    assert thread_run_ns(21, tmp_path) == {21: 5000, 22: 0}
    assert thread_run_ns("self", tmp_path) == {}


def test_threads_that_ran_are_those_whose_time_grew() -> None:
    before = {1: 100, 2: 50, 3: 7}
    assert threads_that_ran(before, {1: 101, 2: 50, 4: 1, 5: 0}) == 2
    assert threads_that_ran(before, before) == 0


@linux
def test_own_threads_that_ran() -> None:
    quit_now, go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        go.wait()
        while time.thread_time_ns() < 20_000_000:
            pass
        done.set()
        quit_now.wait()

    worker = threading.Thread(target=work)
    worker.start()
    assert worker.native_id is not None
    before = thread_run_ns()
    go.set()
    done.wait()
    wait_until(lambda: thread_run_ns()[worker.native_id] - before[worker.native_id] > 10_000_000)
    after = thread_run_ns()
    quit_now.set()
    worker.join()
    assert after[threading.get_native_id()] > before[threading.get_native_id()]
    assert threads_that_ran(before, after) >= 2
    wait_until(lambda: worker.native_id not in thread_run_ns())


@linux
def test_a_process_clock_counts_its_other_threads_to_the_moment() -> None:
    """It may not be behind the threads' own clocks, which are to the moment, by as much as a tick."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2000)  # It holds no lock meanwhile: it runs beside this thread.

    worker = threading.Thread(target=work)
    worker.start()
    assert worker.native_id is not None
    mine, other = time.CLOCK_THREAD_CPUTIME_ID, (~worker.native_id << 3) | 6

    def behind() -> float:
        bring_up_to_date()
        counted = time.process_time()
        return time.clock_gettime(mine) + time.clock_gettime(other) - counted

    start, apart = behind(), []
    for _ in range(50):
        time.sleep(0.0013)
        apart.append(abs(behind() - start))
    ended.set()
    worker.join()
    assert statistics.median(apart) < 0.0005


@linux
def test_a_thread_that_has_not_left_the_processor_has_run() -> None:
    own = threading.get_native_id()
    before = thread_run_ns()
    assert thread_run_ns()[own] > before[own]


def test_reading_a_file(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 200_000)
    (tmp_path / "empty").write_bytes(b"")
    assert read_bytes(tmp_path / "long") == b"x" * 200_000
    assert read_bytes(tmp_path / "empty") == b""
    assert read_bytes(tmp_path / "none") is None
    assert read_bytes(tmp_path) is None


def test_a_tree_ends(start: Start) -> None:
    process, child, grandchild = three_generations(start)
    assert terminate_tree([process.pid], grace_s=LIMIT_S) == []
    assert not any(map(runs, (process.pid, child, grandchild)))
    # The exit code was left for us: it was SIGTERM that did it.
    assert process.wait() == -signal.SIGTERM


def test_who_ignores_the_request_is_killed(start: Start) -> None:
    process = start(IGNORES)
    assert line(process) == "up"
    assert terminate_tree([process.pid], grace_s=0.05) == []
    assert process.wait() == -signal.SIGKILL


def test_several_trees_at_once(start: Start) -> None:
    trees = [start(parent_of(SLEEPS)) for _ in range(3)]
    children = [int(line(process)) for process in trees]
    assert terminate_tree([process.pid for process in trees], grace_s=LIMIT_S) == []
    assert not any(map(runs, children))


@linux
def test_an_orphan_of_the_session_ends_too(start: Start) -> None:
    middle = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
    process = start(
        "import subprocess, sys, time\n"
        f"middle = subprocess.Popen([sys.executable, '-c', {middle!r}], stdout=subprocess.PIPE, text=True)\n"
        "orphan = middle.stdout.readline()\n"
        "middle.wait()\n"
        "print(orphan, flush=True)\n"
        "time.sleep(600)\n"
    )
    orphan = int(line(process))
    assert descendants(process.pid) == []
    assert runs(orphan)
    assert terminate_tree([process.pid], grace_s=LIMIT_S) == []
    assert not runs(orphan)


@linux
def test_a_child_started_while_ending_ends_too(start: Start) -> None:
    then = (
        "import os, signal, time\n"
        "def more(number, frame):\n"
        "    print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, more)\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    process = start(parent_of(SLEEPS, then))
    line(process)
    assert line(process) == "up"
    assert terminate_tree([process.pid], grace_s=LIMIT_S) == []
    late = int(line(process))
    assert not runs(late)


def test_nobody_to_end() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert terminate_tree([gone.pid], grace_s=LIMIT_S) == []
    assert terminate_tree([], grace_s=LIMIT_S) == []


def test_a_zombie_counts_as_gone(start: Start) -> None:
    process = start("")
    wait_until(lambda: not runs(process.pid))
    assert terminate_tree([process.pid], grace_s=LIMIT_S) == []
    assert process.wait() == 0


def test_the_calling_process_survives() -> None:
    code = (
        "import os, subprocess, sys\n"
        "from bench.system.process_tree import terminate_tree\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "print(terminate_tree([os.getpid(), child.pid], grace_s=30), child.wait())\n"
    )
    folder = paths.ROOT
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "[] -15\n"


def test_a_pid_that_was_given_out_again_is_left_alone(start: Start) -> None:
    """The tree has seen a process of this pid that was created at another time."""
    innocent = start(SLEEPS)
    tree = process_tree._Tree([innocent.pid])
    assert [process.pid for process in tree.living()] == [innocent.pid]
    seen = tree.living()[0]
    seen._ident = (innocent.pid, seen.create_time() - 100)
    assert tree.living() == []
    with pytest.raises(psutil.NoSuchProcess):
        seen.terminate()
    assert runs(innocent.pid)


def test_who_cannot_be_ended_is_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    process = start(SLEEPS)
    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, "terminate", denied)
        patched.setattr(psutil.Process, "kill", denied)
        assert terminate_tree([process.pid], grace_s=0.05, kill_s=0.05) == [process.pid]
    assert runs(process.pid)


def test_a_system_without_exit_descriptors(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process, child, grandchild = three_generations(start)
    assert terminate_tree([process.pid], grace_s=LIMIT_S) == []
    assert not any(map(runs, (process.pid, child, grandchild)))


@linux
def test_ending_a_tree_leaves_no_descriptors_open(start: Start) -> None:
    process, _, _ = three_generations(start)
    held = len(os.listdir("/proc/self/fd"))
    assert terminate_tree([process.pid], grace_s=LIMIT_S) == []
    assert len(os.listdir("/proc/self/fd")) == held


def tree_times(pid: int) -> dict[int, float]:
    return {one: processor_s(one) for one in [pid, *descendants(pid)]}


def test_a_frozen_tree_uses_no_processor_until_it_is_thawed(start: Start) -> None:
    process = start(parent_of("while True: pass", then="while True: pass"))
    line(process)
    before = tree_times(process.pid)
    wait_until(lambda: spent_between(before, tree_times(process.pid)) > 0.05)
    freeze_tree(process.pid)
    wait_until(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in before))
    stopped = tree_times(process.pid)
    time.sleep(0.1)
    assert tree_times(process.pid) == stopped
    assert len(stopped) == 2
    thaw_tree(process.pid)
    wait_until(lambda: all(spent > stopped[pid] for pid, spent in tree_times(process.pid).items()))
