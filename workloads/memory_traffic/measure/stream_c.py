"""Compares our triad with STREAM's own loop in C, compiled as STREAM recommends. Both take turns, because two
measurements minutes apart would not be comparable.

NumPy asks Linux for huge pages. The static arrays of the C program have huge pages only if Linux uses them for all
programs. With NUMPY_MADVISE_HUGEPAGE=0 in the environment both have the same pages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from statistics import median

from bench.formatting import format_bytes
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic.catalogue import KIB, MIB
from workloads.memory_traffic.measure import memory_check, triad
from workloads.memory_traffic.measurements import StreamArguments, StreamResult, StreamRound

MAX_SIZE_BYTES = 1536 * MIB
"""Most bytes that the static arrays of a program may take in the default memory model of gcc."""
PASSES = 10
"""The best pass counts, as in STREAM."""
ROUNDS = 12
GCC_OPTIONS = ("-O3", "-march=native", "-fopenmp")

# The triad of stream.c 5.10 with what surrounds it there: static arrays, which the threads that use them touch first,
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


def compare_with_stream_c(
    settings: Settings, arguments: StreamArguments, core_ids: set[int], reporter: TaskReporter
) -> StreamResult:
    """See `MemoryTrafficTasks.stream`.

    `core_ids` are the cores that the C program may use. It would otherwise inherit the affinity of this process, which
    Numba binds to one core.
    """
    size_bytes = arguments.size_kib * KIB
    if size_bytes > MAX_SIZE_BYTES:
        raise BadInput(
            f"the static arrays of a plain C program cannot have {format_bytes(size_bytes)}", "Choose 1 GiB or less."
        )
    memory_check.require_memory(2 * size_bytes)
    reporter.progress("compiling STREAM's triad")
    program = compile_program(settings.scratch, triad.count_triad_elements(size_bytes))
    rounds: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        reporter.progress(f"round {number + 1} of {ROUNDS}", number / ROUNDS)
        c_gb_s = run_program(program, settings.cores, core_ids)
        numba_gb_s = triad.measure_triad(size_bytes, settings.cores, PASSES).gb_s
        rounds.append((c_gb_s, numba_gb_s))
        reporter.report("round", StreamRound(c_gb_s=c_gb_s, numba_gb_s=numba_gb_s))
    best_c_gb_s, best_numba_gb_s = (max(rates) for rates in zip(*rounds, strict=True))
    return StreamResult(
        c_gb_s=best_c_gb_s,
        numba_gb_s=best_numba_gb_s,
        ratio=best_numba_gb_s / best_c_gb_s,
        paired=median(numba_gb_s / c_gb_s for c_gb_s, numba_gb_s in rounds),
        bytes=size_bytes,
        threads=settings.cores,
    )


def compile_program(folder: Path, elements: int) -> Path:
    """Compile STREAM_SOURCE in `folder` for arrays of `elements` elements. Raises BadInput if gcc is missing."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise BadInput("gcc is not installed", "Install it. On Debian and Ubuntu: apt-get install gcc.")
    source, program = folder / "stream.c", folder / "stream"
    source.write_text(STREAM_SOURCE)
    command = [gcc, *GCC_OPTIONS, f"-DN={elements}L", f"-DPASSES={PASSES}", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    return program


def run_program(program: Path, threads: int, core_ids: set[int]) -> float:
    """GB/s that the program prints. Raises CalledProcessError if it finds its result wrong."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    set_affinity = (lambda: os.sched_setaffinity(0, core_ids)) if core_ids else None
    process = subprocess.run(
        [str(program)], env=environment, capture_output=True, text=True, check=True, preexec_fn=set_affinity
    )
    return float(process.stdout)
