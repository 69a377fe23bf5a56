"""A pyperf benchmark that has our clock take turns with pyperf's, value by value: see `bench.selfcheck.overhead.check_overhead`.

In one process and in alternation, since two processes of one program differ by more than the clocks could, and a
machine drifts between two runs. Our times go to the file that `FAIRLAP_BESIDE` names.
"""

from __future__ import annotations

import importlib
import os
import time

from bench.selfcheck.overhead import SPIN_LOOPS
from bench.worker.arm_worker import StepClock

# By name, as a worker does it: bench knows workloads through their declarations alone.
spin = importlib.import_module("workloads.selftest.arm").spin


def time_both(loops: int) -> float:
    """pyperf's time of `loops` calls, in seconds; ours of one more call is written down."""
    began = time.perf_counter()
    for _ in range(loops):
        spin(SPIN_LOOPS)
    elapsed = time.perf_counter() - began
    clock = StepClock({}, time.process_time)
    clock("spin", lambda: spin(SPIN_LOOPS))
    with open(os.environ["FAIRLAP_BESIDE"], "a") as file:
        file.write(f"{clock.steps[0].seconds!r}\n")
    return elapsed


def main() -> None:
    import pyperf  # needed for this benchmark alone

    # As a module, also in its workers: beside this file lies one called like the standard statistics.
    pyperf.Runner(program_args=("-m", "bench.selfcheck.pyperf_clock")).bench_time_func("spin", time_both)


if __name__ == "__main__":
    main()
