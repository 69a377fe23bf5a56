"""How often does a race of an arm against itself find a difference?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from bench.claims.speed import compare_speed
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.selfcheck.common import choose_all_cores, run_race
from bench.values import Speed


def check_same_arm(
    report: Callable[[str], None] = print, *, count: int = 20, workload: str = "colour-quantization"
) -> None:
    """Race the baseline of `workload` against itself `count` times. Raises RuntimeError if an arm fails."""
    lever = resolve(make_plan(workload, cores=1)).lever
    core_count = len(choose_all_cores())
    verdicts: Counter[Speed] = Counter()
    for number in range(count):
        run = run_race(workload, cores=core_count, budget_s=10, seed=number, accelerated=lever.baseline)
        comparison = run.comparison()
        if comparison is None:
            raise RuntimeError(f"Race {number + 1} ended without a pair. Choose a larger time budget.")
        ratio = comparison.ratio
        # Not the verdict of the claim, which knows that both arms ran the same code.
        speed = compare_speed(ratio)
        verdicts[speed] += 1
        report(
            f"{number + 1:2} {speed}: {ratio.value:.4f} ({ratio.low:.4f} to {ratio.high:.4f}), "
            f"{comparison.baseline.count} pairs, used {comparison.baseline.effective_cores:.2f} and "
            f"{comparison.accelerated.effective_cores:.2f} cores"
        )
    report(f"{verdicts[Speed.SAME]} of {count} races correctly found no difference")
