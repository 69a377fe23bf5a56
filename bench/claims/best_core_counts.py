"""Each arm at its best core count: the rule, the sentence, and when the two may be compared by a ratio."""

from __future__ import annotations

from collections.abc import Sequence

from bench.claims.rule import RuleContext, RuleResult, define_rule, pass_rule
from bench.claims.speed import compare_speed
from bench.formatting import format_cores, format_duration, format_interval, format_ratio_with_interval
from bench.run.outcome import MIN_PAIRS
from bench.run.record import Run
from bench.values import Arm, CoreCount, Outcome, Speed


@define_rule("Best against best", "Bailey 6 and 7, SC15 rule 1")
def best_with_best(context: RuleContext) -> RuleResult:
    """A baseline that runs at an unfavourable core count is too easy to beat."""
    run = context.run
    if run.plan.cores == 1:
        remedy = "Run on more cores too: the baseline may gain more from them."
        return Outcome.ANNOTATED, "both arms on one core only", remedy
    best = find_best_core_counts(run.core_counts)
    if not best:
        remedy = "Increase the time budget, so that there is time for other core counts."
        seen = [f"only {format_cores(run.plan.cores)} tried"]
        seen += [f"{format_cores(cores)}: {why}" for cores, why in run.skipped_core_counts.items()]
        return Outcome.ANNOTATED, "; ".join(seen), remedy
    times = ", ".join(
        f"{arm} {format_duration(count.whole.median)} on {format_cores(count.cores)}" for arm, count in best.items()
    )
    seen = f"each arm at its best core count, {times}: {describe_best_ratio(run)}"
    if all(count.cores == run.plan.cores for count in best.values()):
        return pass_rule(seen)
    fewest = min(count.cores for count in best.values())
    return Outcome.ANNOTATED, seen, f"Run again with --cores {fewest}, where one of the arms is fastest."


def find_best_core_counts(core_counts: Sequence[CoreCount]) -> dict[Arm, CoreCount]:
    """The core count at which each arm's total was fastest; empty if no core counts were tried."""
    if not core_counts:
        return {}
    counts = {arm: [count for count in core_counts if count.arm is arm] for arm in Arm}
    return {arm: min(tried, key=lambda count: count.whole.median) for arm, tried in counts.items()}


def describe_best_ratio(run: Run) -> str:
    """The ratio of the arms at their best core counts, or why there is none, by the same rules as in the race."""
    ratio = run.best_ratio
    rounds = min((count.whole.count for count in find_best_core_counts(run.core_counts).values()), default=0)
    if rounds < MIN_PAIRS:
        return f"no ratio from {rounds} rounds, which is fewer than {MIN_PAIRS}"
    if ratio is None:
        return "no ratio, because the two were not measured in the same rounds"
    if compare_speed(ratio) is Speed.SAME:
        return f"no difference detected ({format_interval(ratio)})"
    return f"a ratio of {format_ratio_with_interval(ratio)}"


def describe_best_core_counts(run: Run) -> list[str]:
    """What the sentence of a claim states about other core counts; empty if both arms are best on those of the race."""
    best = find_best_core_counts(run.core_counts)
    if all(count.cores == run.plan.cores for count in best.values()):
        return []
    times = " and ".join(
        f"{format_duration(count.whole.median)} on {format_cores(count.cores)}" for count in best.values()
    )
    return [f"total at each arm's best core count {times}, {describe_best_ratio(run)}"]
