"""Times warm calls while an arm prepares, so that the race needs no warm-up to know how long a step takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

WARM_CALLS = 2
"""How often a short call is repeated after the first."""
MAX_REPEATED_S = 0.1
"""A call that took longer is not repeated, because that would delay the pairs. If its next calls are much faster, the
first pairs of the race show that, and the step is called more often from then on."""


def time_warm_call(
    call: Callable[[], Result],
    first_s: float,
    check: Callable[[Result], None] = lambda result: None,
    *,
    works_in_process: bool = False,
) -> float:
    """Seconds of a call after the first, which took `first_s`; of the first if it took too long to repeat it.

    `check` gets each result, outside of the clock. `works_in_process` says that no other process works for the call.
    Then the CPU time of this process counts if it is shorter: the other arm prepares at the same time, and the call
    would seem twice as long where it has to wait for a core. Raises what `call` and `check` raise.
    """
    if first_s > MAX_REPEATED_S:
        return first_s
    seconds = first_s
    for _ in range(WARM_CALLS):
        started, cpu_started_s = time.perf_counter(), time.process_time()
        result = call()
        seconds = min(seconds, time.perf_counter() - started)
        if works_in_process:
            seconds = min(seconds, time.process_time() - cpu_started_s)
        check(result)
        del result
    return seconds
