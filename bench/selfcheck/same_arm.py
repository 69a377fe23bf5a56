"""How often does a race of an arm against itself find a difference, on this machine as it is and under load?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.claims.fairness import different_code
from bench.claims.speed import compare_speed
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.record import Run
from bench.selfcheck.common import choose_all_cores, run_race
from bench.values.claims import Outcome, Speed

LOOPS_PER_CORE = 3
"""Busy loops that are pinned to each core in the loaded half of the check."""
BUSY_LOOP = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
parent = os.getppid()
print("busy", flush=True)
while os.getppid() == parent:
    pass
"""
"""It prints a line when it is on its core, and ends with its parent."""


def check_same_arm(
    report: Callable[[str], None] = print,
    *,
    count: int = 20,
    workload: str = "colour-quantization",
    budget_s: float = 10,
) -> None:
    """Race the baseline of `workload` against itself `count` times without load, and as often beside busy loops.

    Raises RuntimeError if an arm fails.
    """
    cores = choose_all_cores()
    report(f"{workload}, without load")
    _race_repeatedly(report, count, workload, len(cores), budget_s)
    report(f"{workload}, beside {LOOPS_PER_CORE} busy loops pinned to each of {len(cores)} cores")
    with busy_loops(cores, LOOPS_PER_CORE):
        _race_repeatedly(report, count, workload, len(cores), budget_s)


def _race_repeatedly(
    report: Callable[[str], None], count: int, workload: str, core_count: int, budget_s: float
) -> None:
    lever = resolve(make_plan(workload, cores=1)).lever
    false_claims = 0
    for number in range(count):
        run = run_race(workload, cores=core_count, budget_s=budget_s, seed=number, accelerated=lever.baseline)
        comparison = run.comparison()
        if comparison is None:
            report(f"{number + 1:2} no interval: it ended with too few pairs")
            continue
        ratio = comparison.ratio
        refusals = find_other_refusals(run)
        speed = compare_speed(ratio)
        is_false_claim = speed is not Speed.SAME and not refusals
        false_claims += is_false_claim
        verdict = "FALSE CLAIM" if is_false_claim else "no claim"
        report(
            f"{number + 1:2} {verdict}: {ratio.value:.4f} ({ratio.low:.4f} to {ratio.high:.4f}), "
            f"{comparison.baseline.count} pairs, used {comparison.baseline.effective_cores:.2f} and "
            f"{comparison.accelerated.effective_cores:.2f} cores; refused by: {', '.join(refusals) or 'no other rule'}"
        )
    report(f"{false_claims} of {count} races would have claimed a difference if the arms ran different code")


def find_other_refusals(run: Run) -> list[str]:
    """Titles of the rules that refuse the claim of the total, without the rule that knows that the code is the same."""
    claim = run.claim()
    findings = claim.findings if claim else []
    return [
        finding.title
        for finding in findings
        if finding.outcome is Outcome.REFUSED and finding.rule != different_code.name
    ]


@contextmanager
def busy_loops(cores: list[int], per_core: int) -> Iterator[list[int]]:
    """Keep `per_core` processes busy on each of `cores` (ids of logical processors) inside the block, from its first
    line on. Yields the ids of the processes. Raises RuntimeError if one does not start."""
    command = [sys.executable, "-c", BUSY_LOOP]
    # A session of their own, so that the loops are no part of what the race's arms count as theirs.
    loops = [
        subprocess.Popen([*command, str(core)], start_new_session=True, stdout=subprocess.PIPE)
        for core in cores
        for _ in range(per_core)
    ]
    try:
        for loop in loops:
            assert loop.stdout is not None
            if not loop.stdout.readline():
                raise RuntimeError(f"a busy loop ended before it was on its core, with exit code {loop.wait()}")
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.communicate()
