"""The tasks of the trial workload: they count, and fail on request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.system.cache_entry import load_or_make
from bench.workload.interface import BadInput, Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from bench.workload.tasks import NoArguments
from tests.support.trial.measurements import CountArguments, Counted, CountResult

HOLD_FILE = "hold-preparations"
"""In the cache: while it exists, no preparation ends."""


class TrialTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def __init__(self) -> None:
        self.done = 0

    def count(self, settings: Settings, arguments: CountArguments, reporter: TaskReporter) -> CountResult:
        """Count to a number, with a fault half-way."""
        for number in range(1, arguments.to + 1):
            reporter.progress(f"counting: {number} of {arguments.to}", number / arguments.to)
            reporter.report("counted", Counted(number=number))
            if number == (arguments.to + 1) // 2:
                _fail(arguments.fault, reporter)
        self.done += 1
        return CountResult(
            pid=os.getpid(),
            done=self.done,
            cores=settings.cores,
            threads=os.environ["OMP_NUM_THREADS"],
            affinity=sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
            loops=int(settings.parameters["loops"]),
            variable=os.environ.get("FAIRLAP_TRIAL", ""),
        )

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Store an entry for the number of loops; it takes until a file `hold-preparations` in the cache is gone."""
        preparation = Preparation(settings.cache, reporter, 1)
        loops = int(settings.parameters["loops"])

        def make(draft: Path) -> dict[str, int]:
            (draft / "loops").write_text(str(loops))
            return {"loops": loops}

        with preparation.part("storing the loops"):
            load_or_make(settings.cache / "trial" / str(loops), make)
            while (settings.cache / HOLD_FILE).exists():
                preparation.report("storing the loops", 0.5)
                time.sleep(0.05)
        return preparation.finish()

    # The same work in a resident process.
    stay = load = count


def _count_slowly(reporter: TaskReporter) -> None:
    """Work for a minute, with signs of life."""
    for _ in range(600):
        reporter.progress("still counting")
        time.sleep(0.1)


def _fail(fault: str, reporter: TaskReporter) -> None:
    match fault:
        case "raise":
            raise BadInput("that cannot be counted", "Count something else.")
        case "bug":
            raise KeyError("a mistake of the workload's")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "orphan":
            # A grandchild in a session of its own. It outlives its parent and ignores SIGTERM.
            orphan = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
            parent = f"import subprocess,sys; subprocess.Popen([sys.executable,'-c',{orphan!r}],start_new_session=True)"
            subprocess.run([sys.executable, "-c", parent], check=True)
            _count_slowly(reporter)
        case "slow":
            _count_slowly(reporter)
        case "garbage":
            # The worker's second argument is the descriptor of the pipe of the replies.
            os.write(int(sys.argv[2]), b"this is no message\n")
        case "undeclared":
            reporter.report("unheard", Counted(number=0))
