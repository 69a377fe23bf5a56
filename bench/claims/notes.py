"""The rules that add a note to a claim and never refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.claims.best_step import find_best_step
from bench.claims.evidence import describe_partial_steps, select_evidence
from bench.claims.rule import RuleContext, RuleResult, define_rule, note, pass_rule
from bench.claims.speed import MAX_INTERVAL_FACTOR, is_wide
from bench.formatting import (
    format_duration,
    format_estimate,
    format_interval,
    format_median,
    format_percent,
    format_ratio,
)
from bench.stats.amdahl import amdahl_ratio
from bench.stats.warmup import count_warm_up, find_plateau, is_settled, is_warm
from bench.values.base import Arm
from bench.values.claims import NoteKind
from bench.values.samples import TOTAL, Phase

MAX_SPREAD = 0.10
"""A larger interquartile range, relative to the median, adds a note."""
MAX_FIRST_RUN_FACTOR = 1.10
"""A first sample slower than this many medians adds a note."""
MAX_FIRST_CALL_FACTOR = 2.2
"""The same for the first call. It shares the cores with the other arm, which alone can double its time."""
MAX_STEAL_SHARE = 0.02
"""A larger share of the time taken by the hypervisor adds a note."""
MAX_SLOWDOWN_FACTOR = 1.5
"""An arm whose median in the race is more than this many medians of its warm-up adds a note."""
MIN_CORE_USE_SHARE = 0.85
"""Using a smaller share of the requested cores adds a note."""
STEADY_GOVERNORS = ("performance", "schedutil")
"""CPU frequency governors that add no note."""


@define_rule(
    "The interval is as narrow as requested",
    "SC15 rule 5",
    noted="The interval is wider than requested",
    limits=f"An interval whose ends differ by more than a factor of {MAX_INTERVAL_FACTOR:g} is a note whatever was "
    "requested; the claim then quotes its end that is nearer to 1.",
)
def narrow(context: RuleContext) -> RuleResult:
    """A result includes how precise it is."""
    comparison, target = context.comparison, context.run.plan.target
    seen = f"sampling error ± {format_percent(comparison.precision)}"
    seen += f", requested ± {format_percent(target)}" if target else ", the whole budget was requested"
    if comparison.sampling_half_width is not None:
        whole = format_percent(comparison.ratio.half_width)
        seen += f"; interval ± {whole}, with what one race cannot see, such as the difference between processes"
    remedy = "Increase the time budget, or use a quieter machine."
    if target and comparison.precision > target:
        return note(seen, remedy)
    if is_wide(comparison.ratio):
        return note(f"{format_interval(comparison.ratio)}; {seen}", remedy, title="The interval is wide")
    return pass_rule(seen) if target else pass_rule(seen, title="The whole budget was sampled")


@define_rule("The times vary little", "SC15 rules 6 and 8", noted="The times vary widely")
def spread(context: RuleContext) -> RuleResult:
    """If times vary widely, the median hides what a user experiences."""
    a, b = context.comparison.baseline, context.comparison.accelerated
    spreads = f"{format_percent(a.spread, 0)} and {format_percent(b.spread, 0)}"
    seen = f"interquartile range {spreads} of the median"
    if max(a.spread, b.spread) >= MAX_SPREAD:
        return note(seen, "Quote the interval with the ratio, and look at the distribution.")
    return pass_rule(seen)


@define_rule("Warm-up is complete", "SC15 rule 10", noted="Still warming up", other_noted="The first call is slower")
def warm(context: RuleContext) -> RuleResult:
    """First calls load libraries, compile code and fill caches. A program that calls once pays for all of it."""
    reasons: list[str] = []
    first_calls, first_runs = (
        [find_first_call_s(context, arm) for arm in Arm],
        [_first_run_s(context, arm) for arm in Arm],
    )
    seen = f"the first run took {_format_factors(context, first_runs)} times the median"
    is_slow = max(_measure_factors(context, first_runs)) > MAX_FIRST_RUN_FACTOR
    if None not in first_calls:
        known = [seconds or 0.0 for seconds in first_calls]
        factors = _format_factors(context, known)
        seen = f"the first call, while both arms prepared, took {factors} times the median; after it, {seen}"
        is_slow = is_slow or max(_measure_factors(context, known)) > MAX_FIRST_CALL_FACTOR
    if not all(_is_warm_up_over(context, arm) for arm in Arm):
        reasons.append("an arm was still getting faster in the first pairs that count, or there are too few to tell")
    if plateau := max(find_plateau(_list_times(context, arm, Phase.RACE)) for arm in Arm):
        reasons.append(f"the first {plateau} pairs that count were slower than the later ones")
    if reasons:
        remedy = "Increase the time budget, so that more pairs follow the warm-up."
        return note("; ".join([", and ".join(reasons), seen]), remedy)
    if is_slow:
        remedy = "If you call it only once, expect the time of the first call."
        return note(seen, remedy, kind=NoteKind.CONDITION)
    if first_calls == [None, None] and not context.run.warm_up and not context.run.excluded_pairs:
        remedy = "If you call it only once, run the plan again: this version records the first call."
        return note(
            f"no call before the pairs was recorded; {seen}",
            remedy,
            kind=NoteKind.CONDITION,
            title="The first call is not known",
        )
    return pass_rule(seen)


def _list_times(context: RuleContext, arm: Arm, phase: Phase) -> list[float]:
    """Seconds of the step in each of an arm's samples on the cores of the race."""
    samples = context.run.samples_of(arm, phase)
    return [sample.seconds(context.step) for sample in samples if sample.cores == context.run.plan.cores]


