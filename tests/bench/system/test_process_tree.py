"""Process trees, with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from bench.paths import ROOT
from bench.system.cpu_time import cpu_time_between_s, process_cpu_time_s, tree_cpu_time_s
from bench.system.kernel_files import KERNEL_FILES, KernelFiles
from bench.system.process_tree import list_descendants, pause_tree, resume_tree, tree_resident_bytes
from tests.support.child_processes import SLEEPING_CODE, StartProcess, make_parent_code, read_line
from tests.support.machine_files import write_files
from tests.support.marks import linux_only
from tests.support.waiting import wait_for

SIGTERM_IGNORING_CODE = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); " + SLEEPING_CODE
)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_three_generations(start: StartProcess) -> tuple[subprocess.Popen[str], int, int]:
    process = start(make_parent_code(make_parent_code(SLEEPING_CODE)))
    child = int(read_line(process))
    wait_for(lambda: bool(psutil.Process(child).children()))
    return process, child, psutil.Process(child).children()[0].pid


def test_all_generations_are_found(start: StartProcess) -> None:
    process, child, grandchild = start_three_generations(start)
    assert list_descendants(process.pid) == [child, grandchild]
    assert list_descendants(grandchild) == []
    assert {process.pid, child, grandchild} <= set(list_descendants(os.getpid()))


def test_children_of_every_thread_are_found(start: StartProcess) -> None:
    process = start(
        "import subprocess, threading, time\n"
        "def work():\n"
        "    print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=work).start()\n"
    )
    child = int(read_line(process))
    assert list_descendants(process.pid) == [child]


def test_psutil_finds_descendants_without_the_kernels_lists(start: StartProcess, tmp_path: Path) -> None:
    process, child, grandchild = start_three_generations(start)
    assert sorted(list_descendants(process.pid, KernelFiles(tmp_path))) == sorted([child, grandchild])


def test_a_process_that_does_not_exist(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for files in (KERNEL_FILES, KernelFiles(tmp_path)):
        assert list_descendants(gone.pid, files) == []
        assert tree_cpu_time_s(gone.pid, files) == 0.0
        assert tree_resident_bytes(gone.pid, files) == 0


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
    kernel_files = write_files(tmp_path, files)
    assert sorted(list_descendants(5, kernel_files)) == [6, 7, 8, 10]
    assert list_descendants(5, kernel_files)[-1] == 10
    # The one private page of process 5, and the two shared pages once.
    assert tree_resident_bytes(5, kernel_files) == 3 * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a process reported that adopted its orphans, started others and then ended its descendants."""

    left: list[int]
    """The pids that `end_descendants` returned."""
    others: list[int]
    """The pids of the other processes."""
    descriptors: int
    """Number of file descriptors that the call left open."""


