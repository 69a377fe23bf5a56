"""Waiting for a condition."""

import time
from collections.abc import Callable


def wait_for(condition, seconds: float = 40.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


MAX_WAIT_S = 60.0
"""Longest wait for something that must come to pass; a test that reaches it fails."""


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MAX_WAIT_S
    while not true():
        assert time.monotonic() < deadline, "did not come to pass"
        time.sleep(0.01)
