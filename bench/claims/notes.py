"""TODO: bench.claims.verdict.notes."""

from __future__ import annotations

from bench.claims.rule import RuleContext, define_rule, pass_rule
from bench.claims.speed import find_best_core_count
from bench.formatting import format_cores, format_duration, format_ratio, format_ratio_with_interval
from bench.stats.amdahl import amdahl_ratio
from bench.stats.warmup import is_warm
from bench.values import TOTAL, Arm, Outcome, Phase

MAX_SPREAD = 0.10
"""Interquartile range over median from which a spread is worth a note."""


MAX_FIRST_RUN_FACTOR = 1.10
"""How much slower than the median the first samples must be to be worth a note."""


MAX_STEAL_SHARE = 0.02
"""Share of the time taken by the hypervisor from which it is worth a note."""


MIN_CORE_USE_SHARE = 0.85
"""Share of the cores asked for under which their use is worth a note."""


@define_rule("Best against best", "Bailey 6 and 7, SC15 rule 1")
def best_with_best(context: RuleContext) -> tuple[Outcome, str, str]:
    """A baseline at a core count that does not suit it is a straw man."""
    run = context.run
    if run.plan.cores == 1:
        return Outcome.ANNOTATED, "both arms on one core only", "Race on more cores too: the baseline may gain more."
    if run.best_ratio is None or not run.core_counts:
        return (
            Outcome.ANNOTATED,
            f"only {format_cores(run.plan.cores)} tried",
            "Give it a larger budget, in which other core counts are tried, too.",
        )
    best = {arm: find_best_core_count(run, arm) for arm in Arm}
    times = ", ".join(
        f"{arm} {format_duration(count.whole.median)} on {format_cores(count.cores)}"
        for arm, count in ((arm, best[arm]) for arm in Arm)
    )
    ratio = run.best_ratio
    seen = f"at its best, {times}: {format_ratio_with_interval(ratio)}"
    if all(count.cores == run.plan.cores for count in best.values()):
        return pass_rule(seen)
    counts = sorted({count.cores for count in best.values()})
    remedy = f"Race again with --cores {counts[0]}: that is where an arm is at its best."
    return Outcome.ANNOTATED, seen, remedy


@define_rule("The interval is as narrow as asked", "SC15 rule 5")
def narrow(context: RuleContext) -> tuple[Outcome, str, str]:
    """How far a figure may be trusted is part of the figure."""
    width, target = context.comparison.ratio.half_width, context.run.plan.target
    seen = f"± {width:.1%}, asked was ± {target:.1%}"
    if target and width > target:
        return Outcome.ANNOTATED, seen, "Give it a larger budget, or a quieter machine."
    return pass_rule(seen)


@define_rule("Spread of the times", "SC15 rules 6 and 8")
def spread(context: RuleContext) -> tuple[Outcome, str, str]:
    """A median of times that lie far apart hides what a user will meet."""
    a, b = context.comparison.baseline, context.comparison.accelerated
    seen = f"interquartile range {a.spread:.0%} and {b.spread:.0%} of the median"
    if max(a.spread, b.spread) >= MAX_SPREAD:
        return Outcome.ANNOTATED, seen, "Quote the interval, not the ratio alone; look at the distribution."
    return pass_rule(seen)


@define_rule("Warm-up is over", "SC15 rule 10")
def warm(context: RuleContext) -> tuple[Outcome, str, str]:
    """First calls load, compile and fill caches; who calls once pays for that."""
    seen, slow, settled = [], False, True
    for arm in Arm:
        samples = context.run.samples_of(arm, Phase.WARM_UP)
        first = [sample for sample in samples if sample.cores == context.run.plan.cores]
        if first:
            settled = settled and is_warm([sample.total_s for sample in first])
            middle = getattr(context.comparison, arm).median
            factor = first[0].seconds(context.step) / middle if middle else 1.0
            seen.append(f"{factor:.2f}")
            slow = slow or factor > MAX_FIRST_RUN_FACTOR
    if not seen:
        return pass_rule("no warm-up was taken")
    text = f"first run took {' and '.join(seen)} times the median"
    if not settled:
        text += ", and the arms still got faster when the budget for warming up was spent"
    if slow or not settled:
        return Outcome.ANNOTATED, text, "Who calls it once pays the first run's time, not the median."
    return pass_rule(text)


@define_rule("The cores asked for were used", "Bailey 9, SC15 rule 9")
def cores_used(context: RuleContext) -> tuple[Outcome, str, str]:
    """Asking for cores is not using them: serial parts wait, and a virtual machine may pack threads on one."""
    asked = context.run.plan.cores
    used = {arm: getattr(context.comparison, arm).effective_cores for arm in Arm}
    seen = f"asked {asked}, used {used[Arm.BASELINE]:.2f} and {used[Arm.ACCELERATED]:.2f}"
    if asked > 1 and min(used.values()) < MIN_CORE_USE_SHARE * asked:
        remedy = "Part of the step is serial, or threads share a core: compare with fewer cores."
        return Outcome.ANNOTATED, seen, remedy
    return pass_rule(seen)


