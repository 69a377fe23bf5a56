"""Numba's environment."""

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
