"""Hardware counters: counted where the kernel permits it; otherwise the reason is given."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from workloads.memory_traffic.measure import perf_counters

SOFTWARE_EVENTS = {"task clock": (1, 1)}
"""PERF_TYPE_SOFTWARE and PERF_COUNT_SW_TASK_CLOCK: nanoseconds. Every virtual machine has this event."""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has perf_event_open")


def use_cpu() -> int:
    return sum(range(1_000_000))


@linux_only
def test_a_software_event_is_counted(monkeypatch):
    monkeypatch.setattr(perf_counters, "EVENTS", SOFTWARE_EVENTS)
    counters = perf_counters.open_counters()
    if counters.missing:
        pytest.skip(counters.missing)
    idle, busy = counters.count(lambda: None), counters.count(use_cpu)
    assert busy["task clock"] > idle["task clock"] >= 0
    counters.close()
    assert not counters.descriptors


@linux_only
def test_hardware_events_are_counted_or_the_reason_is_given():
    counters = perf_counters.open_counters()
    counts = counters.count(use_cpu)
    missing = [name for name in perf_counters.EVENTS if name not in counters.descriptors]
    assert set(counts) <= set(counters.descriptors)
    assert all(count >= 0 for count in counts.values())
    assert bool(missing) == bool(counters.missing)
    assert all(name in counters.missing for name in missing)
    counters.close()


@linux_only
def test_an_event_that_no_processor_has_is_refused_by_the_kernel(monkeypatch):
    monkeypatch.setattr(perf_counters, "EVENTS", {"nonsense": (0, 9999)})
    counters = perf_counters.open_counters()
    assert not counters.descriptors
    assert counters.missing.startswith("nonsense: ")
    assert counters.count(use_cpu) == {}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOENT, "no such counter"),
        (errno.EACCES, "perf_event_paranoid"),
        (errno.EPERM, "perf_event_paranoid"),
        (errno.ENOSYS, "without perf_event_open"),
        (errno.EINVAL, "failed: Invalid argument"),
    ],
)
def test_every_error_is_explained(number, words):
    assert words in perf_counters.explain_error(OSError(number, os.strerror(number)))


def test_another_operating_system_is_named(monkeypatch):
    monkeypatch.setattr(perf_counters.platform, "system", lambda: "Darwin")
    counters = perf_counters.open_counters()
    assert "Darwin" in counters.missing and not counters.descriptors
