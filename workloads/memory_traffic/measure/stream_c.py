"""Our triad beside STREAM's own loop in C, compiled as STREAM asks for: minutes apart they would not be comparable, so
both take turns.

NumPy asks Linux for huge pages, which the static arrays of the C program have only where Linux gives them unasked; with
NUMPY_MADVISE_HUGEPAGE=0 in the environment both have the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from bench.formatting import format_bytes
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic.catalogue import KIB, MIB
from workloads.memory_traffic.measure import memory_check, triad

DEFAULT_SIZE_BYTES = 1144 * MIB
"""Of all three arrays: beyond the caches of most machines."""
MAX_SIZE_BYTES = 1536 * MIB
"""What a program may hold in arrays of its own without another model of its addresses."""
PASSES = 10
"""Of which the best counts, as in STREAM."""
ROUNDS = 12
GCC_OPTIONS = ("-O3", "-march=native", "-fopenmp")

# The triad of stream.c 5.10 and what stands around it there: static arrays, first touched by the threads that use them,
# and the best of ten passes.
STREAM_SOURCE = r"""
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


def compare_with_stream_c(settings: Settings, cores: set[int], tell: TaskReporter) -> dict[str, Any]:
    """See `Desk.stream`. `cores` are the processors that the C program may use: Numba ties this process to the first
    of them, and with it all that it starts."""
    size = int(settings.parameters["size"]) * KIB or DEFAULT_SIZE_BYTES
    if size > MAX_SIZE_BYTES:
        raise BadInput(f"{format_bytes(size)} are more than a plain C program may hold", "Choose 1 GiB or less.")
    memory_check.require_memory(2 * size)
    tell.progress("compiling STREAM's triad")
    program = compile_program(settings.scratch, max(1, size // 24))
    rounds = []
    for turn in range(ROUNDS):
        tell.progress(f"round {turn + 1} of {ROUNDS}", turn / ROUNDS)
        theirs = run_program(program, settings.cores, cores)
        ours = triad.measure_triad(size, settings.cores, PASSES).gb_s
        rounds.append((theirs, ours))
        tell.event("round", {"c_gb_s": theirs, "numba_gb_s": ours})
    theirs, ours = (max(series) for series in zip(*rounds, strict=True))
    paired = median(second / first for first, second in rounds)
    return {
        "c_gb_s": theirs,
        "numba_gb_s": ours,
        "ratio": ours / theirs,
        "paired": paired,
        "bytes": size,
        "threads": settings.cores,
    }


def compile_program(folder: Path, elements: int) -> Path:
    """The program, for arrays of so many elements. Raises BadInput where there is no gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise BadInput("there is no gcc here", "Install it: Debian has it in the package gcc.")
    source, program = folder / "stream.c", folder / "stream"
    source.write_text(STREAM_SOURCE)
    command = [gcc, *GCC_OPTIONS, f"-DN={elements}L", f"-DPASSES={PASSES}", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    return program


def run_program(program: Path, threads: int, cores: set[int]) -> float:
    """GB/s that the program tells. Raises CalledProcessError where its result is wrong."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    bound = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    ran = subprocess.run([str(program)], env=environment, capture_output=True, text=True, check=True, preexec_fn=bound)
    return float(ran.stdout)
