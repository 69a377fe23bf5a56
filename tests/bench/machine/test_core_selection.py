"""Which cores a race gets."""

from pathlib import Path

import pytest

from bench.machine.core_selection import choose_cores, core_counts_to_try
from tests.support.machine_files import write_files


@pytest.mark.usefixtures("four_cores")
def test_each_physical_core_comes_before_a_second_thread(tmp_path: Path) -> None:
    siblings = {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}
    files = write_files(
        tmp_path,
        {
            f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list": f"{text}\n"
            for core, text in siblings.items()
        },
    )
    assert choose_cores(2, files) == [0, 1]
    assert choose_cores(3, files) == [0, 1, 2]


@pytest.mark.usefixtures("four_cores")
def test_without_a_topology_each_processor_is_a_core(tmp_path: Path) -> None:
    assert choose_cores(3, write_files(tmp_path, {})) == [0, 1, 2]


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize("count", [0, 5])
def test_more_cores_than_there_are_is_an_error(tmp_path: Path, count: int) -> None:
    with pytest.raises(ValueError, match=f"Expected 1 to 4 cores, the most that this process may use, got {count}"):
        choose_cores(count, write_files(tmp_path, {}))


def test_other_core_counts() -> None:
    assert core_counts_to_try(1) == []
    assert core_counts_to_try(2) == [1]
    assert core_counts_to_try(16) == [1, 4, 8]


@pytest.mark.usefixtures("four_cores")
def test_a_race_uses_cores_of_one_kind_or_is_refused(tmp_path: Path) -> None:
    hybrid = {"sys/devices/cpu_core/cpus": "3\n", "sys/devices/cpu_atom/cpus": "0-2\n"}
    files = write_files(tmp_path, hybrid)
    assert choose_cores(1, files) == [3]
    assert choose_cores(2, files) == [0, 1]
    with pytest.raises(ValueError, match=r"Expected 1 to 3 cores, .* \(cores of one kind, of 1 performance and 3 eff"):
        choose_cores(4, files)
