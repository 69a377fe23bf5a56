"""TODO: workloads.modin.engines.factory."""

from __future__ import annotations

from pathlib import Path

from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.engines.base import Engine
from workloads.modin.engines.pandas_engine import PandasEngine


def start_engine(
    lever: str, cores: int, held: int, scratch: Path, progress: ProgressReporter, *, existing: bool = False
) -> Engine:
    """The engine of one arm. `held` are the bytes of the table in memory; with `existing`, Modin works with the cluster
    that the environment names. Raises BadInput."""
    match lever:
        case "pandas":
            return PandasEngine(progress)
        case "modin-ray" if existing:
            from workloads.modin.engines.ray_cluster_engine import RayClusterEngine

            return RayClusterEngine(progress)
        case _ if existing:
            raise BadInput(f"{lever} takes no existing cluster", "Choose Modin on Ray, or a start for the run.")
        case "modin-ray":
            from workloads.modin.engines.ray_engine import LocalRayEngine

            return LocalRayEngine(cores, held, scratch, progress)
        case "modin-dask":
            from workloads.modin.engines.dask_engine import DaskEngine

            return DaskEngine(cores, held, scratch, progress)
    raise BadInput(f"There is no engine {lever!r}", "Choose pandas, modin-ray or modin-dask.")
