"""Fixtures of all tests of memory traffic."""

import pytest

from workloads.memory_traffic.compiler import numba_runtime


@pytest.fixture(autouse=True)
def no_kernel_cache(monkeypatch):
    """Kernels that a test compiles are not stored in the cache of an arm of an earlier test."""
    monkeypatch.setattr(numba_runtime, "_kernel_cache", None)


@pytest.fixture(autouse=True)
def no_thread_affinity(monkeypatch):
    """Kernels that run in the process of the tests must not bind its main thread to a core, as they do in a worker."""
    monkeypatch.setattr(numba_runtime, "THREAD_ENVIRONMENT", {})
