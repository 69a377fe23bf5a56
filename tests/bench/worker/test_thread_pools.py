"""The thread pools that this process has loaded."""

from pathlib import Path

import numpy as np

from bench.worker.thread_pools import list_thread_pools


def test_the_loaded_blas_is_found_with_its_file():
    np.ones((2, 2)) @ np.ones((2, 2))
    pools = [pool for pool in list_thread_pools() if pool.api == "blas"]
    assert pools
    for pool in pools:
        assert Path(pool.file).is_file()
        assert pool.library in {"openblas", "mkl", "blis", "flexiblas"}
        assert pool.version and pool.threads >= 1
