"""TODO: tests.workloads.memory_traffic.conftest."""

import pytest

from workloads.memory_traffic.compiler import numba_compile


@pytest.fixture(autouse=True)
def free_threads(monkeypatch):
    """Kernels that run in the tests' own process must not tie its main thread to a core, as in a worker's."""
    monkeypatch.setattr(numba_compile, "THREAD_ENVIRONMENT", {})
