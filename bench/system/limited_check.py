"""Checks of files that are not trusted: few at a time, with limited memory and a low priority.

A visitor can hand in files in many tabs at once. Without a limit their checks would use up the memory of the machine,
and take the processor from the race that runs meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from bench.system.isolated_call import CallResult, IsolatedCallError, call_isolated

MAX_CHECKS = 2
"""Checks that run at once in this process."""
MAX_WAIT_S = 60.0
"""Longest wait for the end of other checks."""
NICENESS = 10
"""Priority of a check: a tenth of the processor time of a race on the same core, so that it still ends."""

_slots = threading.BoundedSemaphore(MAX_CHECKS)


class TooManyChecks(IsolatedCallError):
    """The check was not started, because others did not end within `MAX_WAIT_S`."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_CHECKS} other files have been checked for {MAX_WAIT_S:g} s")


def call_check(
    function: str,
    *arguments: Any,
    limit_s: float,
    memory_limit_bytes: int,
    environment: Mapping[str, str] | None = None,
) -> CallResult:
    """As `call_isolated`, when fewer than `MAX_CHECKS` checks run. Raises TooManyChecks too."""
    if not _slots.acquire(timeout=MAX_WAIT_S):
        raise TooManyChecks
    try:
        return call_isolated(
            function,
            *arguments,
            limit_s=limit_s,
            memory_limit_bytes=memory_limit_bytes,
            environment=environment,
            niceness=NICENESS,
        )
    finally:
        _slots.release()
