"""TODO: tests.workloads.memory_traffic.test_problems."""

import numpy as np
import pytest

from bench.workload.interface import BadInput
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile


def test_a_wrong_kernel_is_refused_before_it_is_timed():
    problem = problems.make_problem(TRANSFORMATIONS["transpose"], size_kib=4, side=0, tile=4, fields=1, seed=0)
    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.check(None, "a kernel that does nothing")
    problem.out[:] = np.nan
    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.check(None, "a kernel that computes no numbers")


def test_what_an_earlier_kernel_left_does_not_pass_for_a_later_ones():
    for name in ("transpose", "stencil", "tiling", "dependence", "multithreading"):
        one = TRANSFORMATIONS[name]
        problem = problems.make_problem(one, size_kib=4, side=0, tile=4, fields=1, seed=0)
        arguments = problem.given(one.after)
        problem.checked(numba_compile.load_function(one, one.version(one.after)), arguments, "right")
        left = problem.out.copy()

        def all_but_the_first_row(*given, problem=problem, left=left):
            first = problem.border
            problem.out[first + 1 :] = left[first + 1 :]

        with pytest.raises(BadInput, match="differs from NumPy"):
            problem.checked(all_but_the_first_row, arguments, "a kernel that leaves out a row")


def test_what_an_earlier_stencil_left_on_its_way_does_not_help_a_later_one():
    one = TRANSFORMATIONS["stencil"]
    problem = problems.make_problem(one, size_kib=4, side=0, tile=4, fields=1, seed=0)
    arguments = problem.given("rows")
    rows = numba_compile.load_function(one, one.version("rows"))
    problem.checked(rows, arguments, "right")

    def lazy(start, between, other, out, sweeps, tile):
        rows(between, between, other, out, 1, tile)

    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.checked(lazy, arguments, "a kernel that does the last sweep alone")


def test_sides_are_odd_and_fit():
    for kib in (1, 12, 256, 4096):
        side = problems.max_odd_side(kib * 1024, 3)
        assert side % 2 == 1
        assert side == 3 or 12 * side * side <= kib * 1024


# Of 64 KiB, counted by hand: sides 127, 73, 89 and 63; 1,024 particles; vectors of 4,096 and 2,730.
EXPECTED_COUNTS = {
    ("unit-stride", 1): (4 * 127**2, 127**2),
    ("layout", 1): (8 * 1024, 1024),
    ("layout", 2): (2 * 8 * 1024, 2 * 1024),
    ("layout", 8): (8 * 8 * 1024, 12 * 1024),
    ("vectorization", 1): (2 * 8 * 4096, 2 * 4096),
    ("dependence", 1): (2 * 8 * 4096, 4096),
    ("multithreading", 1): (3 * 8 * 2730, 2 * 2730),
    ("tiling", 1): (3 * 4 * 73**2, 2 * 73**3),
    ("transpose", 1): (2 * 4 * 89**2, 0),
    ("stencil", 1): (8 * 2 * 4 * 63**2, 8 * 4 * 61**2),
}


@pytest.mark.parametrize(("name", "fields"), EXPECTED_COUNTS)
def test_bytes_and_operations_are_those_of_the_plain_algorithm(name, fields):
    one = TRANSFORMATIONS[name]
    problem = problems.make_problem(one, size_kib=64, side=0, tile=0, fields=fields, seed=0)
    assert (problem.bytes, problem.flops) == EXPECTED_COUNTS[name, fields]
    others = {version.name: problem.traffic(version.name) for version in one.versions}
    # Tiles in time go over the grid once for all sweeps; whatever else is done to a loop, it must move as much.
    expected = {"time": 2 * 4 * 63**2} if name == "stencil" else {}
    assert others == dict.fromkeys(others, problem.bytes) | expected


@pytest.mark.parametrize(("size_kib", "name"), [(16, "layout"), (64, "tiling"), (256 * 1024, "multithreading")])
def test_small_work_is_called_often_and_large_once(size_kib, name):
    problem = problems.make_problem(TRANSFORMATIONS[name], size_kib=size_kib, side=0, tile=0, fields=1, seed=0)
    calls = problem.calls
    assert calls == 1 or calls * problem.bytes <= problems.SAMPLE_BYTES
    assert calls * max(1, problem.flops) <= max(problems.SAMPLE_FLOPS, problem.flops)
    assert (calls > 100) == (size_kib == 16)


def test_the_tiniest_work_is_not_called_millions_of_times():
    for name, size in (
        ("unit-stride", {"side": 1}),
        ("layout", {"size_kib": 1}),
        ("tiling", {"side": 1}),
        ("transpose", {"side": 2}),
        ("stencil", {"side": 3}),
    ):
        given = {"size_kib": 0, "side": 0} | size
        problem = problems.make_problem(TRANSFORMATIONS[name], tile=0, fields=1, seed=0, **given)
        assert problem.calls == problems.MAX_CALLS <= 10_000, name


def test_the_roofs_level_is_that_of_what_a_version_touches():
    layout = problems.make_problem(TRANSFORMATIONS["layout"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    assert (layout.touched("aos"), layout.touched("soa")) == (64 * 1024, 8 * 1024)
    assert layout.resident("soa") == 64 * 1024
    stencil = problems.make_problem(TRANSFORMATIONS["stencil"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    assert stencil.touched("time") == stencil.resident("time")
