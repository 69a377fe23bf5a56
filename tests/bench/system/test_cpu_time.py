"""CPU time of threads, processes and trees, with real processes."""

import hashlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from bench.system.cpu_time import (
    TreeCpuClock,
    machine_busy_and_steal_s,
    process_cpu_time_s,
    run_delay_between_s,
    thread_cpu_time_ns,
    thread_run_delay_ns,
    tree_cpu_time_s,
    update_thread_clocks,
)
from bench.system.kernel_files import KernelFiles
from bench.system.process_tree import list_descendants, tree_resident_bytes
from tests.support.child_processes import StartProcess, make_parent_code, read_line
from tests.support.machine_files import write_files
from tests.support.marks import linux_only
from tests.support.waiting import wait_for

SPINNING_CODE = "while True: pass"


def test_a_tree_uses_processor_time_and_memory(start: StartProcess) -> None:
    process = start(make_parent_code(SPINNING_CODE))
    child = int(read_line(process))
    wait_for(lambda: tree_cpu_time_s(process.pid) > process_cpu_time_s(process.pid) + 0.2)
    spent = psutil.Process(child).cpu_times()
    assert tree_cpu_time_s(process.pid) >= spent.user + spent.system
    assert tree_resident_bytes(process.pid) > psutil.Process(process.pid).memory_info().rss


@linux_only
def test_cpu_time_includes_ended_threads() -> None:
    ran: list[int] = []

    def spin() -> None:
        while time.thread_time_ns() < 50_000_000:
            pass
        ran.append(time.thread_time_ns())

    before = process_cpu_time_s(os.getpid())
    thread = threading.Thread(target=spin)
    thread.start()
    thread.join()
    assert process_cpu_time_s(os.getpid()) - before >= ran[0] / 1e9


@linux_only
def test_processor_time_of_another_process_is_finer_than_ticks(start: StartProcess) -> None:
    process = start(SPINNING_CODE)
    wait_for(lambda: process_cpu_time_s(process.pid) > 0.05)
    os.kill(process.pid, signal.SIGSTOP)
    wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    spent = psutil.Process(process.pid).cpu_times()
    assert process_cpu_time_s(process.pid) == process_cpu_time_s(process.pid)
    assert process_cpu_time_s(process.pid) == pytest.approx(spent.user + spent.system, abs=0.021)
    assert round(process_cpu_time_s(process.pid) * 1e9) % 10_000_000


def test_processor_time_without_the_kernels_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(clock: int) -> float:
        raise OSError(22, "Invalid argument")

    spent = psutil.Process().cpu_times()
    monkeypatch.setattr(time, "clock_gettime", refuse, raising=False)
    assert process_cpu_time_s(os.getpid()) >= spent.user + spent.system > 0


def test_a_tree_clock_counts_new_and_exited_processes() -> None:
    # The grandchild uses 0.2 s and then waits for the end of its standard input, so that it is seen before it ends.
    spins = "import sys, time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass\nsys.stdin.read()"
    parent = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {spins!r}]); "
    clock = TreeCpuClock(lambda: list_descendants(os.getpid()))
    before = clock()
    child = subprocess.Popen(
        [sys.executable, "-c", parent + "print('gone', flush=True); time.sleep(600)"], stdin=-1, stdout=-1
    )
    try:
        wait_for(lambda: clock() - before >= 0.2)
        child.stdin.close()
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
    assert machine_busy_and_steal_s(KernelFiles(tmp_path)) == (1600 / tick, 500 / tick)
    stat.write_text("cpu  1 2 3\n")
    assert machine_busy_and_steal_s(KernelFiles(tmp_path)) is None
    assert machine_busy_and_steal_s(KernelFiles(tmp_path / "none")) is None


@linux_only
def test_ticks_of_this_machine_count_a_spinning_process(start: StartProcess) -> None:
    before = machine_busy_and_steal_s()
    assert before is not None
    process = start(SPINNING_CODE)
    wait_for(lambda: process_cpu_time_s(process.pid) > 0.3)
    after = machine_busy_and_steal_s()
    assert after is not None
    assert after[0] - before[0] > 0.2
    assert after[1] >= before[1]


