"""A pyperf benchmark in which our clock alternates with pyperf's, value by value. See `bench.selfcheck.overhead`.

Both clocks are used in one process, because two processes of one program differ by more than the clocks, and in
alternation, because a machine drifts between two runs. Our times go to the file that FAIRLAP_OUR_TIMES names.
"""

from __future__ import annotations

import importlib
import os
import time

from bench.selfcheck.overhead import SPIN_LOOPS
from bench.worker.arm_worker import StepClock

# By name, as in a worker, because `bench` must not depend on the arms of workloads.
spin = importlib.import_module("workloads.selftest.arm").spin


def time_both(loops: int) -> float:
    """pyperf's time of `loops` calls, in seconds. Appends our time of one more call to the file."""
    began = time.perf_counter()
    for _ in range(loops):
        spin(SPIN_LOOPS)
    elapsed_s = time.perf_counter() - began
    clock = StepClock({}, time.process_time)
    clock("spin", lambda: spin(SPIN_LOOPS))
    with open(os.environ["FAIRLAP_OUR_TIMES"], "a") as file:
        file.write(f"{clock.steps[0].seconds!r}\n")
    return elapsed_s


def main() -> None:
    import pyperf  # Only this benchmark needs it, and only its process may import this module.

    # pyperf's own worker processes must start this file as a module too.
    pyperf.Runner(program_args=("-m", "bench.selfcheck.pyperf_clock")).bench_time_func("spin", time_both)


if __name__ == "__main__":
    main()
