"""Starts the engine of an arm."""

from __future__ import annotations

from pathlib import Path

from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.engines.base import Engine
from workloads.modin.engines.pandas_engine import PandasEngine


def start_engine(
    name: str,
    cores: int,
    frame_bytes: int,
    scratch: Path,
    progress: ProgressReporter,
    *,
    use_existing_cluster: bool = False,
) -> Engine:
    """Start the engine `name`: `pandas`, `modin-ray` or `modin-dask`.

    `frame_bytes` is the size of the table as a DataFrame. With `use_existing_cluster`, Modin on Ray uses the cluster
    that RAY_ADDRESS names. Raises BadInput.
    """
    match name:
        case "pandas":
            return PandasEngine(progress)
        case "modin-ray" if use_existing_cluster:
            from workloads.modin.engines.ray_cluster_engine import RayClusterEngine

            return RayClusterEngine(progress)
        case _ if use_existing_cluster:
            raise BadInput(
                f"{name} cannot use an existing Ray cluster",
                "Choose the engine Modin on Ray, or set Ray to one that is started for the run.",
            )
        case "modin-ray":
            from workloads.modin.engines.ray_engine import LocalRayEngine

            return LocalRayEngine(cores, frame_bytes, scratch, progress)
        case "modin-dask":
            from workloads.modin.engines.dask_engine import DaskEngine

            return DaskEngine(cores, frame_bytes, scratch, progress)
    raise BadInput(f"There is no engine {name!r}", "Choose pandas, modin-ray or modin-dask.")
