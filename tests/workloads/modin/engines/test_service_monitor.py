"""The service monitor: errors that follow from the end of a service are reported as such."""

import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from bench.workload.interface import BadInput
from workloads.modin.engines import service_monitor
from workloads.modin.engines.service_monitor import ServiceDied, ServiceMonitor


def test_an_error_whose_interruption_was_lost_still_names_what_ended(monkeypatch):
    monkeypatch.setattr(service_monitor, "DEATH_NOTICE_S", 0.0)
    monitor = object.__new__(ServiceMonitor)
    monitor._ended = []
    with pytest.raises(ConnectionError), monitor.translate_errors():
        raise ConnectionError("no answer")
    monitor._ended = ["raylet"]
    with pytest.raises(ServiceDied, match="raylet ended while the arm was working"), monitor.translate_errors():
        raise ConnectionError("no answer")


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
    _, service = monitored
    started = time.monotonic()
    with pytest.raises(ServiceDied, match="sleep ended"):
        service.kill()
        time.sleep(30)
    assert time.monotonic() - started < 30
