"""Problems: wrong results are refused, and bytes, operations, sides and calls are counted correctly."""

import numpy as np
import pytest

from bench.workload.interface import BadInput
from workloads.memory_traffic import problem as problem_module
from workloads.memory_traffic import problem_sizes, problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile


def test_a_wrong_result_is_refused():
    problem = problems.make_problem(TRANSFORMATIONS["transpose"], size_kib=4, side=0, tile=4, fields=1, seed=0)
    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.require_correct(None, "a kernel that does nothing")
    problem.require_out()[:] = np.nan
    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.require_correct(None, "a kernel that writes NaN")


@pytest.mark.parametrize("name", ["transpose", "stencil", "multithreading"])
@pytest.mark.parametrize("wrong", [2.0, np.nan])
def test_a_single_wrong_element_is_found_wherever_it_is(name, wrong):
    """Also in the last of the parts in which a result is checked, and in a part before one that is right."""
    problem = problems.make_problem(TRANSFORMATIONS[name], size_kib=3000, side=0, tile=8, fields=1, seed=1)
    out = problem.require_out()
    out[:] = problem.reference
    assert problem.require_correct(None, name) == 0
    for position in (0, out.size // 2, out.size - 1):
        right, out.flat[position] = out.flat[position], wrong
        with pytest.raises(BadInput, match="differs from NumPy"):
            problem.require_correct(None, name)
        out.flat[position] = right


def test_the_result_of_an_earlier_kernel_is_not_mistaken_for_that_of_a_later_one():
    for name in ("transpose", "stencil", "tiling", "dependence", "multithreading"):
        transformation = TRANSFORMATIONS[name]
        problem = problems.make_problem(transformation, size_kib=4, side=0, tile=4, fields=1, seed=0)
        arguments = problem.arguments_for(transformation.accelerated)
        function = numba_compile.load_function(transformation, transformation.version(transformation.accelerated))
        problem.run_checked(function, arguments, "correct")
        out = problem.require_out()
        correct = out.copy()

        def write_all_but_the_first_row(*_, first=problem.border, out=out, correct=correct):
            out[first + 1 :] = correct[first + 1 :]

        with pytest.raises(BadInput, match="differs from NumPy"):
            problem.run_checked(write_all_but_the_first_row, arguments, "a kernel that leaves out a row")


def test_the_intermediate_results_of_an_earlier_stencil_do_not_help_a_later_one():
    transformation = TRANSFORMATIONS["stencil"]
    problem = problems.make_problem(transformation, size_kib=4, side=0, tile=4, fields=1, seed=0)
    arguments = problem.arguments_for("rows")
    rows = numba_compile.load_function(transformation, transformation.version("rows"))
    problem.run_checked(rows, arguments, "correct")

    def do_only_the_last_sweep(start, even, odd, out, sweeps, tile):
        rows(even, even, odd, out, 1, tile)

    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.run_checked(do_only_the_last_sweep, arguments, "a kernel that does only the last sweep")


def test_sides_are_odd_and_fit():
    for kib in (1, 12, 256, 4096):
        side = problem_sizes.max_odd_side(kib * 1024, 3)
        assert side % 2 == 1
        assert side == 3 or 12 * side * side <= kib * 1024


# For 64 KiB, counted by hand: sides 127, 73, 89 and 63; 1,024 particles; vectors of 4,096 and 2,730.
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
    transformation = TRANSFORMATIONS[name]
    problem = problems.make_problem(transformation, size_kib=64, side=0, tile=0, fields=fields, seed=0)
    assert (problem.bytes, problem.flops) == EXPECTED_COUNTS[name, fields]
    traffic = {version.name: problem.traffic_bytes(version.name) for version in transformation.versions}
    # The version `time` moves the grid once for all sweeps. Every other version moves as much as the plain algorithm.
    expected = {"time": 2 * 4 * 63**2} if name == "stencil" else {}
    assert traffic == dict.fromkeys(traffic, problem.bytes) | expected


@pytest.mark.parametrize(("size_kib", "name"), [(16, "layout"), (64, "tiling"), (256 * 1024, "multithreading")])
def test_small_work_is_called_often_and_large_work_once(size_kib, name):
    problem = problems.make_problem(TRANSFORMATIONS[name], size_kib=size_kib, side=0, tile=0, fields=1, seed=0)
    calls = problem.calls
    assert calls == 1 or calls * problem.bytes <= problem_module.SAMPLE_BYTES
    assert calls * max(1, problem.flops) <= max(problem_module.SAMPLE_FLOPS, problem.flops)
    assert (calls > 100) == (size_kib == 16)


def test_very_small_work_is_not_called_millions_of_times():
    for name, size in (
        ("unit-stride", {"side": 1}),
        ("layout", {"size_kib": 1}),
        ("tiling", {"side": 1}),
        ("transpose", {"side": 2}),
        ("stencil", {"side": 3}),
    ):
        sizes = {"size_kib": 0, "side": 0} | size
        problem = problems.make_problem(TRANSFORMATIONS[name], tile=0, fields=1, seed=0, **sizes)
        assert problem.calls == problem_module.MAX_CALLS <= 10_000, name


def test_a_cache_must_hold_only_the_bytes_that_a_version_touches():
    layout = problems.make_problem(TRANSFORMATIONS["layout"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    assert (layout.touched_bytes("aos"), layout.touched_bytes("soa")) == (64 * 1024, 8 * 1024)
    assert layout.array_bytes("soa") == 64 * 1024
    stencil = problems.make_problem(TRANSFORMATIONS["stencil"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    assert stencil.touched_bytes("time") == stencil.array_bytes("time")
