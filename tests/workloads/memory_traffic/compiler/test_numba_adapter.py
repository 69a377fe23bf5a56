"""The adapter of Numba: names that are gone, and versions that were not tested."""

import importlib.metadata

import pytest

from bench.workload.library_guard import UnsupportedLibrary
from workloads.memory_traffic.compiler import numba_adapter, numba_runtime

numba = pytest.importorskip("numba", reason="Numba is not installed")


@pytest.fixture
def dispatcher():
    return numba.njit((numba.float64,))(lambda x: 2 * x)


def test_the_return_type_and_the_target_machine_are_found(dispatcher):
    assert numba_adapter.get_return_type(dispatcher) is numba.float64
    assert "emit_assembly" in dir(numba_adapter.get_target_machine(dispatcher))


def test_an_untested_version_is_refused_before_numba_is_configured(monkeypatch, dispatcher):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.99.0")
    for use in (
        lambda: numba_runtime.configure_numba("preferred"),
        lambda: numba_adapter.get_target_machine(dispatcher),
    ):
        with pytest.raises(UnsupportedLibrary, match=r"numba 0\.99\.0 is installed") as refusal:
            use()
        assert "pip install" in refusal.value.remedy


def test_a_name_that_is_gone_is_refused():
    class Dispatcher:
        overloads = {"types": object()}  # noqa: RUF012

    with pytest.raises(UnsupportedLibrary, match="object has no attribute library") as refusal:
        numba_adapter.get_target_machine(Dispatcher())
    assert "pip install" in refusal.value.remedy
    with pytest.raises(UnsupportedLibrary, match="has no attribute overloads"):
        numba_adapter.get_target_machine(object())
