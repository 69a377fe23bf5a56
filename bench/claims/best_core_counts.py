"""Each arm at its best core count: the rule, the sentence, and when the two may be compared by a ratio."""

from __future__ import annotations

from collections.abc import Sequence

from bench.claims.processor_time import MAX_WAIT_SHARE, is_changed
from bench.claims.processor_use import estimate_median_without_waiting, measure_processor_use
from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule
from bench.claims.speed import compare_speed
from bench.formatting import format_cores, format_duration, format_interval, format_median, format_ratio_with_interval
from bench.run.outcome import MIN_PAIRS
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import NoteKind, Speed
from bench.values.samples import TOTAL, Phase
from bench.values.statistics import CoreCount

MAX_CHANGE = 1.10
"""If an arm's time at the core count of the race changes by a larger factor after the race, the times at other core
counts are not compared."""


@define_rule(
    "Each arm ran at its best core count",
    "Bailey 6 and 7, SC15 rule 1",
    noted="An arm is faster at another core count",
    other_noted="Raced on one core only",
)
def best_with_best(context: RuleContext) -> RuleResult:
    """A baseline that runs at an unfavourable core count is too easy to beat."""
    run = context.run
    if run.plan.cores == 1:
        remedy = "Run on more cores too: the baseline may gain more from them."
        return note("both arms on one core", remedy, kind=NoteKind.CONDITION)
    best = find_best_core_counts(run.core_counts)
    if not best:
        remedy = "Increase the time budget, so that there is time for other core counts."
        seen = [f"only {format_cores(run.plan.cores)} tried"]
        seen += [f"{format_cores(cores)}: {why}" for cores, why in run.skipped_core_counts.items()]
        return note("; ".join(seen), remedy, title="No other core count was tried")
    times = ", ".join(
        f"{arm} {format_median(count.whole)} on {format_cores(count.cores)}" for arm, count in best.items()
    )
    seen = f"each arm at its best core count, {times}: {describe_best_ratio(run)}"
    if _count_rounds(run) < MIN_PAIRS:
        remedy = "Increase the time budget, so that there are more rounds."
        return note(seen, remedy, title="Too few rounds at other core counts")
    if explain_disturbance(run):
        remedy = "Close other programs and run again, or race at each core count on its own."
        return note(seen, remedy, title="The samples at other core counts were disturbed")
    if all(count.cores == run.plan.cores for count in best.values()):
        return pass_rule(seen)
    fewest = min(count.cores for count in best.values())
    return note(seen, f"Run again on {format_cores(fewest)}, where an arm is fastest.")


def find_best_core_counts(core_counts: Sequence[CoreCount]) -> dict[Arm, CoreCount]:
    """The core count at which each arm's total was fastest; empty if no core counts were tried."""
    if not core_counts:
        return {}
    counts = {arm: [count for count in core_counts if count.arm is arm] for arm in Arm}
    return {arm: min(tried, key=lambda count: count.whole.median) for arm, tried in counts.items()}


def describe_best_ratio(run: Run) -> str:
    """The ratio of the arms at their best core counts, or why there is none, by the same rules as in the race."""
    ratio = run.best_ratio
    if (rounds := _count_rounds(run)) < MIN_PAIRS:
        return f"too few rounds for a ratio ({rounds}, needs {MIN_PAIRS})"
    if ratio is None:
        return "no ratio, because the two were not measured in the same rounds"
    if disturbance := explain_disturbance(run):
        return f"no ratio, because {disturbance}"
    if compare_speed(ratio) is Speed.SAME:
        return f"no difference detected ({format_interval(ratio)})"
    return f"a ratio of {format_ratio_with_interval(ratio)}"


def _count_rounds(run: Run) -> int:
    """The number of rounds in which both arms were sampled at their best core count."""
    return min((count.whole.count for count in find_best_core_counts(run.core_counts).values()), default=0)


def explain_disturbance(run: Run) -> str:
    """Why the times at other core counts do not fit those of the race; empty if they do, or if there are too few to
    tell."""
    if _count_rounds(run) < MIN_PAIRS:
        return ""
    for count in run.core_counts:
        comparison = run.comparison()
        if count.cores != run.plan.cores or comparison is None:
            continue
        race_s, later_s = comparison.summary(count.arm).median, count.whole.median
        if not 1 / MAX_CHANGE <= later_s / race_s <= MAX_CHANGE:
            return (
                f"the time of the {count.arm} arm on {format_cores(count.cores)} changed from "
                f"{format_duration(race_s)} in the race to {format_duration(later_s)} after it"
            )
    if run.best_ratio is None:
        return ""
    samples = {
        arm: [sample for sample in run.samples_of(arm, Phase.CORES) if sample.cores == count.cores]
        for arm, count in find_best_core_counts(run.core_counts).items()
    }
    for arm, taken in samples.items():
        use = measure_processor_use(taken)
        if use is not None and use.wait_share > MAX_WAIT_SHARE:
            return f"the {arm} arm {use.describe()}"
    times_s = [estimate_median_without_waiting(taken, TOTAL) for taken in samples.values()]
    if all(times_s) and is_changed(run.best_ratio.value, times_s[0] / times_s[1]):
        return "waiting for a processor changed it"
    return ""


def describe_best_core_counts(run: Run) -> list[str]:
    """What the sentence of a claim states about other core counts; empty if both arms are best on those of the race."""
    best = find_best_core_counts(run.core_counts)
    if all(count.cores == run.plan.cores for count in best.values()):
        return []
    if explain_disturbance(run):
        return ["other core counts are not compared, because they were measured under a disturbance"]
    times = " and ".join(f"{format_median(count.whole)} on {format_cores(count.cores)}" for count in best.values())
    return [f"total at each arm's best core count {times}, {describe_best_ratio(run)}"]
