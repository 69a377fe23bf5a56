"""TODO: bench.worker.arm_worker.environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

AFFINITY_VARIABLES = {"OMP_PROC_BIND", "OMP_PLACES", "KMP_AFFINITY", "GOMP_CPU_AFFINITY"}


def make_environment(cores: int, own: Mapping[str, str]) -> Mapping[str, str]:
    """The process's environment: as many threads as cores in every pool, waiting passively, and what is its own.

    A pool that waits by spinning would use the cores of the arm whose turn it is.
    """
    threads = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "LOKY_MAX_CPU_COUNT",
    )
    passive = {
        "OMP_DYNAMIC": "FALSE",
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "GOMP_SPINCOUNT": "0",
        "OPENBLAS_THREAD_TIMEOUT": "4",
        "MKL_DYNAMIC": "FALSE",
    }
    # Where a user has tied threads to cores for other programs, both arms would be tied alike, and to the wrong ones.
    inherited = {name: value for name, value in os.environ.items() if name not in AFFINITY_VARIABLES}
    fixed = {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "", "TF_CPP_MIN_LOG_LEVEL": "1"}
    return inherited | dict.fromkeys(threads, str(cores)) | passive | fixed | dict(own)
