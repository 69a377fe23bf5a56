"""Every kernel against NumPy: at sizes that nothing divides, with threads, and with results that are slightly wrong."""

from __future__ import annotations

import numpy as np
import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import VERSION_PAIRS
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile

pytest.importorskip("numba", reason="Numba is not installed")


@pytest.mark.parametrize(("transformation", "version"), VERSION_PAIRS, ids=lambda value: value.name)
def test_every_kernel_is_correct_at_sizes_that_nothing_divides(transformation, version):
    """As plain Python: no tile, strip, block or thread's share divides the sizes evenly."""
    function = numba_compile.load_function(transformation, version, 8)
    for size_kib, tile in ((1, 5), (3, 4), (7, 8)):
        problem = problems.make_problem(transformation, size_kib=size_kib, side=0, tile=tile, fields=8, seed=1)
        returned = function(*problem.arguments_for(version.name))
        assert problem.require_correct(returned, version.name) <= problem.tolerance


@pytest.mark.parametrize("name", ["dependence", "stencil", "tiling"])
def test_threads_do_not_change_the_result(name):
    transformation = TRANSFORMATIONS[name]
    problem = problems.make_problem(transformation, size_kib=40, side=0, tile=8, fields=1, seed=2)
    version = transformation.version(transformation.accelerated)
    arguments = problem.arguments_for(version.name)
    kernel = numba_compile.build_kernel(transformation, version, arguments, cores=2)
    problem.require_correct(kernel.call(*arguments), name)


@pytest.mark.parametrize("side", [3, 127, 4095])
def test_a_sum_without_one_row_or_column_is_refused_at_any_side(side):
    transformation = TRANSFORMATIONS["unit-stride"]
    problem = problems.make_problem(transformation, size_kib=0, side=side, tile=0, fields=1, seed=0)
    (a,) = problem.arguments_for("")
    for cores in (1, 2):
        for version in transformation.versions:
            kernel = numba_compile.build_kernel(transformation, version, (a,), cores=cores)
            assert problem.run_checked(kernel.call, (a,), version.name) == 0
            for part in (a[1:], a[:, :-1]):
                with pytest.raises(BadInput, match="differs from NumPy"):
                    # Contiguous, because the kernel is compiled for contiguous arrays.
                    problem.require_correct(kernel.call(np.ascontiguousarray(part)), "a kernel that leaves out a part")


def test_a_matrix_product_is_correct_to_the_last_digit_or_refused():
    transformation = TRANSFORMATIONS["tiling"]
    problem = problems.make_problem(transformation, size_kib=0, side=1023, tile=64, fields=1, seed=0)
    a, b, out, _ = problem.arguments_for("ikj")
    for name in ("ikj", "tiled", "blocked", "blas"):
        arguments = problem.arguments_for(name)
        kernel = numba_compile.build_kernel(transformation, transformation.version(name), arguments, cores=2)
        assert problem.run_checked(kernel.call, arguments, name) == 0

    def leave_out_one_outer_product(*_):
        np.subtract(a @ b, np.outer(a[:, 7], b[7]), out=out)

    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.run_checked(leave_out_one_outer_product, (), "a product without one column of a and one row of b")
