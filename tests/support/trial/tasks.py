"""The tasks of the trial workload: they count, and fail on request."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from bench.workload.interface import BadInput, Settings, TaskReporter


class TrialTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def __init__(self) -> None:
        self.done = 0

    def count(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Count to `given["to"]`, with the fault `given["fault"]` half-way.

        `done` in the result is the number of tasks that this process has completed.
        """
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

    # The same work in a resident process.
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
            # The worker's second argument is the descriptor of the pipe of the replies.
            os.write(int(sys.argv[2]), b"this is no message\n")
