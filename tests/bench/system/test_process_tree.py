"""Process trees, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.paths import ROOT
from bench.system import process_tree
from bench.system.cpu_time import cpu_time_between_s, process_cpu_time_s, tree_cpu_time_s
from bench.system.process_tree import descendants, pause_tree, resume_tree, terminate_tree, tree_resident_bytes
from tests.support.child_processes import SLEEPING_CODE, StartProcess, make_parent_code, read_line
from tests.support.marks import linux_only
from tests.support.waiting import MAX_WAIT_S, wait_until

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
    wait_until(lambda: bool(psutil.Process(child).children()))
    return process, child, psutil.Process(child).children()[0].pid


def test_all_generations_are_found(start: StartProcess) -> None:
    process, child, grandchild = start_three_generations(start)
    assert descendants(process.pid) == [child, grandchild]
    assert descendants(grandchild) == []
    assert {process.pid, child, grandchild} <= set(descendants(os.getpid()))


def test_children_of_every_thread_are_found(start: StartProcess) -> None:
    process = start(
        "import subprocess, threading, time\n"
        "def work():\n"
        "    print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=work).start()\n"
    )
    child = int(read_line(process))
    assert descendants(process.pid) == [child]


def test_without_the_kernels_lists_psutil_finds_them(start: StartProcess, tmp_path: Path) -> None:
    process, child, grandchild = start_three_generations(start)
    assert sorted(descendants(process.pid, tmp_path)) == sorted([child, grandchild])


def test_a_process_that_never_was(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for root in (Path("/"), tmp_path):
        assert descendants(gone.pid, root) == []
        assert tree_cpu_time_s(gone.pid, root) == 0.0
        assert tree_resident_bytes(gone.pid, root) == 0


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
    assert tree_resident_bytes(5, tmp_path) == 3 * os.sysconf("SC_PAGE_SIZE")


def test_a_tree_ends(start: StartProcess) -> None:
    process, child, grandchild = start_three_generations(start)
    assert terminate_tree([process.pid], grace_s=MAX_WAIT_S) == []
    assert not any(map(is_running, (process.pid, child, grandchild)))
    # The exit code was left for us: it was SIGTERM that did it.
    assert process.wait() == -signal.SIGTERM


def test_who_ignores_the_request_is_killed(start: StartProcess) -> None:
    process = start(SIGTERM_IGNORING_CODE)
    assert read_line(process) == "up"
    assert terminate_tree([process.pid], grace_s=0.05) == []
    assert process.wait() == -signal.SIGKILL


def test_several_trees_at_once(start: StartProcess) -> None:
    trees = [start(make_parent_code(SLEEPING_CODE)) for _ in range(3)]
    children = [int(read_line(process)) for process in trees]
    assert terminate_tree([process.pid for process in trees], grace_s=MAX_WAIT_S) == []
    assert not any(map(is_running, children))


@linux_only
def test_an_orphan_of_the_session_ends_too(start: StartProcess) -> None:
    middle = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
    process = start(
        "import subprocess, sys, time\n"
        f"middle = subprocess.Popen([sys.executable, '-c', {middle!r}], stdout=subprocess.PIPE, text=True)\n"
        "orphan = middle.stdout.readline()\n"
        "middle.wait()\n"
        "print(orphan, flush=True)\n"
        "time.sleep(600)\n"
    )
    orphan = int(read_line(process))
    assert descendants(process.pid) == []
    assert is_running(orphan)
    assert terminate_tree([process.pid], grace_s=MAX_WAIT_S) == []
    assert not is_running(orphan)


@linux_only
def test_a_child_started_while_ending_ends_too(start: StartProcess) -> None:
    then = (
        "import os, signal, time\n"
        "def more(number, frame):\n"
        "    print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, more)\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    process = start(make_parent_code(SLEEPING_CODE, then))
    read_line(process)
    assert read_line(process) == "up"
    assert terminate_tree([process.pid], grace_s=MAX_WAIT_S) == []
    late = int(read_line(process))
    assert not is_running(late)


def test_nobody_to_end() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert terminate_tree([gone.pid], grace_s=MAX_WAIT_S) == []
    assert terminate_tree([], grace_s=MAX_WAIT_S) == []


def test_a_zombie_counts_as_gone(start: StartProcess) -> None:
    process = start("")
    wait_until(lambda: not is_running(process.pid))
    assert terminate_tree([process.pid], grace_s=MAX_WAIT_S) == []
    assert process.wait() == 0


def test_the_calling_process_survives() -> None:
    code = (
        "import os, subprocess, sys\n"
        "from bench.system.process_tree import terminate_tree\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "print(terminate_tree([os.getpid(), child.pid], grace_s=30), child.wait())\n"
    )
    folder = ROOT
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "[] -15\n"


def test_a_pid_that_was_given_out_again_is_left_alone(start: StartProcess) -> None:
    """The tree has seen a process of this pid that was created at another time."""
    innocent = start(SLEEPING_CODE)
    tree = process_tree._Tree([innocent.pid])
    assert [process.pid for process in tree.living()] == [innocent.pid]
    seen = tree.living()[0]
    seen._ident = (innocent.pid, seen.create_time() - 100)
    assert tree.living() == []
    with pytest.raises(psutil.NoSuchProcess):
        seen.terminate()
    assert is_running(innocent.pid)


def test_who_cannot_be_ended_is_named(start: StartProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    process = start(SLEEPING_CODE)
    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, "terminate", denied)
        patched.setattr(psutil.Process, "kill", denied)
        assert terminate_tree([process.pid], grace_s=0.05, kill_s=0.05) == [process.pid]
    assert is_running(process.pid)


def test_a_system_without_exit_descriptors(start: StartProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process, child, grandchild = start_three_generations(start)
    assert terminate_tree([process.pid], grace_s=MAX_WAIT_S) == []
    assert not any(map(is_running, (process.pid, child, grandchild)))


@linux_only
def test_ending_a_tree_leaves_no_descriptors_open(start: StartProcess) -> None:
    process, _, _ = start_three_generations(start)
    held = len(os.listdir("/proc/self/fd"))
    assert terminate_tree([process.pid], grace_s=MAX_WAIT_S) == []
    assert len(os.listdir("/proc/self/fd")) == held


def measure_tree_times(pid: int) -> dict[int, float]:
    return {one: process_cpu_time_s(one) for one in [pid, *descendants(pid)]}


def test_a_frozen_tree_uses_no_processor_until_it_is_thawed(start: StartProcess) -> None:
    process = start(make_parent_code("while True: pass", then="while True: pass"))
    read_line(process)
    before = measure_tree_times(process.pid)
    wait_until(lambda: cpu_time_between_s(before, measure_tree_times(process.pid)) > 0.05)
    pause_tree(process.pid)
    wait_until(lambda: all(psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in before))
    stopped = measure_tree_times(process.pid)
    time.sleep(0.1)
    assert measure_tree_times(process.pid) == stopped
    assert len(stopped) == 2
    resume_tree(process.pid)
    wait_until(lambda: all(spent > stopped[pid] for pid, spent in measure_tree_times(process.pid).items()))
