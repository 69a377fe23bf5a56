"""TODO: tests.workloads.memory_traffic.measure.test_triad."""

import os
import time

import numpy as np
import pytest

from tests.support.memory_traffic import EventRecorder, make_settings
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import scaling
from workloads.memory_traffic.measure import triad as triad_module
from workloads.memory_traffic.measure.triad import (
    HORNER_OPERATIONS,
    MIN_LIBRARY_PASSES,
    measure_best_s,
    measure_peak,
    measure_triad,
    multithreading,
)


@pytest.mark.parametrize("name", ["triad", "horner"])
@pytest.mark.parametrize("task", ["scaling", "beside"])
def test_a_wrong_triad_or_polynomial_is_refused_before_it_is_timed(tmp_path, monkeypatch, name, task):
    monkeypatch.setattr(triad_module, "measure_best_s", lambda *_: pytest.fail("it was timed"))
    monkeypatch.setattr(triad_module, "_compiled_kernels", {})

    def triad(b, c, scalar, out):
        out[:-1] = 5.0

    def horner(x, out):
        out[:] = x

    monkeypatch.setattr(multithreading, name, {"triad": triad, "horner": horner}[name])
    with pytest.raises(RuntimeError, match="wrong"):
        if task == "scaling":
            scaling.measure_scaling(make_settings(tmp_path), EventRecorder())
        elif name == "triad":
            measure_triad(1 << 16, 1, 1)
        else:
            measure_peak(1, 1)


class CountingNumber:
    """A number that counts what is done with it."""

    done = 0

    def _next(self, other=None):
        CountingNumber.done += 1
        return CountingNumber()

    __add__ = __mul__ = __neg__ = _next


def test_the_peak_counts_every_operation_of_its_polynomials():
    CountingNumber.done = 0
    multithreading.horner(np.array([CountingNumber()], object), np.empty(1, object))
    assert CountingNumber.done == HORNER_OPERATIONS


def test_a_call_of_the_peak_is_so_much_work_that_starting_its_threads_is_next_to_nothing(tmp_path, monkeypatch):
    done = []

    def best(kernel, arguments, passes, lasting_s=0.0):
        done.append(arguments[-1])
        return 1.0

    monkeypatch.setattr(triad_module, "measure_best_s", best)
    peak = measure_peak(2, 1)
    # A tenth of a millisecond where a core does 160 Gflop/s; threads start in a microsecond or two.
    assert peak.gflop_s * 1e9 == HORNER_OPERATIONS * len(done[0]) >= 2 * 16e6
    scaling.measure_scaling(make_settings(tmp_path, cores=2), EventRecorder())
    assert {len(out) for out in done[1:] if out.dtype == np.float32} == {len(done[0])}, "as much as scaling has"


def test_a_librarys_threads_are_timed_on_all_cores_and_the_process_is_tied_again(tmp_path):
    if len(numba_compile.ALLOWED_CORES) < 2:
        pytest.skip("there is one core, or it is not told")
    first = {min(numba_compile.ALLOWED_CORES)}
    seen = []

    def repeated(times):
        seen.append(os.sched_getaffinity(0))
        time.sleep(0.001)

    library = numba_compile.Kernel(repeated, repeated, 0.0, None)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, first)
    try:
        measure_best_s(library, (), 1)
        after = os.sched_getaffinity(0)
    finally:
        os.sched_setaffinity(0, before)
    assert set(map(frozenset, seen)) == {frozenset(numba_compile.ALLOWED_CORES)}
    assert after == first
    assert len(seen) == 2 + MIN_LIBRARY_PASSES, "more often than ours, whose threads keep their cores"
