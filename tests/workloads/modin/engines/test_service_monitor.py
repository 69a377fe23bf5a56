"""TODO: tests.workloads.modin.engines.test_service_monitor."""

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
    watching = object.__new__(service_monitor.ServiceMonitor)
    watching._ended = []
    with pytest.raises(ConnectionError), watching.blamed():
        raise ConnectionError("no answer")
    watching._ended = ["raylet"]
    with pytest.raises(service_monitor.ServiceDied, match="raylet ended in the middle of the work"), watching.blamed():
        raise ConnectionError("no answer")


@pytest.fixture
def watched() -> Iterator[tuple[ServiceMonitor, subprocess.Popen[bytes]]]:
    """A watch over a process, and that process."""
    with subprocess.Popen(["sleep", "60"]) as service:
        yield ServiceMonitor([psutil.Process(service.pid)]), service
        service.kill()
    # One more may be under way.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def test_an_error_that_comes_before_the_news_of_its_cause_is_told_by_its_cause(watched):
    watch, service = watched
    with pytest.raises(KeyError, match="a mistake of its own"), watch.blamed():
        raise KeyError("a mistake of its own")
    with pytest.raises(BadInput, match="no room"), watch.blamed():
        raise BadInput("no room", "Free some.")
    with pytest.raises(ServiceDied, match="sleep ended in the middle of the work") as died, watch.blamed():
        service.kill()
        raise RuntimeError("connection lost")
    assert died.value.remedy


def test_a_call_that_would_wait_for_what_never_comes_is_interrupted(watched):
    _, service = watched
    began = time.monotonic()
    with pytest.raises(ServiceDied, match="sleep ended"):
        service.kill()
        time.sleep(30)
    assert time.monotonic() - began < 30