def _is_warm_up_over(context: RuleContext, arm: Arm) -> bool:
    # Rounds of warm-up show it only if they were all that was needed.
    if not context.run.excluded_pairs and is_warm(_list_times(context, arm, Phase.WARM_UP)):
        return True
    pairs = _list_times(context, arm, Phase.RACE)
    return is_settled(pairs) and not count_warm_up(pairs)


def _first_run_s(context: RuleContext, arm: Arm) -> float:
    """Seconds of the arm's first sample that was taken alone."""
    return (_list_times(context, arm, Phase.WARM_UP) or _list_times(context, arm, Phase.RACE))[0]


def find_first_call_s(context: RuleContext, arm: Arm) -> float | None:
    """Seconds of the arm's first call, made while the other arm prepared; None if it is not known."""
    if early := _list_times(context, arm, Phase.EARLY):
        return early[0]
    prepared = context.run.prepared_arm(arm)
    first_call_s = prepared.first_call_s if prepared else {}
    if context.step != TOTAL:
        return first_call_s.get(context.step)
    excluded = {step.name for step in context.run.snapshot.steps if step.excluded_from_total}
    times = [seconds for name, seconds in first_call_s.items() if name not in excluded]
    return sum(times) if times else None


def _measure_factors(context: RuleContext, seconds: Sequence[float]) -> list[float]:
    """The time of each arm over its median."""
    medians = [context.comparison.summary(arm).median for arm in Arm]
    return [time / median_s if median_s else 1.0 for time, median_s in zip(seconds, medians, strict=True)]


def _format_factors(context: RuleContext, seconds: Sequence[float]) -> str:
    return " and ".join(f"{factor:.2f}" for factor in _measure_factors(context, seconds))


@define_rule(
    "The requested cores were used",
    "Bailey 9, SC15 rule 9",
    noted="Not all requested cores were used",
    kind=NoteKind.CONDITION,
)
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
        return note(seen, remedy)
    return pass_rule(seen)


@define_rule("Threads placed alike in both arms", "SC15 rule 9", noted="The threads of one arm were placed differently")
def placed_alike(context: RuleContext) -> RuleResult:
    """If the kernel packs threads on too few cores, they are spread. That is decided for each arm from one sample."""
    placements = [one for one in context.run.placements if one.cores == context.run.plan.cores]
    spread_arms = {one.arm for one in placements if one.kept}
    if len(spread_arms) == 1:
        seen = "; ".join(f"{one.arm}: {one.reason}" for one in placements)
        return note(seen, "State that the threads of one arm were spread over the cores, or run again.")
    return pass_rule("the threads of both arms were spread" if spread_arms else "no threads were spread")


@define_rule("All cores of the machine", "SC15 rule 2", noted="Some of the machine's cores", kind=NoteKind.CONDITION)
def whole_machine(context: RuleContext) -> RuleResult:
    """A race on some of the cores also profits from the caches, memory bandwidth and clock rate of the idle ones."""
    plan, machine = context.run.plan, context.run.machine
    seen = f"{plan.cores} of {machine.logical_threads} logical processors of the machine"
    if plan.cores < machine.logical_threads:
        return note(seen, "State it with the ratio: on all cores the ratio may differ.")
    return pass_rule(seen)


