"""What `bench.machine.telemetry` reads, from files with known content and from this machine."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from bench.machine.telemetry import Telemetry, parse_stat
from bench.system.kernel_files import KernelFiles
from bench.values.base import Arm
from bench.values.readings import CoreReading, Reading
from tests.support.child_processes import kill_tree

FIRST_STAT = """\
cpu  100 10 20 800 50 5 5 10 40 0
cpu0 50 10 10 400 20 5 0 5 40 0
cpu3 50 0 10 400 30 0 5 5 0 0
intr 12345 0 0
ctxt 1
btime 1700000000
"""
# cpu0: 30 ticks busy, 10 stolen, 60 idle. cpu3: idle, and its count of waiting steps back.
SECOND_STAT = """\
cpu  130 10 20 900 40 5 5 20 70 0
cpu0 80 10 10 450 30 5 0 15 70 0
cpu3 50 0 10 450 10 0 5 5 0 0
intr 12399 0 0
"""

MEMINFO = """\
MemTotal:        1000 kB
MemFree:          100 kB
MemAvailable:     400 kB
SwapTotal:         50 kB
SwapFree:          20 kB
"""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it in /proc")


def write_file(root: Path, path: str, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_file(tmp_path, "proc/stat", FIRST_STAT)
    write_file(tmp_path, "proc/meminfo", MEMINFO)
    write_file(tmp_path, "proc/vmstat", "nr_free_pages 5\npswpin 17\npswpout 3\n")
    return tmp_path


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child of its own, which lives until its input ends."""
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        yield process
        kill_tree(process)


def test_load_is_the_share_since_the_last_read(root: Path) -> None:
    with Telemetry(KernelFiles(root)) as telemetry:
        first = telemetry.read(0.0)
        assert [core.busy for core in first.cores] == [0.0, 0.0]
        assert first.steal is None
        write_file(root, "proc/stat", SECOND_STAT)
        second = telemetry.read(0.3)
        assert [core.busy for core in second.cores] == pytest.approx([0.3, 0.0])
        assert telemetry.cores == [0, 3]
        # All together: 30 busy, 100 idle, 10 stolen, and 10 waiting fewer.
        assert second.steal == pytest.approx(10 / 130)


def test_without_a_tick_the_load_stays_what_it_was(root: Path) -> None:
    with Telemetry(KernelFiles(root)) as telemetry:
        telemetry.read(0.0)
        write_file(root, "proc/stat", SECOND_STAT)
        before = telemetry.read(0.3)
        again = telemetry.read(0.301)
    assert [core.busy for core in again.cores] == [core.busy for core in before.cores]
    assert again.steal is None


def test_a_core_that_comes_and_one_that_goes(root: Path) -> None:
    with Telemetry(KernelFiles(root)) as telemetry:
        telemetry.read(0.0)
        write_file(root, "proc/stat", SECOND_STAT.replace("cpu3", "cpu5"))
        assert [core.busy for core in telemetry.read(0.3).cores] == pytest.approx([0.3, 0.0])
        assert telemetry.cores == [0, 5]


def test_stat_without_the_machine() -> None:
    assert parse_stat(b"") is None
    assert parse_stat(b"intr 1 2 3\n") is None
    assert parse_stat(b"cpu  1 2 3 4 5 6 7 8 0 0\n") is None


def test_guest_time_counts_once() -> None:
    machine, cores = parse_stat(FIRST_STAT.encode()) or (None, {})
    assert machine is not None
    assert (machine.busy, machine.steal, machine.total) == (140, 10, 1000)
    assert cores[0].busy == 75


def test_memory_and_swap(root: Path) -> None:
    with Telemetry(KernelFiles(root)) as telemetry:
        first = telemetry.read(0.0)
        write_file(root, "proc/vmstat", "pswpin 20\n")
        second = telemetry.read(1.0)
    assert (first.memory_used, first.swap_used) == (600 << 10, 30 << 10)
    assert (first.swapped_in, second.swapped_in) == (17, 20)


def test_a_file_longer_than_one_read_is_read_whole(root: Path) -> None:
    write_file(root, "proc/vmstat", "nr_something 1\n" * 20_000 + "pswpin 99\n")
    with Telemetry(KernelFiles(root)) as telemetry:
        assert telemetry.read(0.0).swapped_in == 99


def test_frequency_of_each_core(root: Path) -> None:
    frequency = "sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq"
    write_file(root, frequency, "2400000\n")
    write_file(root, "proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 1000.500\n\nprocessor\t: 3\ncpu MHz\t\t: 1100.000\n")
    with Telemetry(KernelFiles(root)) as telemetry:
        assert [core.mhz for core in telemetry.read(0.0).cores] == [1000.5, 2400.0]
        write_file(root, frequency, "3100000\n")
        assert telemetry.read(0.3).cores[1].mhz == 3100.0


def test_an_arm_core_without_cpufreq_has_no_frequency(root: Path) -> None:
    write_file(root, "proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 3\nBogoMIPS\t: 50.00\n")
    with Telemetry(KernelFiles(root)) as telemetry:
        assert [core.mhz for core in telemetry.read(0.0).cores] == [None, None]


def test_cpuinfo_and_throttling_are_read_now_and_then(root: Path) -> None:
    def write(mhz: int, throttled: int) -> None:
        write_file(root, "proc/cpuinfo", f"processor\t: 0\ncpu MHz\t: {mhz}\n\nprocessor\t: 3\ncpu MHz\t: {mhz}\n")
        for core in (0, 3):
            cpu = f"sys/devices/system/cpu/cpu{core}"
            write_file(root, f"{cpu}/topology/physical_package_id", "0\n")
            write_file(root, f"{cpu}/thermal_throttle/core_throttle_count", f"{throttled}\n")
            write_file(root, f"{cpu}/thermal_throttle/package_throttle_count", "5\n")

    write(1000, 1)
    with Telemetry(KernelFiles(root)) as telemetry:
        readings = [telemetry.read(10.0)]
        write(2000, 4)
        readings += [telemetry.read(10.3), telemetry.read(12.1)]
    assert [reading.cores[0].mhz for reading in readings] == [1000, 1000, 2000]
    # Both cores' counts, and the one package's once.
    assert [reading.throttled for reading in readings] == [7, 7, 13]


