"""Timing kernels: wrong results are refused, and library functions run on all cores."""

import os
import time

import pytest

from tests.support.memory_traffic import make_settings
from tests.support.task_calls import ReportRecorder
from workloads.memory_traffic.compiler import numba_compile, numba_runtime
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import compiled_once, scaling, timing
from workloads.memory_traffic.measure.peak import measure_peak
from workloads.memory_traffic.measure.triad import measure_triad


@pytest.mark.parametrize("name", ["triad", "horner"])
@pytest.mark.parametrize("task", ["scaling", "limits"])
def test_a_wrong_triad_or_polynomial_is_refused_before_it_is_timed(tmp_path, monkeypatch, name, task):
    monkeypatch.setattr(timing, "measure_best_s", lambda *_: pytest.fail("it was timed"))
    monkeypatch.setattr(compiled_once, "_kernels", {})

    def triad(b, c, scalar, out):
        out[:-1] = 5.0

    def horner(x, out):
        out[:] = x

    monkeypatch.setattr(multithreading, name, {"triad": triad, "horner": horner}[name])
    with pytest.raises(RuntimeError, match="wrong"):
        if task == "scaling":
            scaling.measure_scaling(make_settings(tmp_path, "multithreading"), ReportRecorder())
        elif name == "triad":
            measure_triad(1 << 16, 1, 1)
        else:
            measure_peak(1, 1)


def test_a_library_function_is_timed_on_all_cores_and_the_affinity_is_restored():
    if len(numba_runtime.ALLOWED_CORES) < 2:
        pytest.skip("there is only one core, or the system does not report them")
    first_core = {min(numba_runtime.ALLOWED_CORES)}
    affinities = []

    def repeated(count):
        affinities.append(os.sched_getaffinity(0))
        time.sleep(0.001)

    library = numba_compile.Kernel(repeated, repeated, 0.0, None)
    original = os.sched_getaffinity(0)
    os.sched_setaffinity(0, first_core)
    try:
        timing.measure_best_s(library, (), 1)
        afterwards = os.sched_getaffinity(0)
    finally:
        os.sched_setaffinity(0, original)
    assert set(map(frozenset, affinities)) == {frozenset(numba_runtime.ALLOWED_CORES)}
    assert afterwards == first_core
    assert len(affinities) == 2 + timing.MIN_LIBRARY_PASSES, "more passes than for our kernels, whose threads are bound"


def test_the_calls_of_a_sample_are_timed_together_although_the_first_call_was_slow(monkeypatch):
    called: list[int] = []
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def repeat(calls: int) -> None:
        called.append(calls)
        # The first call starts threads, for example.
        now[0] += 0.3 if len(called) == 1 else 1e-6 * calls

    seconds = timing.time_warm_calls(repeat, 4_096, first_s=0.3)
    assert called[:2] == [1, 1] and max(called) >= 512, "single calls until they are warm, then many together"
    assert seconds == pytest.approx(0.004096)
    called.clear()
    timing.time_warm_calls(repeat, 1, first_s=0.001)
    assert set(called) == {1}
