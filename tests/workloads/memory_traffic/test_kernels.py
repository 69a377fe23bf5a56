"""Memory traffic: every kernel against NumPy at awkward sizes, what is refused, the machine code, the roofline."""

from __future__ import annotations

import numpy as np
import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import VERSION_PAIRS
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile

pytest.importorskip("numba", reason="Numba is not installed")


@pytest.mark.parametrize(("one", "version"), VERSION_PAIRS, ids=lambda value: value.name)
def test_every_kernel_is_right_where_nothing_divides(one, version):
    """As plain Python, without a compiler: sizes that no tile, strip or block divides, with several shares of work."""
    plain = numba_compile.load_function(one, version, 8)
    for size_kib, tile in ((1, 5), (3, 4), (7, 8)):
        problem = problems.make_problem(one, size_kib=size_kib, side=0, tile=tile, fields=8, seed=1)
        returned = plain(*problem.given(version.name))
        assert problem.check(returned, version.name) <= problem.tolerance


@pytest.mark.parametrize("name", ["dependence", "stencil", "tiling"])
def test_threads_do_not_change_the_result(name):
    one = TRANSFORMATIONS[name]
    problem = problems.make_problem(one, size_kib=40, side=0, tile=8, fields=1, seed=2)
    kernel = numba_compile.build_kernel(one, one.version(one.after), problem.given(one.after), cores=2)
    problem.check(kernel.call(*problem.given(one.after)), name)


@pytest.mark.parametrize("side", [3, 127, 4095])
def test_a_sum_that_lacks_a_row_or_a_column_is_refused_at_any_side(side):
    one = TRANSFORMATIONS["unit-stride"]
    problem = problems.make_problem(one, size_kib=0, side=side, tile=0, fields=1, seed=0)
    (a,) = problem.given("")
    for cores in (1, 2):
        kernels = {
            version.name: numba_compile.build_kernel(one, version, (a,), cores=cores) for version in one.versions
        }
        for name, kernel in kernels.items():
            assert problem.checked(kernel.call, (a,), name) == 0
            for part in (a[1:], a[:, :-1]):
                with pytest.raises(BadInput, match="differs from NumPy"):
                    # As an array of rows that follow one another, for which the kernel is compiled.
                    problem.check(kernel.call(np.ascontiguousarray(part)), "a kernel that leaves out a part")


def test_a_product_is_right_to_the_last_digit_or_refused():
    one = TRANSFORMATIONS["tiling"]
    problem = problems.make_problem(one, size_kib=0, side=1023, tile=64, fields=1, seed=0)
    a, b, out, _ = problem.given("ikj")
    for version in ("ikj", "tiled", "blocked", "blas"):
        arguments = problem.given(version)
        kernel = numba_compile.build_kernel(one, one.version(version), arguments, cores=2)
        assert problem.checked(kernel.call, arguments, version) == 0

    def lazy(*_):
        np.subtract(a @ b, np.outer(a[:, 7], b[7]), out=out)

    with pytest.raises(BadInput, match="differs from NumPy"):
        problem.checked(lazy, (), "a product that leaves out one column of the first matrix, and one row of the other")
