"""Compiled loops around kernels."""

from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile


def test_the_compiler_drops_none_of_the_repeated_calls():
    transformation = TRANSFORMATIONS["dependence"]
    problem = problems.make_problem(transformation, size_kib=64, side=0, tile=0, fields=1, seed=0)

    def count_calls(a, out, strip):
        out[0] += 1

    out, arguments = problem.require_out(), problem.arguments_for("")
    out[:] = 0
    numba_compile.compile_function(count_calls, arguments, threads=1).repeated(7, *arguments)
    assert out[0] == 7