@define_rule("All of the machine", "SC15 rule 2")
def whole_machine(context: RuleContext) -> tuple[Outcome, str, str]:
    """On part of a machine the other part's caches, bandwidth and clock help along."""
    plan, machine = context.run.plan, context.run.machine
    seen = f"{plan.cores} of {machine.logical_threads} processors of the machine"
    if plan.cores < machine.logical_threads:
        return Outcome.ANNOTATED, seen, "Say so beside the ratio: with all of them it may be another."
    return pass_rule(seen)


@define_rule("Same number of iterations", "Bailey 8 and 10")
def same_work(context: RuleContext) -> tuple[Outcome, str, str]:
    """An iterative method that stops earlier did less, and is not faster at the same."""
    if context.run.quality is None:
        return pass_rule("the workload counts no iterations")
    pairs = [
        (a, b)
        for a in context.run.quality.baseline
        for b in context.run.quality.accelerated
        if a.same_work and a.name == b.name
    ]
    if not pairs:
        return pass_rule("the workload counts no iterations")
    seen = "; ".join(f"{a.label} {a.value:g} and {b.value:g}" for a, b in pairs)
    if any(a.value != b.value for a, b in pairs):
        return (
            Outcome.ANNOTATED,
            seen,
            "The arms reached their results in different numbers of steps; compare per iteration.",
        )
    return pass_rule(seen)


@define_rule("Part of the whole", "Bailey 2, SC15 rules 2 and 11")
def part_of_whole(context: RuleContext) -> tuple[Outcome, str, str]:
    """A kernel's ratio is not the application's; what the rest takes bounds it."""
    whole = context.run.comparison(TOTAL)
    if context.step == TOTAL or whole is None:
        return pass_rule("the whole workload")
    share = context.comparison.baseline.median / whole.baseline.median
    ratio = context.comparison.ratio.value
    bound = amdahl_ratio(share, ratio)
    seen = (
        f"this step is {share:.0%} of the baseline's {format_duration(whole.baseline.median)}; alone it makes the whole "
        f"{format_ratio(bound)}, measured was {format_ratio(whole.ratio.value)}"
    )
    return Outcome.ANNOTATED, seen, "Quote the whole beside the step (Amdahl's bound)."


@define_rule("Real data and trained weights", "MLPerf")
def real_data(context: RuleContext) -> tuple[Outcome, str, str]:
    """What was made to be measured may be kinder than what comes in."""
    told = [prepared.synthetic for prepared in context.run.prepared if prepared.synthetic]
    why = context.run.snapshot.synthetic or next(iter(told), "")
    if why:
        return Outcome.ANNOTATED, why, "Repeat it on your own data."
    return pass_rule("yes")


@define_rule("A quiet machine", "Bailey 11, SC15 rule 9")
def quiet(context: RuleContext) -> tuple[Outcome, str, str]:
    """Clocks that change, swapping, throttling and stolen time disturb in bursts."""
    readings, machine, noise = context.run.telemetry, context.run.machine, context.run.noise
    notes = []
    if machine.governor and machine.governor not in ("performance", "schedutil"):
        notes.append(f"governor {machine.governor}")
    stolen = [reading.steal for reading in readings if reading.steal is not None]
    if stolen and sum(stolen) / len(stolen) > MAX_STEAL_SHARE:
        notes.append(f"the hypervisor took {sum(stolen) / len(stolen):.1%} of the time")
    for name, label in (("swapped_in", "pages were swapped in"), ("throttled", "thermal throttling events")):
        counts = [getattr(reading, name) for reading in readings if getattr(reading, name) is not None]
        if counts and counts[-1] > counts[0]:
            notes.append(f"{counts[-1] - counts[0]} {label}")
    if noise and noise.word == "noisy":
        notes.append(f"noise at rest {noise.score:.1f} %")
    if notes:
        return Outcome.ANNOTATED, "; ".join(notes), "Use a quieter machine, a fixed governor, more memory or cooling."
    rest = f", noise at rest {noise.score:.1f} % ({noise.word})" if noise else ""
    return pass_rule(f"no swapping, throttling or stolen time worth a note{rest}")


@define_rule("Measured, not projected", "Bailey 5")
def measured(context: RuleContext) -> tuple[Outcome, str, str]:
    """A projection is an opinion with a graph; where there is one, it is drawn apart."""
    return pass_rule(f"every figure was measured on this machine, {context.comparison.baseline.count} pairs")
