"""What the core costs, and whether it can be believed: `python -m bench check overhead | same-arm | beside | start`.

Figures of one machine at one moment, to be read and not asserted; ratios are taken within one run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.formatting import format_duration
from bench.machine.core_selection import choose_cores
from bench.paths import ROOT
from bench.selfcheck.common import run_race
from bench.values import Arm, Phase

SPIN_LOOPS = 200_000
"""Turns of the pure-Python step that is held against pyperf: some ten milliseconds."""


def check_overhead(tell: Callable[[str], None] = print) -> None:
    """The core's own cost: of a sample, of the clock, of the arm that waits; and its medians beside pyperf's."""
    run = run_race("selftest", cores=1, budget_s=6, target=0, parameters={"loops": 0})
    samples = [sample for sample in run.samples if sample.phase is Phase.RACE]
    between = [
        later.repetition.began - sample.repetition.began - sample.repetition.wall_s
        for sample, later in pairwise(samples)
    ]
    empty = median(time.seconds for sample in samples for time in sample.repetition.steps if time.step == "nothing")
    tell(
        f"a sample of a workload that does nothing: {format_duration(median(between))} between two samples, outside the clock"
    )
    tell(f"inside the clock, a call of a function that does nothing: {format_duration(empty)}")
    tell(f"other than the steps, inside a sample: {format_duration(median(s.repetition.other_s for s in samples))}")

    run = run_race("selftest", cores=1, budget_s=10, target=0, parameters={"loops": SPIN_LOOPS})
    for arm in Arm:
        series = [sample.repetition for sample in run.samples_of(arm)]
        used, idle = sum(m.idle_cpu_s for m in series), sum(m.idle_s for m in series)
        tell(f"the {arm} arm while it waits: {used / idle:.3%} of a core, over {idle:.1f} s")
    _compare_with_pyperf(tell)


def _compare_with_pyperf(tell: Callable[[str], None]) -> None:
    """Our medians of a fixed pure-Python step beside pyperf's, the clocks taking turns inside pyperf's own workers.

    Raises RuntimeError where pyperf is not installed.
    """
    from bench.stats.comparison import ratio_of_medians

    with tempfile.TemporaryDirectory() as folder:
        file, beside = Path(folder) / "pyperf.json", Path(folder) / "ours"
        options = ["--processes", "8", "--values", "100", "--warmups", "5", "--loops", "1", "--quiet", "-o", str(file)]
        options += [
            "--affinity",
            str(choose_cores(1)[0]),
            "--inherit-environ",
            "PYTHONPATH,PYTHONHASHSEED,FAIRLAP_BESIDE",
        ]
        result = subprocess.run(
            [sys.executable, "-m", "bench.selfcheck.pyperf_clock", *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "FAIRLAP_BESIDE": str(beside)},
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(f"pyperf could not run (pip install -r requirements-dev.txt): {result.stderr.strip()}")
        runs = json.loads(file.read_text())["benchmarks"][0]["runs"]
        theirs = [time for run in runs for time in (*(w for _, w in run.get("warmups", ())), *run.get("values", ()))]
        ours = [float(line) for line in beside.read_text().splitlines()]
    if len(ours) != len(theirs):
        raise RuntimeError(f"pyperf told {len(theirs)} times, our clock {len(ours)}: they did not take turns")
    ratio = ratio_of_medians(ours, theirs)
    tell(
        f"a fixed pure-Python step, {len(ours)} times each in turns: median {format_duration(median(ours))} here, "
        f"{format_duration(median(theirs))} by pyperf, {ratio.value:.4f} of it ({ratio.low:.4f} to {ratio.high:.4f})"
    )
