"""pandas to Modin when something goes wrong: processes killed, disks and object stores full. All of it is real."""

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
from bench.values import Arm
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.modin import prepare_pandas_arm, run_modin_race
from tests.support.processes import list_processes, wait_until_gone
from tests.support.waiting import wait_for

WORKLOAD = load_workloads()["modin"]
ray = pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable() or "here")


SERVER_SCRIPT = """
import time
from bench.scheduler.dispatcher import Dispatcher
from bench.plan.validation import make_plan
plan = make_plan('modin', 'etl', cores=1, batch=400, budget_s=60, target=0, parameters={'columns': 6})
Dispatcher().submit(plan, origin='page')
time.sleep(120)
"""


@pytest.fixture
def server(tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has a race of Modin's run, as a page server does; home and temporary folder are its own."""
    own = {"HOME": str(tmp_path / "person"), "TMPDIR": str(tmp_path / "temporary")}
    for folder in own.values():
        Path(folder).mkdir()
    process = subprocess.Popen([sys.executable, "-c", SERVER_SCRIPT], cwd=ROOT, env=dict(os.environ) | own)
    yield process
    process.kill()
    process.wait()


def find_descendants(server: int, name: str) -> list[psutil.Process]:
    """Processes below the server, of all generations, with `name` in their command line."""
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
    """The sockets at which a process waits for others to connect."""
    try:
        return [one for one in psutil.Process(pid).net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except psutil.Error:
        return []


@ray
@pytest.mark.parametrize(
    "killed", ["bench.worker.arm_worker", "bench.system.supervisor", "bench.scheduler.runner", "the server"]
)
def test_with_ray_up_nothing_is_left_two_seconds_after_a_kill(home, tmp_path, server, killed):
    others = set(Path("/tmp").glob("ray*"))
    # The nearest: what it starts has its command line too, until it becomes another program.
    raylet = wait_for(lambda: find_descendants(server.pid, "raylet/raylet "))[0]
    # The workers of Ray are what would stay behind: they are up when they have named themselves.
    wait_for(lambda: find_descendants(server.pid, "ray::"))
    assert {
        heard.laddr.ip for pid in list_descendants(server.pid) for heard in list_listening_sockets(pid)
    } <= LOOPBACK_ADDRESSES
    above = [process for process in raylet.parents() if killed in " ".join(process.cmdline())]
    os.kill(above[0].pid if above else server.pid, signal.SIGKILL)
    assert bool(above) == (killed != "the server")
    if killed == "the server":
        server.wait()
    # The run's process stays until it has stored the run; the server, unless it was killed, for longer than this test.
    wait_for(
        lambda: (
            not [
                left for left in list_processes(home, "bench.scheduler.runner") if not left.startswith(f"{server.pid} ")
            ]
        ),
        2.0,
    )
    assert not list((tmp_path / "person").iterdir()), "Ray's token and folders are not in the home directory"
    assert not list((tmp_path / "temporary").iterdir())
    assert set(Path("/tmp").glob("ray*")) <= others


# --- full ---


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path], None]]:
    """Lays a file system of one megabyte over a folder."""
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


def test_a_disk_that_is_full_while_pandas_writes_is_told(tmp_path, small_disk):
    (tmp_path / "out").mkdir()
    small_disk(tmp_path / "out")
    with pytest.raises(BadInput, match="The disk is full to which the call writes") as error:
        prepare_pandas_arm(tmp_path, case="files", rows=40_000)
    assert "Free space" in error.value.remedy


@ray
def test_a_disk_that_is_full_while_modin_writes_ends_in_a_clear_failure(tmp_path, home, small_disk):
    def fill(event: events.Event) -> None:
        if isinstance(event, events.ArmPrepared) and event.prepared.arm is Arm.ACCELERATED:
            small_disk(tmp_path / "scratch" / "accelerated-1" / "scratch" / "out")

    run = run_modin_race(tmp_path, fill, case="files", rows=40_000)
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Ray)" in run.failure.what
    assert "disk is full to which the call writes" in run.failure.what
    assert "Free space" in run.failure.remedy
    assert not wait_until_gone(home)


FULL_STORE_SCRIPT = """
import sys
from pathlib import Path
from bench.workload.interface import BadInput, Settings
from workloads.modin import on_ray
from workloads.modin.arm import Frames
scratch, cache = map(Path, sys.argv[1:])
on_ray._store_bytes = lambda held: 80 << 20  # The smallest that Ray takes; the table is larger.
parameters = {'columns': 128, 'kind': 'integer', 'file': 'synthetic', 'cluster': 'own'}
arm = Frames(Settings('calls', 'modin-ray', 1, 1 << 17, parameters, 0, scratch, scratch, cache))
try:
    arm.prepare(lambda text, share=None: None)
    print('prepared')
except BadInput as error:
    print(error, '|', error.remedy)
"""


def fill_object_store(tmp_path: Path) -> str:
    (tmp_path / "cache").mkdir()
    command = ["-c", FULL_STORE_SCRIPT, str(tmp_path), str(tmp_path / "cache")]
    # Its supervisor ends what it leaves; nobody writes to it, so that only its own end ends it.
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


@ray
def test_an_object_store_that_is_full_with_no_disk_to_spill_to_is_told(tmp_path, home, small_disk):
    (tmp_path / "spill").mkdir()
    small_disk(tmp_path / "spill")
    told = fill_object_store(tmp_path)
    assert "The disk is full on which the object store puts what it has no room for" in told
    assert "Free space on it" in told
    assert not wait_until_gone(home)


@ray
@pytest.mark.slow
def test_a_table_larger_than_the_object_store_spills_and_is_worked_on(tmp_path, home):
    assert "prepared" in fill_object_store(tmp_path)
    assert not wait_until_gone(home)
