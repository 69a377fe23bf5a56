"""pandas to Modin with real faults: killed processes, full disks, and a full object store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from bench.paths import ROOT
from bench.run import events
from bench.run.events import State
from bench.system.process_tree import list_descendants
from bench.values.base import Arm
from tests.support.modin import needs_ray, prepare_pandas_arm, run_modin_race
from tests.support.processes import list_processes, wait_until_gone
from tests.support.waiting import wait_for
from workloads.modin.engines import errors

SERVER_SCRIPT = """
import time
from bench.scheduler.dispatcher import Dispatcher
from bench.plan.validation import make_plan
plan = make_plan('modin', 'etl', cores=1, batch=400, budget_s=60, target=0, parameters={'columns': 6})
Dispatcher().submit_race(plan, origin='page')
time.sleep(120)
"""


@pytest.fixture
def server(tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that starts a race of Modin, as a page server does. It has its own home and temporary folder."""
    folders = {"HOME": str(tmp_path / "person"), "TMPDIR": str(tmp_path / "temporary")}
    for folder in folders.values():
        Path(folder).mkdir()
    process = subprocess.Popen([sys.executable, "-c", SERVER_SCRIPT], cwd=ROOT, env=dict(os.environ) | folders)
    yield process
    process.kill()
    process.wait()


def find_descendants(server: int, name: str) -> list[psutil.Process]:
    """Descendants of the server with `name` in their command line."""
    found = []
    for pid in list_descendants(server):
        try:
            process = psutil.Process(pid)
            if name in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


LOOPBACK_ADDRESSES = {"127.0.0.1", "::ffff:127.0.0.1", "::1"}


def list_listening_sockets(pid: int) -> list:
    """The sockets on which a process listens."""
    try:
        return [socket for socket in psutil.Process(pid).net_connections("tcp") if socket.status == psutil.CONN_LISTEN]
    except psutil.Error:
        return []


@needs_ray
@pytest.mark.parametrize(
    "killed", ["bench.worker.arm_worker", "bench.system.supervisor", "bench.scheduler.runner", "the server"]
)
def test_with_ray_up_nothing_is_left_after_a_kill(home, tmp_path, server, killed):
    others = set(Path("/tmp").glob("ray*"))
    # The first: a process that it starts has the same command line until it executes another program.
    raylet = wait_for(lambda: find_descendants(server.pid, "raylet/raylet "))[0]
    # Workers could be left behind. They have started when they have set their titles.
    wait_for(lambda: find_descendants(server.pid, "ray::"))
    sockets = [socket for pid in list_descendants(server.pid) for socket in list_listening_sockets(pid)]
    assert {socket.laddr.ip for socket in sockets} <= LOOPBACK_ADDRESSES
    above = [process for process in raylet.parents() if killed in " ".join(process.cmdline())]
    os.kill(above[0].pid if above else server.pid, signal.SIGKILL)
    assert bool(above) == (killed != "the server")
    if killed == "the server":
        server.wait()
    # The process of the run stays until it has stored the run. The server, unless it was killed, outlives this test.
    wait_for(
        lambda: (
            not [
                left for left in list_processes(home, "bench.scheduler.runner") if not left.startswith(f"{server.pid} ")
            ]
        )
    )
    assert not list((tmp_path / "person").iterdir()), "Ray's token and folders are not in the home directory"
    assert not list((tmp_path / "temporary").iterdir())
    assert set(Path("/tmp").glob("ray*")) <= others


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path], None]]:
    """A function that mounts a file system of one megabyte on a folder."""
    mounted: list[Path] = []

    def mount(folder: Path) -> None:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        mounted.append(folder)

    if os.name != "posix" or os.getuid():
        pytest.skip("only root may mount a small file system")
    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_while_pandas_writes_is_reported(tmp_path, small_disk):
    (tmp_path / "out").mkdir()
    small_disk(tmp_path / "out")
    with pytest.raises(errors.EngineFault, match="The disk to which the call writes is full") as refusal:
        prepare_pandas_arm(tmp_path, case="files", rows=40_000)
    assert "Free space" in refusal.value.remedy


@needs_ray
def test_a_full_disk_while_modin_writes_is_a_clear_failure(tmp_path, home, small_disk):
    def fill(event: events.Event) -> None:
        if isinstance(event, events.ArmPrepared) and event.prepared.arm is Arm.ACCELERATED:
            small_disk(tmp_path / "scratch" / "accelerated-1" / "scratch" / "out")

    run = run_modin_race(tmp_path, fill, case="files", rows=40_000)
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Ray)" in run.failure.what
    assert "disk to which the call writes is full" in run.failure.what
    assert "Free space" in run.failure.remedy
    assert not wait_until_gone(home)


FULL_STORE_SCRIPT = """
import sys
from pathlib import Path
from bench.workload.interface import Settings
from workloads.modin.arm import DataFrameCalls
from workloads.modin.engines import errors, ray_engine
scratch, cache = map(Path, sys.argv[1:])
ray_engine._choose_store_bytes = lambda frame_bytes: 80 << 20  # The smallest that Ray accepts; the table is larger.
parameters = {'columns': 128, 'kind': 'integer', 'file': 'synthetic', 'cluster': 'own'}
arm = DataFrameCalls(Settings('calls', 'modin-ray', 1, 1 << 17, parameters, 0, scratch, scratch, cache))
try:
    arm.prepare(lambda text, share=None: None)
    print('prepared')
except errors.EngineFault as error:
    print(error, '|', error.remedy)
"""


def fill_object_store(tmp_path: Path) -> str:
    (tmp_path / "cache").mkdir()
    command = ["-c", FULL_STORE_SCRIPT, str(tmp_path), str(tmp_path / "cache")]
    # The supervisor ends all processes that the script leaves. Its standard input stays open until the script has
    # ended.
    reader, writer = os.pipe()
    log = tmp_path / "log"
    with log.open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "bench.system.supervisor", "0", sys.executable, *command],
            cwd=ROOT,
            env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
            stdin=reader,
            stdout=out,
            stderr=out,
            timeout=200,
        )
    os.close(reader)
    os.close(writer)
    return log.read_text()


@needs_ray
def test_a_full_object_store_without_disk_space_to_spill_is_reported(tmp_path, home, small_disk):
    (tmp_path / "spill").mkdir()
    small_disk(tmp_path / "spill")
    output = fill_object_store(tmp_path)
    assert "The disk to which the object store spills is full" in output
    assert "Free space on it" in output
    assert not wait_until_gone(home)


@needs_ray
@pytest.mark.slow
def test_a_table_larger_than_the_object_store_spills_and_the_calls_work(tmp_path, home):
    assert "prepared" in fill_object_store(tmp_path)
    assert not wait_until_gone(home)
