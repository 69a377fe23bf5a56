"""A second process that submits jobs, as another server would."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.paths import ROOT

RACE = "dispatcher.submit_race(plan, origin='page')"
MEASUREMENT = "dispatcher.submit_measurement(plan, 'count', {'to': 4, 'fault': 'orphan'}, origin='page')"
WAITING = "' '.join([dispatcher.submit_race(plan, origin='page'), dispatcher.submit_race(plan, origin='page'), "
WAITING += "dispatcher.submit_measurement(plan, 'count', {'to': 4}, origin='page')])"
SERVER_SCRIPT = """
import time
from bench.plan.validation import make_plan
from bench.scheduler.dispatcher import Dispatcher
dispatcher = Dispatcher()
plan = make_plan('trial', cores=1, budget_s=60, target=0, parameters={{'loops': 2000, 'fault': 'orphan'}})
print({submit}, flush=True)
time.sleep(120)
"""


def _start(submit: str) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-c", SERVER_SCRIPT.format(submit=submit)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def server() -> Iterator[subprocess.Popen]:
    """Submits a race and prints its id."""
    yield from _start(RACE)


@pytest.fixture
def measuring_server() -> Iterator[subprocess.Popen]:
    """Submits a measurement that hangs with an orphan, and prints its id."""
    yield from _start(MEASUREMENT)


@pytest.fixture
def waiting_server() -> Iterator[subprocess.Popen]:
    """Submits a race, and behind it another race and a measurement that wait; prints the ids in one line."""
    yield from _start(WAITING)
