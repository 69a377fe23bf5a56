"""The load of other programs, as the server's shared monitor measures it."""

import pytest

from bench.values.readings import CoreReading, Reading
from ui import services


class Clock:
    """Time, readings and the processor time of this process, all made up."""

    def __init__(self) -> None:
        self.now, self.own_s, self.busy = 1000.0, 0.0, 0.0

    def read(self, at: float) -> Reading:
        cores = [CoreReading(busy=self.busy), CoreReading(busy=self.busy)]
        return Reading(at=at, cores=cores, memory_used=1, swap_used=0)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(services.time, "monotonic", lambda: made.now)
    monkeypatch.setattr(services.time, "process_time", lambda: made.own_s)
    monkeypatch.setattr(services, "Telemetry", lambda: made)
    return made


def advance(monitor: services.TelemetryMonitor, clock: Clock, seconds: float, busy: float, own_s: float = 0.0) -> None:
    clock.now += seconds
    clock.busy, clock.own_s = busy, clock.own_s + own_s
    monitor.read()


def test_the_load_of_others_is_without_that_of_this_process(clock):
    monitor = services.TelemetryMonitor()
    monitor.read()
    advance(monitor, clock, 3.0, busy=0.5)
    assert monitor.measure_other_load() is None, "one reading is mostly the drawing of the page"
    advance(monitor, clock, 3.0, busy=0.5, own_s=3.0)
    assert monitor.measure_other_load() == pytest.approx((6.0 - 3.0) / 6.0)


def test_what_a_job_used_long_ago_is_not_counted(clock):
    monitor = services.TelemetryMonitor()
    monitor.read()
    advance(monitor, clock, 60.0, busy=1.0)
    for _ in range(2):
        advance(monitor, clock, 3.0, busy=0.0)
    assert monitor.measure_other_load() == 0.0