def test_files_of_threads(tmp_path: Path) -> None:
    for thread, content in {"21": "5000 7 1\n", "22": "0 0 0\n", "23": ""}.items():
        (tmp_path / "proc/21/task" / thread).mkdir(parents=True)
        (tmp_path / "proc/21/task" / thread / "schedstat").write_text(content)
    assert thread_cpu_time_ns(21, KernelFiles(tmp_path)) == {21: 5000, 22: 0}
    assert thread_cpu_time_ns("self", KernelFiles(tmp_path)) == {}


def test_run_delays_are_summed_over_the_threads_of_all_processes(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "proc/self/schedstat": "5000 7 1\n",
            "proc/21/task/21/schedstat": "5000 7 1\n",
            "proc/21/task/22/schedstat": "10 2000000000 3\n",
            "proc/21/task/23/schedstat": "",
            "proc/30/task/30/schedstat": "1 500000000 1\n",
        },
    )
    files = KernelFiles(tmp_path)
    before = thread_run_delay_ns([21], files)
    after = thread_run_delay_ns([21, 30, 99], files)
    assert before == {21: 7, 22: 2_000_000_000}
    assert after == {21: 7, 22: 2_000_000_000, 30: 500_000_000}
    assert run_delay_between_s(before, after) == 0.5
    assert run_delay_between_s(after, before) == 0.0
    (tmp_path / "proc/self/schedstat").unlink()
    assert thread_run_delay_ns([21], files) is None
    assert run_delay_between_s(None, before) is run_delay_between_s(before, None) is None


@linux_only
def test_processes_that_share_a_core_wait_for_each_other(start: StartProcess) -> None:
    """Two processes that never sleep on one core: whenever one runs, the other waits."""
    core = min(os.sched_getaffinity(0))
    pids = [start(f"import os; os.sched_setaffinity(0, {{{core}}})\n{SPINNING_CODE}").pid for _ in range(2)]
    if thread_run_delay_ns(pids) is None:
        pytest.skip("this kernel does not report how long threads wait")
    wait_for(lambda: all(process_cpu_time_s(pid) > 0.2 for pid in pids))
    before = [thread_run_delay_ns([pid]) for pid in pids]
    wait_for(
        lambda: all(
            (run_delay_between_s(first, thread_run_delay_ns([pid])) or 0.0) > 0.2
            for pid, first in zip(pids, before, strict=True)
        )
    )


@linux_only
def test_active_threads_of_this_process() -> None:
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
    before = thread_cpu_time_ns()
    go.set()
    done.wait()
    wait_for(lambda: thread_cpu_time_ns()[worker.native_id] - before[worker.native_id] > 10_000_000)
    after = thread_cpu_time_ns()
    quit_now.set()
    worker.join()
    assert after[threading.get_native_id()] > before[threading.get_native_id()]
    assert sum(used > before.get(thread, 0) for thread, used in after.items()) >= 2
    wait_for(lambda: worker.native_id not in thread_cpu_time_ns())


@linux_only
def test_updated_clocks_of_threads_make_the_process_clock_exact() -> None:
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
        update_thread_clocks()
        counted = time.process_time()
        return time.clock_gettime(mine) + time.clock_gettime(other) - counted

    drifts = []
    for _ in range(51):
        time.sleep(0.0013)
        drifts.append(behind())
    ended.set()
    worker.join()
    # The median, because a single reading may be interrupted between two clocks.
    middle = statistics.median(drifts)
    assert statistics.median(abs(drift - middle) for drift in drifts) < 0.0005


@linux_only
def test_a_running_thread_counts_up_to_now() -> None:
    own = threading.get_native_id()
    before = thread_cpu_time_ns()
    assert thread_cpu_time_ns()[own] > before[own]
