"""Waiting for a condition."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

MAX_WAIT_S = 120.0
"""Longest wait for a condition; a test that reaches it fails."""
POLL_INTERVAL_S = 0.02


def wait_for(condition: Callable[[], Found], seconds: float = MAX_WAIT_S) -> Found:
    """What `condition` returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"the condition was not met within {seconds:g} s"
        time.sleep(POLL_INTERVAL_S)
    return found
