"""Our triad beside STREAM's loop in C, compiled as STREAM asks for: minutes apart they would not be comparable, so
both take turns. It asserts times, and is run only when asked for, on a machine with nothing else to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cores import choose
from bench.paths import ROOT

pytest.importorskip("numba", reason="Numba is not installed")

pytestmark = pytest.mark.slow

ELEMENTS = 50_000_000
"""Of each of the three arrays, 1.2 GB together: beyond the caches of most machines."""
PASSES = 10
ROUNDS = 3
APART = 0.05

# The triad of stream.c 5.10 and what stands around it there: static arrays, first touched by the threads that use them,
# and the best of ten passes.
STREAM = r"""
#include <stdio.h>
#include <omp.h>
static double a[N], b[N], c[N];
int main(void) {
    double scalar = 3.0, best = 1e30;
    long j;
    int k;
#pragma omp parallel for
    for (j = 0; j < N; j++) { a[j] = 1.0; b[j] = 2.0; c[j] = 0.0; }
    for (k = 0; k < PASSES; k++) {
        double began = omp_get_wtime();
#pragma omp parallel for
        for (j = 0; j < N; j++) a[j] = b[j] + scalar * c[j];
        double took = omp_get_wtime() - began;
        if (took < best) best = took;
    }
    for (j = 0; j < N; j++) if (a[j] != 2.0) return 1;
    printf("%.9f\n", 24.0 * N / best / 1e9);
    return 0;
}
"""
OURS = f"""
import os
from workloads.memory_traffic import build
build.set_up("preferred")
from workloads.memory_traffic import stream
print(stream.triad(24 * {ELEMENTS}, int(os.environ["OMP_NUM_THREADS"]), {PASSES}).gb_s)
"""


@pytest.mark.parametrize("cores", [1, 2])
def test_our_triad_is_as_fast_as_that_of_stream(tmp_path: Path, cores: int):
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc here")
    if (usable := len(os.sched_getaffinity(0))) < cores:
        pytest.skip(f"only {usable} cores may be used")
    source, program = tmp_path / "stream.c", tmp_path / "stream"
    source.write_text(STREAM)
    defined = [f"-DN={ELEMENTS}L", f"-DPASSES={PASSES}"]
    command = ["gcc", "-O3", "-march=native", "-fopenmp", "-mcmodel=medium", *defined, str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    environment = os.environ | {"OMP_NUM_THREADS": str(cores), "NUMBA_NUM_THREADS": str(cores), "PYTHONPATH": _path()}
    chosen = set(choose(cores))

    def gb_s(run: list[str]) -> float:
        bound = lambda: os.sched_setaffinity(0, chosen)  # noqa: E731
        ran = subprocess.run(run, env=environment, preexec_fn=bound, capture_output=True, text=True, check=True)
        return float(ran.stdout)

    theirs, ours = [], []
    for _ in range(ROUNDS):
        theirs.append(gb_s([str(program)]))
        ours.append(gb_s([sys.executable, "-c", OURS]))
    print(f"{cores} cores: C {max(theirs):.2f} GB/s, Numba {max(ours):.2f} GB/s")
    assert max(ours) == pytest.approx(max(theirs), rel=APART)


def _path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
