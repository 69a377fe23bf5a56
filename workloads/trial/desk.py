"""Tasks of the trial workload: they count, and misbehave as they are told."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from bench.workload.interface import BadInput, Settings, TaskReporter


class Desk:
    """See `bench.workload.interface.TaskHandler`."""

    def __init__(self) -> None:
        self.done = 0

    def count(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Count to `given["to"]`, or do what `given["fault"]` says half-way; `done` tells how often it was asked."""
        to = int(given["to"])
        for number in range(1, to + 1):
            tell.progress(f"{number} of {to}", number / to)
            tell.event("counted", {"number": number})
            if number == (to + 1) // 2:
                _misbehave(str(given.get("fault", "")))
        self.done += 1
        return {
            "pid": os.getpid(),
            "done": self.done,
            "cores": settings.cores,
            "threads": os.environ["OMP_NUM_THREADS"],
            "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
            "loops": settings.parameters["loops"],
            "told": os.environ.get("FAIRLAP_TRIAL", ""),
        }

    # The same work by a process that stays.
    stay = count


def _misbehave(fault: str) -> None:
    match fault:
        case "raise":
            raise BadInput("that cannot be counted", "Count something else.")
        case "bug":
            raise KeyError("a mistake of the workload's")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "garbage":
            # The pipe of the replies is the worker's second argument.
            os.write(int(sys.argv[2]), b"this is no message\n")
