"""Modin on Dask: a cluster of this process's own, with the scheduler in this process and one worker process per core.

Fairlap's pinned packages do not include Dask. The workload's declaration says how to install it.
"""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

import psutil

from bench.formatting import format_bytes, format_cores, format_percent
from bench.system.cpu_time import process_cpu_time_s
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.engines import dask_adapter, modin_adapter
from workloads.modin.engines.modin_engine import ModinEngine
from workloads.modin.engines.pandas_engine import import_pandas
from workloads.modin.engines.service_monitor import ServiceMonitor

MEMORY_SHARE = 0.5
"""Share of the available memory that the workers may use before they spill to the scratch folder."""
MIN_TABLE_COPIES = 2
"""Memory of the workers must be enough for this many copies of the table."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class DaskEngine(ModinEngine):
    """Modin on a Dask cluster of this process's own, which ends with it."""

    service = "Dask"
    stored_label = "of results kept by the workers, intermediate ones included"

    def __init__(self, cores: int, frame_bytes: int, scratch: Path, progress: ProgressReporter) -> None:
        """`frame_bytes` is the size of the table in memory. Raises BadInput if the workers have too little memory."""
        memory_bytes = int(available_memory_bytes() * MEMORY_SHARE)
        required_bytes = MIN_TABLE_COPIES * frame_bytes
        if memory_bytes < required_bytes:
            raise BadInput(
                f"Dask's workers need {format_bytes(required_bytes)} of memory, and may use "
                f"{format_bytes(memory_bytes)}, {format_percent(MEMORY_SHARE, 0)} of the available memory",
                "Choose fewer rows or columns, or close other programs.",
            )
        import_pandas(progress)
        started = time.perf_counter()
        progress("importing Dask")
        # Without these variables, Dask sets one thread for each worker.
        for name in THREAD_VARIABLES:
            os.environ.pop(name, None)
        os.environ |= modin_adapter.WORKER_ENVIRONMENT
        distributed = dask_adapter.load_distributed()
        dask = importlib.import_module("dask")
        # No time to live, because workers that are stopped while the other arm is timed must not count as dead.
        dask.config.set({"distributed.scheduler.worker-ttl": None, "temporary-directory": str(scratch)})
        progress(f"starting Dask: {format_cores(cores)}")
        self.cluster = distributed.LocalCluster(
            host="127.0.0.1",
            n_workers=cores,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory_bytes // cores,
            dashboard_address=None,
            worker_dashboard_address=None,
            local_directory=str(scratch / "dask"),
        )
        self.result_counter = dask_adapter.add_result_counter(self.cluster)
        # Modin uses the default client.
        self.client = distributed.Client(self.cluster, set_as_default=True)
        self.worker_pids = dask_adapter.list_worker_pids(self.cluster)
        monitor = ServiceMonitor([psutil.Process(pid) for pid in self.worker_pids])
        self._import_modin(cores, progress)
        self._load(monitor, distributed.__version__, cores, started, progress)
        self.facts["Dask"] = f"{cores} worker processes with one thread each, {format_bytes(memory_bytes)} for all"

    def raise_failure(self, result: Any) -> None:
        for future in modin_adapter.partition_references(result):
            if future.status != "finished":
                future.result()

    def _worker_cpu_times_s(self) -> dict[int, float]:
        return {pid: process_cpu_time_s(pid) for pid in self.worker_pids}

    def _total_stored_bytes(self) -> int:
        return self.result_counter.stored_bytes