def sweep(start_others: str, call: str = "end_descendants(grace_s=30)", before: str = "") -> Sweep:
    """Run `start_others`, which fills the list `others` with pids, and then `call`, in a process of its own."""
    code = (
        "import json, os, signal, subprocess, sys, time\n"
        "import psutil\n"
        "from bench.system.prctl import adopt_orphans\n"
        "from bench.system.process_tree import end_descendants\n"
        "def start(code):\n"
        "    process = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)\n"
        "    return process.pid, process.stdout.readline().strip()\n"
        f"adopt_orphans()\n{before}\nothers = []\n{start_others}\n"
        "held = len(psutil.Process().open_files()) + psutil.Process().num_fds()\n"
        f"left = {call}\n"
        "now = len(psutil.Process().open_files()) + psutil.Process().num_fds()\n"
        "print(json.dumps({'left': left, 'others': others, 'descriptors': now - held}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return Sweep(**json.loads(done.stdout))


def start_code(code: str) -> str:
    """A line for `sweep` that starts a process with a child; `others` receives both pids."""
    return f"pid, child = start({code!r}); others += [pid, int(child)]\n"


def test_a_tree_ends() -> None:
    done = sweep(start_code(make_parent_code(make_parent_code(SLEEPING_CODE))))
    assert done.left == []
    assert len(done.others) == 2 and not any(map(is_running, done.others))
    assert done.descriptors == 0


def test_a_process_gets_sigterm_first(tmp_path: Path) -> None:
    file = tmp_path / "signal"
    handler = (
        "import signal, pathlib, sys, time\n"
        f"end = lambda number, frame: (pathlib.Path({str(file)!r}).write_text(str(number)), sys.exit())\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"print('up', flush=True)\n{SLEEPING_CODE}\n"
    )
    assert sweep(f"others.append(start({handler!r})[0])").left == []
    assert file.read_text() == str(int(signal.SIGTERM))


@pytest.mark.parametrize("call", ["end_descendants(grace_s=0.05)", "end_descendants()"])
def test_a_process_that_ignores_sigterm_is_killed(call: str) -> None:
    done = sweep(f"others.append(start({SIGTERM_IGNORING_CODE!r})[0])", call)
    assert done.left == []
    assert not any(map(is_running, done.others))


def test_several_trees_end_at_once() -> None:
    done = sweep(start_code(make_parent_code(SLEEPING_CODE)) * 3)
    assert done.left == []
    assert len(done.others) == 6 and not any(map(is_running, done.others))


@linux_only
def test_an_orphan_in_another_session_ends_too() -> None:
    middle = (
        "import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True, stdout=2).pid, flush=True)"
    )
    done = sweep(f"pid, orphan = start({middle!r}); os.waitpid(pid, 0); others.append(int(orphan))")
    assert done.left == []
    assert not any(map(is_running, done.others))


@linux_only
def test_a_child_started_while_ending_ends_too(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    handler = (
        "import os, pathlib, signal, subprocess, time\n"
        "def start_another(number, frame):\n"
        "    late = subprocess.Popen(['sleep', '600'])\n"
        f"    pathlib.Path({str(file)!r}).write_text(str(late.pid))\n"
        "    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, start_another)\n"
        f"print('up', flush=True)\n{SLEEPING_CODE}\n"
    )
    assert sweep(f"others.append(start({handler!r})[0])").left == []
    assert not is_running(int(file.read_text()))


def test_without_descendants_nothing_happens() -> None:
    assert sweep("").left == []


def test_a_zombie_is_reaped() -> None:
    exited = (
        "others.append(os.posix_spawn('/bin/true', ['true'], {}))\n"
        "os.waitid(os.P_PID, others[0], os.WEXITED | os.WNOWAIT)\n"
        "assert psutil.Process(others[0]).status() == 'zombie'\n"
    )
    done = sweep(exited)
    assert done.left == []
    assert not psutil.pid_exists(done.others[0])


def test_processes_that_cannot_be_ended_are_returned() -> None:
    refuse = (
        "def refuse(process): raise psutil.AccessDenied(process.pid)\n"
        "kill = psutil.Process.kill\n"
        "psutil.Process.terminate = psutil.Process.kill = refuse\n"
    )
    call = "end_descendants(grace_s=0.05, kill_s=0.05); kill(psutil.Process(others[0]))"
    done = sweep(f"others.append(start({SIGTERM_IGNORING_CODE!r})[0])", call, before=refuse)
    assert done.left == done.others


def measure_tree_times(pid: int) -> dict[int, float]:
    return {one: process_cpu_time_s(one) for one in [pid, *list_descendants(pid)]}


def test_a_paused_tree_uses_no_cpu_time_until_it_is_resumed(start: StartProcess) -> None:
    process = start(make_parent_code("while True: pass", then="while True: pass"))
    read_line(process)
    before = measure_tree_times(process.pid)
    wait_for(lambda: cpu_time_between_s(before, measure_tree_times(process.pid)) > 0.05)
    pause_tree(process.pid)
    wait_for(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in before))
    stopped = measure_tree_times(process.pid)
    time.sleep(0.1)
    assert measure_tree_times(process.pid) == stopped
    assert len(stopped) == 2
    resume_tree(process.pid)
    wait_for(lambda: all(spent > stopped[pid] for pid, spent in measure_tree_times(process.pid).items()))
