"""TODO: bench.selfcheck.same_arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.selfcheck.common import choose_all_cores, run_race


def check_same_arm(
    tell: Callable[[str], None] = print, *, count: int = 20, workload: str = "colour-quantization"
) -> None:
    """Race an arm against itself: how often the verdict is 'no difference detected'."""
    lever = resolve(make_plan(workload, cores=1)).lever
    verdicts: Counter[str] = Counter()
    for number in range(count):
        run = run_race(workload, cores=len(choose_all_cores()), budget_s=10, seed=number, accelerated=lever.baseline)
        comparison = run.comparison()
        ratio = comparison.ratio
        verdicts[run.verdict.speed.value] += 1
        tell(
            f"{number + 1:2} {run.verdict.speed}: {ratio.value:.4f} ({ratio.low:.4f} to {ratio.high:.4f}), "
            f"{comparison.baseline.count} pairs, used {comparison.baseline.effective_cores:.2f} and "
            f"{comparison.accelerated.effective_cores:.2f} cores"
        )
    tell(f"{verdicts['no difference detected']} of {count} found no difference where there is none")