@pytest.mark.parametrize(
    ("sensors", "celsius"),
    [
        ({"coretemp": [51.0, 64.5, 60.0], "nvme": [80.0]}, 64.5),
        ({"nvme": [38.0], "k10temp": [47.0]}, 47.0),
        ({"cpu_thermal": [39.5]}, 39.5),
        ({"nvme": [38.0]}, None),
        ({}, None),
    ],
)
def test_temperature_is_the_hottest_of_the_processor(
    root: Path, monkeypatch: pytest.MonkeyPatch, sensors: dict[str, list[float]], celsius: float | None
) -> None:
    answer = {name: [SimpleNamespace(current=value) for value in values] for name, values in sensors.items()}
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: answer, raising=False)
    with Telemetry(KernelFiles(root)) as telemetry:
        assert telemetry.read(0.0).celsius == celsius


def test_no_sensors_are_not_looked_for_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def none() -> dict[str, list[SimpleNamespace]]:
        calls.append(1)
        return {}

    monkeypatch.setattr(psutil, "sensors_temperatures", none, raising=False)
    with Telemetry(KernelFiles(root)) as telemetry:
        for now in (0.0, 10.0, 20.0):
            telemetry.read(now)
    assert len(calls) == 1


def test_a_system_without_temperatures_in_psutil(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_temperatures", raising=False)
    with Telemetry(KernelFiles(root)) as telemetry:
        assert telemetry.read(0.0).celsius is None


def test_nothing_to_read_at_all(tmp_path: Path) -> None:
    with Telemetry(KernelFiles(tmp_path)) as telemetry:
        readings = [telemetry.read(0.0), telemetry.read(1.0)]
    for reading in readings:
        assert len(reading.cores) == os.cpu_count()
        assert (reading.steal, reading.throttled, reading.swapped_in) == (None, None, None)
        assert {core.mhz for core in reading.cores} == {None}
        assert reading.memory_used > 0


def test_closing_closes_all_files(root: Path) -> None:
    held = len(psutil.Process().open_files())
    telemetry = Telemetry(KernelFiles(root))
    telemetry.read(0.0)
    assert len(psutil.Process().open_files()) > held
    telemetry.close()
    telemetry.close()
    assert len(psutil.Process().open_files()) == held
    assert telemetry.read(1.0).swapped_in is None


def test_a_deleted_telemetry_closes_its_files(root: Path) -> None:
    held = len(psutil.Process().open_files())
    telemetry = Telemetry(KernelFiles(root))
    telemetry.read(0.0)
    del telemetry
    assert len(psutil.Process().open_files()) == held


@linux_only
def test_memory_of_the_arms(child: subprocess.Popen[bytes]) -> None:
    with Telemetry() as telemetry:
        memory = telemetry.read(0.0, {Arm.BASELINE: child.pid, Arm.ACCELERATED: os.getpid()}).arm_memory
        grandchild = psutil.Process(child.pid).children()[0]
        assert memory[Arm.BASELINE] > psutil.Process(child.pid).memory_info().rss / 2
        assert memory[Arm.BASELINE] > grandchild.memory_info().rss
        # This process is the parent of the other arm's.
        assert memory[Arm.ACCELERATED] > memory[Arm.BASELINE]
        assert telemetry.read(0.3).arm_memory == {}


def test_an_arm_that_exits_uses_no_memory(child: subprocess.Popen[bytes]) -> None:
    arms = {Arm.ACCELERATED: child.pid}
    with Telemetry() as telemetry:
        assert telemetry.read(0.0, arms).arm_memory[Arm.ACCELERATED] > 0
        kill_tree(child)
        # Before and after the tree is looked through again.
        assert telemetry.read(0.3, arms).arm_memory == {Arm.ACCELERATED: 0}
        assert telemetry.read(1e9, arms).arm_memory == {Arm.ACCELERATED: 0}


@linux_only
def test_new_processes_of_an_arm_are_found(root: Path) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    write_file(root, "proc/thread-self/children", "")
    write_file(root, "proc/70/task/70/children", "")
    write_file(root, "proc/70/statm", "900 10 5 1 0 100 0\n")
    with Telemetry(KernelFiles(root)) as telemetry:
        assert telemetry.read(0.0, {Arm.BASELINE: 70}).arm_memory == {Arm.BASELINE: 10 * page}
        write_file(root, "proc/70/task/70/children", "71 ")
        write_file(root, "proc/71/statm", "900 4 2 1 0 100 0\n")
        assert telemetry.read(1e6, {Arm.BASELINE: 70}).arm_memory == {Arm.BASELINE: (5 + 2 + 5) * page}


def test_this_machine() -> None:
    with Telemetry() as telemetry:
        first, second = telemetry.read(1.0), telemetry.read(2.0)
    assert {core.busy for core in first.cores} == {0.0}
    assert len(second.cores) == psutil.cpu_count()
    assert (first.at, second.at) == (1.0, 2.0)
    assert 0 < second.memory_used < psutil.virtual_memory().total
    assert second.load is not None and math.isfinite(second.load)
    assert Reading.model_validate_json(second.model_dump_json()) == second
    assert all(isinstance(core, CoreReading) for core in second.cores)
