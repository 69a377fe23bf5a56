"""TODO: tests.workloads.memory_traffic.compiler.test_numba_compile."""

import subprocess
import sys

import pytest

from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile


def test_vectors_of_512_bits_on_demand():
    """In a process of its own, since Numba is told before its first import."""
    code = (
        "import sys; from workloads.memory_traffic import build; build.set_up('512');"
        "from workloads.memory_traffic import stream; print(stream.peak(1, 1).bits)"
    )
    from llvmlite import binding

    if not binding.get_host_cpu_features().get("avx512f"):
        pytest.skip("no vectors of 512 bits here")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "512"


def test_repeated_calls_are_all_made(tmp_path):
    """A call whose result is thrown away must not be left out."""
    one = TRANSFORMATIONS["dependence"]
    problem = problems.make_problem(one, size_kib=64, side=0, tile=0, fields=1, seed=0)

    def counting(a, out, strip):
        out[0] += 1

    problem.out[:] = 0
    numba_compile.compile_function(counting, problem.given(""), threads=1).repeated(7, *problem.given(""))
    assert problem.out[0] == 7
