"""Adapter of Dask: the only module that uses names of Dask's scheduler and cluster that are not documented.

These are the process ids of the workers, and the sizes of results in the scheduler.
"""

from __future__ import annotations

from typing import Any

from bench.workload.library_guard import LibraryGuard

GUARD = LibraryGuard("distributed", "==2026.*", "see the worker processes and the sizes of results")


def load_distributed() -> Any:
    """Import `distributed`. Raises UnsupportedLibrary if the installed version is not a tested one."""
    return GUARD.require("distributed")


def list_worker_pids(cluster: Any) -> list[int]:
    """Process ids of the workers of a LocalCluster."""
    return [nanny.pid for nanny in cluster.workers.values()]


def add_result_counter(cluster: Any) -> Any:
    """Add a plugin to the scheduler of a LocalCluster. Its attribute `stored_bytes` is the total size of all
    results."""
    scheduler = cluster.scheduler
    base: Any = load_distributed().SchedulerPlugin

    class ResultCounter(base):
        stored_bytes = 0

        def transition(self, key: Any, start: str, finish: str, *_: Any, **__: Any) -> None:
            if start == "processing" and finish == "memory" and key in scheduler.tasks:
                self.stored_bytes += max(0, scheduler.tasks[key].nbytes)

    counter = ResultCounter()
    scheduler.add_plugin(counter, name="results")
    return counter
