"""Modin on Dask: a cluster of this process's own, a scheduler in it and a worker process for each core.

Dask is no part of what Fairlap installs; the declaration says how to add it.
"""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

import psutil

from bench.formatting import format_bytes
from bench.system.cpu_time import process_cpu_time_s
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.engines.modin_engine import ModinEngine
from workloads.modin.engines.service_monitor import ServiceMonitor

MEMORY_SHARE = 0.5
"""Share of the available memory that the workers may hold, until they spill to the scratch folder."""
MIN_TABLE_COPIES = 2
"""How often the workers must be able to hold the table at least."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class DaskEngine(ModinEngine):
    """Modin over a Dask cluster of this process's own, which ends with it."""

    service = "Dask"
    storing = "of results kept by the workers, steps between among them"

    def __init__(self, cores: int, held: int, scratch: Path, progress: ProgressReporter) -> None:
        """`held` are the bytes of the table in memory. Raises BadInput where the workers have no room for it twice."""
        memory = int(psutil.virtual_memory().available * MEMORY_SHARE)
        if memory < MIN_TABLE_COPIES * held:
            raise BadInput(
                f"Dask's workers need {format_bytes(MIN_TABLE_COPIES * held)}, and {format_bytes(memory)} is what they may "
                "take of the free memory",
                "Choose fewer rows or columns.",
            )
        began = time.perf_counter()
        progress("importing Dask")
        # A thread for each worker, which is what Dask sets where nobody says otherwise.
        for name in THREAD_VARIABLES:
            os.environ.pop(name, None)
        os.environ |= {"__MODIN_AUTOIMPORT_PANDAS__": "1", "PYTHONWARNINGS": "ignore::FutureWarning"}
        dask = importlib.import_module("dask")
        # Workers that were stopped while the other arm was timed are not dead.
        dask.config.set({"distributed.scheduler.worker-ttl": None, "temporary-directory": str(scratch)})
        distributed = importlib.import_module("distributed")
        progress(f"starting Dask on {cores} cores")
        self.cluster = distributed.LocalCluster(
            host="127.0.0.1",
            n_workers=cores,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory // cores,
            dashboard_address=None,
            worker_dashboard_address=None,
            local_directory=str(scratch / "dask"),
        )
        self.results = _make_result_counter(self.cluster.scheduler)
        self.cluster.scheduler.add_plugin(self.results, name="results")
        # Modin takes the client that is there.
        self.client = distributed.Client(self.cluster, set_as_default=True)
        self.pids = [nanny.pid for nanny in self.cluster.workers.values()]
        watching = ServiceMonitor([psutil.Process(pid) for pid in self.pids])
        self._load(watching, distributed.__version__, cores, began, progress)
        self.facts["Dask"] = f"{cores} worker processes of one thread, {format_bytes(memory)} for all of them"

    def check(self, result: Any) -> None:
        for future in self._references(result):
            if future.status != "finished":
                future.result()

    def _worker_times(self) -> dict[int, float]:
        return {pid: process_cpu_time_s(pid) for pid in self.pids}

    def _stored(self) -> int:
        return self.results.stored


def _make_result_counter(scheduler: Any) -> Any:
    """A plugin of the scheduler, whose `stored` adds up the bytes of all tasks' results."""
    base = importlib.import_module("distributed").SchedulerPlugin

    class Results(base):
        stored = 0

        def transition(self, key: Any, start: str, finish: str, *_: Any, **__: Any) -> None:
            if start == "processing" and finish == "memory" and key in scheduler.tasks:
                self.stored += max(0, scheduler.tasks[key].nbytes)

    return Results()
