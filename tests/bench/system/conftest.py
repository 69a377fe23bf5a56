"""Fixtures of the tests of processes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.child_processes import StartProcess, end_session


@pytest.fixture
def start() -> Iterator[StartProcess]:
    """Start Python code as a process, and end its whole session after the test, whatever became of it."""
    with ExitStack() as stack:

        def started(code: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            stack.callback(end_session, process)
            return process

        yield started
