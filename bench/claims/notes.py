"""The rules that add a note to a claim and never refuse it."""

from __future__ import annotations

from bench.claims.rule import RuleContext, RuleResult, define_rule, pass_rule
from bench.formatting import format_duration, format_percent, format_ratio
from bench.stats.amdahl import amdahl_ratio
from bench.stats.warmup import is_warm
from bench.values import TOTAL, Arm, Outcome, Phase

MAX_SPREAD = 0.10
"""A larger interquartile range, relative to the median, adds a note."""
MAX_FIRST_RUN_FACTOR = 1.10
"""A first sample slower than this many medians adds a note."""
MAX_STEAL_SHARE = 0.02
"""A larger share of the time taken by the hypervisor adds a note."""
MIN_CORE_USE_SHARE = 0.85
"""Using a smaller share of the requested cores adds a note."""
STEADY_GOVERNORS = ("performance", "schedutil")
"""CPU frequency governors that add no note."""


@define_rule("The sampling error is as small as requested", "SC15 rule 5")
def narrow(context: RuleContext) -> RuleResult:
    """A result includes how precise it is."""
    comparison, target = context.comparison, context.run.plan.target
    seen = f"sampling error ± {format_percent(comparison.precision)}, requested ± {format_percent(target)}"
    if comparison.sampling_half_width is not None:
        whole = format_percent(comparison.ratio.half_width)
        seen += f"; interval ± {whole}, with what one race cannot see, such as the difference between processes"
    if target and comparison.precision > target:
        return Outcome.ANNOTATED, seen, "Increase the time budget, or use a quieter machine."
    return pass_rule(seen)


@define_rule("Spread of the times", "SC15 rules 6 and 8")
def spread(context: RuleContext) -> RuleResult:
    """If times vary widely, the median hides what a user experiences."""
    a, b = context.comparison.baseline, context.comparison.accelerated
    spreads = f"{format_percent(a.spread, 0)} and {format_percent(b.spread, 0)}"
    seen = f"interquartile range {spreads} of the median"
    if max(a.spread, b.spread) >= MAX_SPREAD:
        return Outcome.ANNOTATED, seen, "Quote the interval with the ratio, and look at the distribution."
    return pass_rule(seen)


@define_rule("Warm-up is complete", "SC15 rule 10")
def warm(context: RuleContext) -> RuleResult:
    """First calls load libraries, compile code and fill caches. A program that calls once pays for all of it."""
    factors: list[float] = []
    settled = True
    for arm in Arm:
        samples = context.run.samples_of(arm, Phase.WARM_UP)
        taken = [sample for sample in samples if sample.cores == context.run.plan.cores]
        if taken:
            settled = settled and is_warm([sample.total_s for sample in taken])
            median_s = context.comparison.summary(arm).median
            factors.append(taken[0].seconds(context.step) / median_s if median_s else 1.0)
    if not factors:
        return pass_rule("no warm-up samples were taken")
    seen = f"the first run took {' and '.join(f'{factor:.2f}' for factor in factors)} times the median"
    if not settled:
        seen += ", and the arms were still getting faster when the warm-up budget was spent"
    if not settled or max(factors) > MAX_FIRST_RUN_FACTOR:
        return Outcome.ANNOTATED, seen, "If you call it only once, expect the first-run time."
    return pass_rule(seen)


@define_rule("The requested cores were used", "Bailey 9, SC15 rule 9")
def cores_used(context: RuleContext) -> RuleResult:
    """Requesting cores is not using them: serial parts wait, and the kernel may run several threads on one core."""
    requested = context.run.plan.cores
    a, b = context.comparison.baseline.effective_cores, context.comparison.accelerated.effective_cores
    seen = f"requested {requested}, used {a:.2f} and {b:.2f}"
    if min(a, b) < MIN_CORE_USE_SHARE * requested:
        remedy = "Part of the step is serial, or threads share a core: compare with fewer cores."
        if requested == 1:
            remedy = "The step waits for a disk, the network, another process or its turn on the core, and its time "
            remedy += "includes that."
        return Outcome.ANNOTATED, seen, remedy
    return pass_rule(seen)


@define_rule("Threads placed alike in both arms", "SC15 rule 9")
def placed_alike(context: RuleContext) -> RuleResult:
    """If the kernel packs threads on too few cores, they are spread. That is decided for each arm from one sample."""
    placements = [one for one in context.run.placements if one.cores == context.run.plan.cores]
    spread_arms = {one.arm for one in placements if one.kept}
    if len(spread_arms) == 1:
        seen = "; ".join(f"{one.arm}: {one.reason}" for one in placements)
        return Outcome.ANNOTATED, seen, "State that the threads of one arm were spread over the cores, or run again."
    return pass_rule("the threads of both arms were spread" if spread_arms else "no threads were spread")


