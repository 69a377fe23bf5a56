"""The service monitor: a block that needs the service is interrupted when the service ends, and only such a block."""

import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from bench.workload.interface import BadInput
from tests.support.waiting import wait_for
from workloads.modin.engines import service_monitor
from workloads.modin.engines.service_monitor import ServiceDied, ServiceMonitor


@pytest.fixture
def monitored() -> Iterator[tuple[ServiceMonitor, subprocess.Popen[bytes]]]:
    """A monitor, and the process that it watches."""
    with subprocess.Popen(["sleep", "60"]) as service:
        yield ServiceMonitor([psutil.Process(service.pid)]), service
        service.kill()
    # One more signal may be on its way.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def test_an_error_that_comes_before_the_news_of_its_cause_is_reported_by_its_cause(monitored):
    monitor, service = monitored
    with pytest.raises(KeyError, match="a bug"), monitor.translate_errors():
        raise KeyError("a bug")
    with pytest.raises(BadInput, match="no room"), monitor.translate_errors():
        raise BadInput("no room", "Free some.")
    with pytest.raises(ServiceDied, match="sleep ended while the arm was working") as died, monitor.translate_errors():
        service.kill()
        raise RuntimeError("connection lost")
    assert died.value.remedy


def test_a_call_that_would_wait_forever_is_interrupted(monitored):
    monitor, service = monitored
    started = time.monotonic()
    with pytest.raises(ServiceDied, match="sleep ended"), monitor.translate_errors():
        service.kill()
        time.sleep(30)
    assert time.monotonic() - started < 30


def test_an_interruption_that_python_ignores_is_repeated(monitored, monkeypatch):
    monkeypatch.setattr(service_monitor, "INTERRUPT_LOST_S", 1.0)
    monitor, service = monitored
    interruptions = 0
    with pytest.raises(ServiceDied, match="sleep ended"), monitor.translate_errors():
        service.kill()
        for _ in range(2):
            try:
                time.sleep(30)
            except ServiceDied:
                interruptions += 1
        time.sleep(30)
    assert interruptions == 2


def test_nothing_is_raised_between_two_blocks_and_the_next_one_raises(monitored):
    monitor, service = monitored
    service.kill()
    service.wait()
    wait_for(lambda: monitor._ended)
    # Longer than several attempts to interrupt would take.
    time.sleep(10 * service_monitor.INTERRUPT_RETRY_S)
    executed = False
    with pytest.raises(ServiceDied, match="sleep ended while the arm was working") as died, monitor.translate_errors():
        executed = True
    assert not executed
    assert died.value.remedy


def test_an_error_after_the_block_is_not_replaced_and_no_alarm_is_left(monitored):
    monitor, service = monitored
    with pytest.raises(ServiceDied), monitor.translate_errors():
        service.kill()
        time.sleep(30)
    time.sleep(10 * service_monitor.INTERRUPT_RETRY_S)
    assert signal.alarm(0) == 0
