"""A server process that dispatches jobs, for tests that kill it."""

import subprocess
import sys

import pytest

from bench.paths import ROOT

SERVER_SCRIPT = """
import sys, time
from bench.scheduler.dispatcher import Dispatcher
from bench.plan.plan import make
dispatcher = Dispatcher()
parameters = {'loops': 2000, 'fault': 'orphan'}
plan = make('trial', cores=1, budget_s=60, target=0, parameters=parameters)
print(dispatcher.submit(plan, origin='page'), flush=True)
time.sleep(120)
"""


@pytest.fixture
def server():
    process = subprocess.Popen([sys.executable, "-c", SERVER_SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
