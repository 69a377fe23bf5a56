"""The environment variables of an arm's process."""

from __future__ import annotations

import os
from collections.abc import Mapping

AFFINITY_VARIABLES = {"OMP_PROC_BIND", "OMP_PLACES", "KMP_AFFINITY", "GOMP_CPU_AFFINITY"}
"""Not inherited: a user may have set them for other programs, and they would pin the threads of both arms to cores
that the race does not use."""
THREAD_COUNT_VARIABLES = (
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
"""They limit every thread pool to the number of cores."""
PASSIVE_WAIT_VARIABLES = {
    "OMP_DYNAMIC": "FALSE",
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
    "GOMP_SPINCOUNT": "0",
    "OPENBLAS_THREAD_TIMEOUT": "4",
    "MKL_DYNAMIC": "FALSE",
}
"""They make idle threads sleep. Threads that spin would use the cores while the other arm is timed."""
PROCESS_VARIABLES = {
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONSAFEPATH": "",
    "TF_CPP_MIN_LOG_LEVEL": "1",
}


def make_environment(core_count: int, lever_variables: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of a process on `core_count` cores; the variables of its lever value take precedence."""
    inherited = {name: value for name, value in os.environ.items() if name not in AFFINITY_VARIABLES}
    thread_counts = dict.fromkeys(THREAD_COUNT_VARIABLES, str(core_count))
    return inherited | thread_counts | PASSIVE_WAIT_VARIABLES | PROCESS_VARIABLES | dict(lever_variables)
