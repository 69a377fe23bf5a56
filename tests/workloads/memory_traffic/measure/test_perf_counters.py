"""Hardware counters: counted where the kernel lets us, and told why not where it does not."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from workloads.memory_traffic.measure import perf_counters

SOFTWARE_EVENTS = {"task clock": (1, 1)}
"""PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK: nanoseconds, which no virtual machine lacks."""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="perf_event_open is Linux's")


def use_cpu() -> int:
    return sum(range(1_000_000))


@linux_only
def test_what_linux_counts_by_itself_is_counted(monkeypatch):
    monkeypatch.setattr(perf_counters, "EVENTS", SOFTWARE_EVENTS)
    counting = perf_counters.open_counters()
    if counting.why:
        pytest.skip(counting.why)
    little, much = counting.around(lambda: None), counting.around(use_cpu)
    assert much["task clock"] > little["task clock"] >= 0
    counting.close()
    assert not counting.descriptors


@linux_only
def test_hardware_events_are_counted_or_the_reason_is_told():
    counting = perf_counters.open_counters()
    found = counting.around(use_cpu)
    missing = [name for name in perf_counters.EVENTS if name not in counting.descriptors]
    assert set(found) <= set(counting.descriptors)
    assert all(count >= 0 for count in found.values())
    assert bool(missing) == bool(counting.why)
    assert all(name in counting.why for name in missing)
    counting.close()


@linux_only
def test_an_event_that_no_processor_has_is_refused_by_the_kernel(monkeypatch):
    monkeypatch.setattr(perf_counters, "EVENTS", {"nonsense": (0, 9999)})
    counting = perf_counters.open_counters()
    assert not counting.descriptors
    assert counting.why.startswith("nonsense: ")
    assert counting.around(use_cpu) == {}


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
def test_every_reason_is_told_in_words(number, words):
    assert words in perf_counters.explain_error(OSError(number, os.strerror(number)))


def test_another_system_is_told(monkeypatch):
    monkeypatch.setattr(perf_counters.platform, "system", lambda: "Darwin")
    counting = perf_counters.open_counters()
    assert "Darwin" in counting.why and not counting.descriptors
