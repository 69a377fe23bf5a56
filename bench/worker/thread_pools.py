"""The libraries with thread pools that are loaded in this process."""

from __future__ import annotations

from bench.values.arms import ThreadPool


def list_thread_pools() -> list[ThreadPool]:
    """The BLAS and OpenMP libraries loaded in this process, as threadpoolctl finds them, sorted by API and file."""
    import threadpoolctl  # Not at the start of the process: it looks for libraries while it is imported.

    pools = [
        ThreadPool(
            api=info["user_api"],
            library=info["prefix"] if info["user_api"] == "openmp" else info["internal_api"],
            version=info["version"],
            threads=info["num_threads"],
            file=info["filepath"],
            threading_layer=info.get("threading_layer"),
            architecture=info.get("architecture"),
        )
        for info in threadpoolctl.threadpool_info()
    ]
    return sorted(pools, key=lambda pool: (pool.api, pool.file))
