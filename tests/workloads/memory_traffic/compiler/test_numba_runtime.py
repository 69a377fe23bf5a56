"""Numba's environment."""

import os
import subprocess
import sys

import pytest

from bench.paths import ROOT

WIDE_VECTORS_SCRIPT = """
from workloads.memory_traffic.compiler import numba_runtime
numba_runtime.configure_numba("512")
from workloads.memory_traffic.measure import peak
print(peak.measure_peak(1, 1).vector_bits)
"""


def test_vectors_of_512_bits_on_request():
    """In a process of its own, because Numba must be configured before its first import."""
    from llvmlite import binding

    if not binding.get_host_cpu_features().get("avx512f"):
        pytest.skip("this processor has no vectors of 512 bits")
    process = subprocess.run(
        [sys.executable, "-c", WIDE_VECTORS_SCRIPT], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert process.stdout.strip() == "512"


BOUND_THREADS_SCRIPT = """
import os
from workloads.memory_traffic.compiler import numba_runtime
numba_runtime.configure_numba("preferred")
import numba
import numpy as np

@numba.njit(parallel=True)
def fill(out):
    for i in numba.prange(len(out)):
        out[i] = i

fill(np.empty(1000))
print(numba_runtime.describe_threads(2))
print([name for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME") if name in os.environ])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this threading layer by default")
def test_threads_are_bound_to_cores_and_have_no_waiting_policy():
    waiting = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}
    process = subprocess.run(
        [sys.executable, "-c", BOUND_THREADS_SCRIPT],
        env={name: value for name, value in os.environ.items() if name not in waiting},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    described, variables = process.stdout.splitlines()
    assert "threads of omp, bound to cores (OMP_PROC_BIND)" in described
    assert variables == "[]"