@define_rule("This is the total", "Bailey 2, SC15 rules 2 and 11", noted="Part of the total", kind=NoteKind.CONDITION)
def part_of_whole(context: RuleContext) -> RuleResult:
    """The ratio of a kernel is not the ratio of the application. The time of everything else limits the gain."""
    total = context.run.comparison(TOTAL)
    if context.step == TOTAL or total is None:
        return _name_faster_step(context) or pass_rule("all steps of one repetition that count")
    if any(step.excluded_from_total for step in context.run.snapshot.steps if step.name == context.step):
        seen = f"the total of {format_median(total.baseline)} and {format_median(total.accelerated)} leaves it out"
        return note(seen, "Quote the ratio of the total with that of the step.", title="Not part of the total")
    share = context.comparison.baseline.median / total.baseline.median
    bound = amdahl_ratio(share, context.comparison.ratio.value)
    expected = total.ratio.model_copy(update={"value": bound})
    seen = (
        f"this step is {format_percent(share, 0)} of the baseline's {format_median(total.baseline)}; "
        f"accelerating it alone gives a total ratio of {format_estimate(expected)}, measured "
        f"{format_estimate(total.ratio)}"
    )
    return note(seen, "Quote the ratio of the total with that of the step (Amdahl's law).")


def _name_faster_step(context: RuleContext) -> RuleResult | None:
    """For the total of an application: the step that gained more, whose ratio is not that of the application."""
    run, total = context.run, context.comparison
    name = find_best_step(run, context.step_claims) if run.snapshot.end_to_end else None
    best = run.comparison(name) if name else None
    if best is None:
        return None
    label, share = run.snapshot.labels()[best.step], best.baseline.median / total.baseline.median
    seen = (
        f"the step {label} is {format_estimate(best.ratio)} faster, and the total {format_estimate(total.ratio)}; "
        f"{label} is {format_percent(share, 0)} of the baseline's {format_median(total.baseline)}"
    )
    if partial := describe_partial_steps(select_evidence(run, best.step)):
        seen = "; ".join([seen, *partial])
    remedy = "Quote the ratio of the total: users wait for all steps. That of one step is the ratio of a kernel."
    return note(seen, remedy, title="One step gained more than the total")


@define_rule(
    "Real data and trained weights", "MLPerf", noted="Generated data or untrained weights", kind=NoteKind.CONDITION
)
def real_data(context: RuleContext) -> RuleResult:
    """Generated data may be easier to process than real data."""
    reasons = [prepared.synthetic for prepared in context.run.prepared if prepared.synthetic]
    reason = context.run.snapshot.synthetic or next(iter(reasons), "")
    if reason:
        return note(reason, "Repeat the race with your own data.")
    return pass_rule("nothing of the input is declared as generated")


@define_rule("A quiet machine", "Bailey 11, SC15 rule 9", noted="Noisy machine")
def quiet(context: RuleContext) -> RuleResult:
    """Changing clock rates, swapping, throttling and steal disturb in bursts."""
    readings, machine, noise = context.run.telemetry, context.run.machine, context.run.noise
    governor = f"governor {machine.governor}" if machine.governor not in ("", None, *STEADY_GOVERNORS) else ""
    disturbances = [governor] if governor else []
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
        title = "The clock rate may change" if disturbances == [governor] else ""
        return note("; ".join(disturbances), remedy, title=title)
    rest = f", noise at rest {noise.score:.1f} % ({noise.word})" if noise else ""
    return pass_rule(f"no notable swapping, throttling or steal{rest}")


@define_rule("The ratio was stable", "SC15 rules 5 and 8", noted="The ratio moved during the race")
def stable(context: RuleContext) -> RuleResult:
    """A ratio that moves during the race, by drift or by phases of the machine, has no single value. Nor has one whose
    arm was faster in its warm-up, when nothing was warm yet."""
    comparison = context.comparison
    if slower := _describe_slowdown(context):
        remedy = "Find out what slowed the arm down: another program, heat, a quota, or times of another machine."
        return note(slower, remedy, title="Slower than during the warm-up")
    if comparison.is_stable is None:
        remedy = "Run the plan again: this version compares the parts of a race."
        title = "Not known whether the ratio was stable"
        return note("this run was stored before its blocks were compared", remedy, title=title)
    blocks = ", ".join(map(format_ratio, comparison.block_ratios))
    seen = f"{blocks} in {len(comparison.block_ratios)} consecutive parts of the race"
    if not comparison.is_stable:
        remedy = "Use a quieter machine, or race longer: a disturbance that lasts as long as the race stays unseen."
        return note(f"{seen}: more than chance, so the interval spans all of them", remedy)
    return pass_rule(seen)


def _describe_slowdown(context: RuleContext) -> str:
    """Which arms took much longer in the race than in their warm-up; empty if none did, or if it is not known."""
    texts: list[str] = []
    for arm in Arm:
        warm_up, race_s = _list_times(context, arm, Phase.WARM_UP), context.comparison.summary(arm).median
        if warm_up and race_s > MAX_SLOWDOWN_FACTOR * median(warm_up):
            times = f"{format_duration(median(warm_up))} in the warm-up and {format_duration(race_s)} in the race"
            texts.append(f"the {arm} arm took {times}")
    return "; ".join(texts)