@define_rule("All cores of the machine", "SC15 rule 2")
def whole_machine(context: RuleContext) -> RuleResult:
    """A race on some of the cores also profits from the caches, memory bandwidth and clock rate of the idle ones."""
    plan, machine = context.run.plan, context.run.machine
    seen = f"{plan.cores} of {machine.logical_threads} logical processors of the machine"
    if plan.cores < machine.logical_threads:
        return Outcome.ANNOTATED, seen, "State it with the ratio: on all cores the ratio may differ."
    return pass_rule(seen)


@define_rule("Same number of iterations", "Bailey 8 and 10")
def same_work(context: RuleContext) -> RuleResult:
    """An iterative method that stops earlier does less work. It is not faster at the same work."""
    quality = context.run.quality
    pairs = [
        (a, b)
        for a in (quality.baseline if quality else [])
        for b in (quality.accelerated if quality else [])
        if a.same_work and a.name == b.name
    ]
    if not pairs:
        return pass_rule("the workload counts no iterations")
    seen = "; ".join(f"{a.label} {a.value:g} and {b.value:g}" for a, b in pairs)
    if any(a.value != b.value for a, b in pairs):
        return (
            Outcome.ANNOTATED,
            seen,
            "The arms needed different numbers of iterations: compare the time per iteration.",
        )
    return pass_rule(seen)


@define_rule("Part of the total", "Bailey 2, SC15 rules 2 and 11")
def part_of_whole(context: RuleContext) -> RuleResult:
    """The ratio of a kernel is not the ratio of the application. The time of everything else limits the gain."""
    total = context.run.comparison(TOTAL)
    if context.step == TOTAL or total is None:
        return pass_rule("this is the total")
    share = context.comparison.baseline.median / total.baseline.median
    bound = amdahl_ratio(share, context.comparison.ratio.value)
    seen = (
        f"this step is {format_percent(share, 0)} of the baseline's {format_duration(total.baseline.median)}; "
        f"accelerating it alone gives a total ratio of {format_ratio(bound)}, measured "
        f"{format_ratio(total.ratio.value)}"
    )
    return Outcome.ANNOTATED, seen, "Quote the ratio of the total with that of the step (Amdahl's law)."


@define_rule("Real data and trained weights", "MLPerf")
def real_data(context: RuleContext) -> RuleResult:
    """Generated data may be easier to process than real data."""
    reasons = [prepared.synthetic for prepared in context.run.prepared if prepared.synthetic]
    reason = context.run.snapshot.synthetic or next(iter(reasons), "")
    if reason:
        return Outcome.ANNOTATED, reason, "Repeat the race with your own data."
    return pass_rule("yes")


@define_rule("A quiet machine", "Bailey 11, SC15 rule 9")
def quiet(context: RuleContext) -> RuleResult:
    """Changing clock rates, swapping, throttling and steal disturb in bursts."""
    readings, machine, noise = context.run.telemetry, context.run.machine, context.run.noise
    disturbances: list[str] = []
    if machine.governor and machine.governor not in STEADY_GOVERNORS:
        disturbances.append(f"governor {machine.governor}")
    steal = [reading.steal for reading in readings if reading.steal is not None]
    if steal and sum(steal) / len(steal) > MAX_STEAL_SHARE:
        disturbances.append(f"the hypervisor took {format_percent(sum(steal) / len(steal))} of the time")
    for counts, label in (
        ([reading.swapped_in for reading in readings if reading.swapped_in is not None], "pages were swapped in"),
        ([reading.throttled for reading in readings if reading.throttled is not None], "thermal throttling events"),
    ):
        if counts and counts[-1] > counts[0]:
            disturbances.append(f"{counts[-1] - counts[0]} {label}")
    if noise and noise.word == "noisy":
        disturbances.append(f"noise at rest {noise.score:.1f} %")
    if disturbances:
        remedy = "Use a quieter machine, a fixed governor, more memory or better cooling."
        return Outcome.ANNOTATED, "; ".join(disturbances), remedy
    rest = f", noise at rest {noise.score:.1f} % ({noise.word})" if noise else ""
    return pass_rule(f"no notable swapping, throttling or steal{rest}")


@define_rule("Measured, not projected", "Bailey 5")
def measured(context: RuleContext) -> RuleResult:
    """A projection is an assumption. Projections are drawn apart from measurements, and called projections."""
    return pass_rule(f"every figure was measured on this machine, {context.comparison.baseline.count} pairs")


@define_rule("The ratio is stable", "SC15 rules 5 and 8")
def stable(context: RuleContext) -> RuleResult:
    """A ratio that moves during the race, by drift or by phases of the machine, has no single value."""
    comparison = context.comparison
    if comparison.is_stable is None:
        remedy = "Run the plan again: this version compares the parts of a race."
        return Outcome.ANNOTATED, "not known: this run was stored before its blocks were compared", remedy
    blocks = ", ".join(map(format_ratio, comparison.block_ratios))
    seen = f"{blocks} in {len(comparison.block_ratios)} consecutive parts of the race"
    if not comparison.is_stable:
        remedy = "Use a quieter machine, or race longer: a disturbance that lasts as long as the race stays unseen."
        return Outcome.ANNOTATED, f"{seen}: more than chance, so the interval spans all of them", remedy
    return pass_rule(seen)
