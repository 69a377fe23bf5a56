"""The environment variables of an arm's process.

An arm gets what a user's own process would have: the inherited variables and one number of threads for all libraries.
How idle threads wait is left to the libraries and to the user, because a waiting policy slows some libraries more than
others: passive waiting costs OpenMP's short parallel loops a third of their time and does not change TBB's. The race
stops the processes of the arm that waits instead (`bench.race.conversation`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from bench.values.arms import EnvironmentVariable, VariableOrigin

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
PROCESS_VARIABLES = {
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYTHONSAFEPATH": "",
    "TF_CPP_MIN_LOG_LEVEL": "1",
}
"""They make the process repeatable and its log complete and short."""
THREADING_PREFIXES = (
    "OMP_",
    "KMP_",
    "GOMP_",
    "MKL_",
    "OPENBLAS_",
    "DNNL_",
    "ONEDNN_",
    "NUMBA_",
    # Not all of `TF_`: Terraform keeps passwords and tokens in TF_VAR_… and TF_TOKEN_…
    "TF_CPP_",
    "TF_DETERMINISTIC_",
    "TF_DISABLE_",
    "TF_ENABLE_",
    "TF_NUM_",
    "TF_ONEDNN_",
    "TF_XLA_",
)
"""Inherited variables with these prefixes may change how a library computes, so they are recorded in the run."""


def make_environment(core_count: int, lever_variables: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of a process on `core_count` cores; the variables of its lever value take precedence."""
    inherited = {name: value for name, value in os.environ.items() if name not in AFFINITY_VARIABLES}
    return inherited | _make_race_variables(core_count) | dict(lever_variables)


def make_thread_counts(core_count: int) -> dict[str, str]:
    """The variables that limit every thread pool to `core_count` threads."""
    return dict.fromkeys(THREAD_COUNT_VARIABLES, str(core_count))


def list_environment(core_count: int, lever_variables: Mapping[str, str]) -> list[EnvironmentVariable]:
    """The variables of `make_environment` that a run records, sorted by name: those that Fairlap sets or removes, and
    the inherited ones that steer threads and numerical libraries."""
    chosen = dict.fromkeys(_make_race_variables(core_count), VariableOrigin.RACE)
    chosen |= dict.fromkeys(lever_variables, VariableOrigin.LEVER)
    inherited = [name for name in os.environ if name.startswith(THREADING_PREFIXES)]
    removed = [name for name in inherited if name in AFFINITY_VARIABLES]
    origins = dict.fromkeys(inherited, VariableOrigin.INHERITED) | dict.fromkeys(removed, VariableOrigin.REMOVED)
    origins |= chosen
    values = os.environ | make_environment(core_count, lever_variables)
    return [EnvironmentVariable(name=name, value=values[name], origin=origins[name]) for name in sorted(origins)]


def _make_race_variables(core_count: int) -> dict[str, str]:
    return make_thread_counts(core_count) | PROCESS_VARIABLES
