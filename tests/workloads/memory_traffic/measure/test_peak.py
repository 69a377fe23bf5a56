"""The peak of arithmetic: its operations are counted correctly, and there is enough work for every thread."""

from __future__ import annotations

import numpy as np

from tests.support.memory_traffic import make_settings
from tests.support.task_calls import ReportRecorder
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import scaling, timing
from workloads.memory_traffic.measure.peak import HORNER_OPERATIONS, measure_peak


class CountingNumber:
    """A number that counts the operations on all numbers of this class."""

    operations = 0

    def _count(self, other: object = None) -> CountingNumber:
        CountingNumber.operations += 1
        return CountingNumber()

    __add__ = __mul__ = __neg__ = _count


def test_every_operation_of_the_polynomials_is_counted():
    CountingNumber.operations = 0
    multithreading.horner(np.array([CountingNumber()], object), np.empty(1, object))
    assert CountingNumber.operations == HORNER_OPERATIONS


def test_the_work_is_so_long_that_starting_the_threads_costs_almost_nothing(tmp_path, monkeypatch):
    outputs = []

    def record_output(kernel, arguments, passes, min_duration_s=0.0):
        outputs.append(arguments[-1])
        return 1.0

    monkeypatch.setattr(timing, "measure_best_s", record_output)
    peak = measure_peak(2, 1)
    # A tenth of a millisecond for a core with 160 Gflop/s; threads start in one or two microseconds.
    assert peak.gflop_s * 1e9 == HORNER_OPERATIONS * len(outputs[0]) >= 2 * 16e6
    scaling.measure_scaling(make_settings(tmp_path, "multithreading", cores=2), ReportRecorder())
    lengths = {len(out) for out in outputs[1:] if out.dtype == np.float32}
    assert lengths == {len(outputs[0])}, "scaling does as much work"
