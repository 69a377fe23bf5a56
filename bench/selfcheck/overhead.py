"""What Fairlap itself costs: per sample, inside the clock, and of an arm that waits. Compares its clock with pyperf's.

The results are those of one machine at one moment, to be read, not asserted. Ratios are taken within one run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.formatting import format_duration, format_percent
from bench.machine.core_selection import choose_cores
from bench.paths import ROOT
from bench.selfcheck.common import run_race
from bench.selfcheck.requirements import require_package
from bench.values.base import Arm
from bench.values.samples import Phase

SPIN_LOOPS = 200_000
"""Iterations of the pure-Python step that both clocks time: about ten milliseconds."""


def check_overhead(report: Callable[[str], None] = print) -> None:
    """Raises MissingRequirement if pyperf is not installed, and RuntimeError if a race or pyperf fails."""
    require_package("pyperf", "overhead")
    run = run_race("selftest", cores=1, budget_s=6, target=0, parameters={"loops": 0})
    samples = [sample for sample in run.samples if sample.phase is Phase.RACE]
    between_s = [
        later.repetition.began - sample.repetition.began - sample.repetition.wall_s
        for sample, later in pairwise(samples)
    ]
    empty_s = median(time.seconds for sample in samples for time in sample.repetition.steps if time.step == "nothing")
    other_s = median(sample.repetition.other_s for sample in samples)
    report(f"between two samples of a workload that does nothing: {format_duration(median(between_s))}")
    report(f"inside the clock, for a function that does nothing: {format_duration(empty_s)}")
    report(f"inside a sample, outside its steps: {format_duration(other_s)}")

    run = run_race("selftest", cores=1, budget_s=10, target=0, parameters={"loops": SPIN_LOOPS})
    for arm in Arm:
        waits = [sample.repetition for sample in run.samples_of(arm)]
        used_s, idle_s = sum(wait.idle_cpu_s for wait in waits), sum(wait.idle_s for wait in waits)
        report(f"{arm} arm while it waits: {format_percent(used_s / idle_s, 3)} of a core, over {idle_s:.1f} s")
    _compare_with_pyperf(report)


def _compare_with_pyperf(report: Callable[[str], None]) -> None:
    from bench.stats.ratio import estimate_ratio

    our_times, pyperf_times = _time_with_both_clocks()
    if len(our_times) != len(pyperf_times):
        raise RuntimeError(
            f"pyperf reported {len(pyperf_times)} times and our clock {len(our_times)}, so they did not alternate."
        )
    ratio = estimate_ratio(our_times, pyperf_times, same_process=True).ratio
    report(
        f"a fixed pure-Python step, timed {len(our_times)} times by each clock in alternation: "
        f"median {format_duration(median(our_times))} here and {format_duration(median(pyperf_times))} by pyperf, "
        f"ratio {ratio.value:.4f} ({ratio.low:.4f} to {ratio.high:.4f})"
    )


def _time_with_both_clocks() -> tuple[Sequence[float], Sequence[float]]:
    """Times of the same step, in seconds, by our clock and by pyperf's. Raises RuntimeError if pyperf fails."""
    with tempfile.TemporaryDirectory() as folder:
        pyperf_file, our_file = Path(folder) / "pyperf.json", Path(folder) / "ours"
        options = ["--processes", "8", "--values", "100", "--warmups", "5", "--loops", "1", "--quiet"]
        options += ["-o", str(pyperf_file), "--affinity", str(choose_cores(1)[0])]
        options += ["--inherit-environ", "PYTHONPATH,PYTHONHASHSEED,FAIRLAP_OUR_TIMES"]
        done = subprocess.run(
            [sys.executable, "-m", "bench.selfcheck.pyperf_clock", *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "FAIRLAP_OUR_TIMES": str(our_file)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"pyperf exited with status {done.returncode}: {done.stderr.strip()}")
        runs = json.loads(pyperf_file.read_text())["benchmarks"][0]["runs"]
        our_times = [float(line) for line in our_file.read_text().splitlines()]
    pyperf_times: list[float] = []
    for run in runs:
        pyperf_times += [seconds for _, seconds in run.get("warmups", ())]
        pyperf_times += run.get("values", ())
    return our_times, pyperf_times
