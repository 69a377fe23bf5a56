"""Tricks with what is quoted: projections, rates, a busy machine, chosen samples, averages, pictures."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from statistics import mean

from bench.claims.notes import find_first_call_s
from bench.claims.rule import RuleContext
from bench.claims.tricks.changes import (
    change_arm,
    change_repetition,
    copy_run,
    find_comparison,
    list_counted_steps,
    list_pairs,
    present_arms,
    present_times,
    round_value,
    select_pairs,
    stretch,
)
from bench.claims.tricks.trick import Bar, NotApplicableError, Presentation, TrickedRun, define_trick
from bench.formatting import format_cores, format_count, format_duration, format_percent, format_ratio
from bench.run.events import State
from bench.run.outcome import MIN_PAIRS
from bench.run.record import Run
from bench.stats.pairing import pair_samples
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase, Sample

PROJECTION_FACTOR = 32
"""Cores of the system that is quoted without having been used, over those of the race."""
KEPT_PAIRS = 3
"""Pairs that are left where the times of the baseline are hidden."""
BUSY_FACTOR = 2.0
"""Time of an arm that shares every core with one other program, over that of an arm alone."""
AXIS_START = 0.9
"""Where a truncated axis begins, as a share of the shorter bar."""


@define_trick("Quote a projection to a full system", number=5, rules=("measured",))
def projection(run: Run) -> TrickedRun:
    """A small system is measured and a large one is quoted, as if every core added as much as the last. By Amdahl's law
    it does not: serial parts, memory and communication limit the gain."""
    samples = change_arm(run, Arm.ACCELERATED, lambda sample: stretch(sample, 1 / PROJECTION_FACTOR, cpu=1.0))
    copy = copy_run(run, samples=samples)
    change = (
        f"Every time of the accelerated arm, measured on {format_cores(run.plan.cores)}, is divided as if it had "
        f"{PROJECTION_FACTOR * run.plan.cores} cores. Its CPU time is the measured one."
    )
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick("Quote utilization instead of times", number=9, rules=("absolute-baseline",))
def utilization(run: Run) -> TrickedRun:
    """A program that keeps all cores busy may still be slow: spinning threads use them too. What hides the times hides
    whether anybody waits less."""
    comparison = find_comparison(run)
    used = comparison.accelerated.effective_cores / run.plan.cores
    copy = copy_run(run, samples=select_pairs(run, list_pairs(run)[:KEPT_PAIRS]))
    change = (
        f"Only {format_count(KEPT_PAIRS, 'pair')} are kept, so that there are no times to quote, and the accelerated "
        "arm is presented by the share of the cores that it kept busy."
    )
    share = {Arm.ACCELERATED: 100 * used}
    quoted = present_arms(run, format_percent(used, 0), "of the cores busy", "cores busy [%]", share)
    return TrickedRun(copy, TOTAL, change, quoted, present_times(run))


@define_trick("Time the baseline on a busy machine", number=11, rules=("background", "got-processor"))
def busy_baseline(run: Run) -> TrickedRun:
    """The new version runs at night, the old one while everybody works. The ratio compares two states of the
    machine."""
    samples = change_arm(run, Arm.BASELINE, _share_cores)
    copy = copy_run(run, samples=samples)
    change = (
        "During the samples of the baseline, another program uses every core half of the time (simulated): they take "
        "twice as long, with the same CPU time. The accelerated arm has the machine for itself."
    )
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


def _share_cores(sample: Sample) -> Sample:
    """The sample, had another program used each core as long as the arm."""
    shared = stretch(sample, BUSY_FACTOR, cpu=1.0)
    repetition = shared.repetition
    waited_s = (1 - 1 / BUSY_FACTOR) * sample.cores * repetition.wall_s
    known_busy_s = repetition.cpu_s if repetition.machine_busy_s is None else repetition.machine_busy_s
    return change_repetition(
        shared,
        run_delay_s=(repetition.run_delay_s or 0.0) + waited_s,
        machine_busy_s=known_busy_s + waited_s,
    )


@define_trick(
    "Show pictures instead of performance",
    number=12,
    unseen="It changes no number of a run, and a rule looks at nothing else.",
    prevention="The axes of Fairlap's own bar charts begin at 0, as a test checks, and show the times as text.",
)
def truncated_axis(run: Run) -> TrickedRun:
    """A picture is believed before its axis is read. If the axis begins just below the shorter bar, any difference
    fills the page."""
    copy = copy_run(run)
    medians = [find_comparison(run).summary(arm).median for arm in Arm]
    start_s = AXIS_START * min(medians)
    drawn = (max(medians) - start_s) / (min(medians) - start_s)
    picture = present_times(run, axis_start_share=AXIS_START)
    quoted = Presentation(format_ratio(drawn), "ratio of the drawn lengths", "", picture.bars, picture.axis_start)
    change = f"No number. The axis begins at {format_percent(AXIS_START, 0)} of the shorter bar and has no labels."
    return TrickedRun(copy, TOTAL, change, quoted, present_times(run))


@define_trick("Hide the cold start", rules=("warm",))
def hidden_cold_start(run: Run) -> TrickedRun:
    """The ratio of a warm program is quoted for a program that people start, use once and close. First calls load
    libraries, compile code and fill caches, and an accelerated version often does more of that."""
    context = RuleContext(run, TOTAL, find_comparison(run))
    known = {arm: seconds for arm in Arm if (seconds := find_first_call_s(context, arm))}
    if len(known) < len(Arm):
        raise NotApplicableError("The first calls of this run are not known: choose a newer run.")
    samples = [sample for sample in run.samples if sample.phase not in (Phase.EARLY, Phase.WARM_UP)]
    prepared = [arm.model_copy(update={"first_call_s": {}}) for arm in run.prepared]
    copy = copy_run(run, samples=samples, prepared=prepared, excluded_pairs=0)
    ratio = known[Arm.BASELINE] / known[Arm.ACCELERATED]
    honest = present_arms(run, format_ratio(ratio), "first call of each arm", "first call [s]", known)
    times = " and ".join(map(format_duration, known.values()))
    change = f"The first calls ({times}) and the samples of the warm-up are removed from the record."
    if ratio > context.comparison.ratio.value:
        change += " In this run, the baseline has the slower start, so that it gains by the trick."
    return TrickedRun(copy, TOTAL, change, present_times(copy), honest)


@define_trick(
    "Average the ratios of the steps",
    unseen="The samples are unchanged, and the average is not in the record: another number is made from true ones.",
    prevention="Fairlap never averages ratios: the ratio of the total is that of the two medians of the total, and it "
    "has an interval, which the average of this trick need not even be in.",
)
def average_ratios(run: Run) -> TrickedRun:
    """The mean of several ratios gives a step of a microsecond the weight of one that takes a minute. It is no ratio of
    anything that a user waits for, and it depends on which arm is called the baseline."""
    steps = list_counted_steps(run)
    if len(steps) < 2:
        raise NotApplicableError("This run has only one step that counts: choose a run with several steps.")
    labels = run.snapshot.labels()
    average = mean(step.ratio.value for step in steps)
    means = {step.step: step.ratio.value for step in steps}
    bars = [*(Bar(labels[step], round_value(ratio), format_ratio(ratio)) for step, ratio in means.items())]
    bars.append(Bar("mean of them", round_value(average), format_ratio(average)))
    meaning = f"mean of the ratios of {format_count(len(steps), 'step')}"
    quoted = Presentation(format_ratio(average), meaning, "ratio", tuple(bars))
    return TrickedRun(
        copy_run(run),
        TOTAL,
        "Nothing. Only another number is computed from the same samples.",
        quoted,
        present_times(run),
    )


@define_trick(
    "Choose the best of many runs",
    unseen="Each short run is a true one. The trick is what happened to the others, and a rule looks at one run.",
    prevention="Every claim says how often its plan was raced on this machine, deleted runs included, with the lowest "
    "and the highest ratio of all attempts.",
)
def best_of_many(run: Run) -> TrickedRun:
    """Times vary, so one of many short runs is lucky. Quoting that one alone selects the result. Here the race is cut
    into short runs, and the one with the highest ratio is quoted."""
    pairs = list_pairs(run)
    windows = [pairs[start : start + MIN_PAIRS] for start in range(0, len(pairs) - MIN_PAIRS + 1, MIN_PAIRS)]
    if len(windows) < 2:
        raise NotApplicableError(f"This run has fewer than {2 * MIN_PAIRS} pairs: choose a longer one.")
    best = max(windows, key=lambda window: _measure_ratio(run, window))
    copy = copy_run(run, samples=select_pairs(run, best))
    change = f"The {len(pairs)} pairs are cut into {len(windows)} runs of {MIN_PAIRS}, and the best of these is kept."
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick("Stop when the ratio looks best", rules=("complete",))
def stopped_at_best(run: Run) -> TrickedRun:
    """A ratio wanders while samples come in. Somebody who watches it and stops at the right moment selects the
    result."""
    pairs = list_pairs(run)
    if len(pairs) <= MIN_PAIRS:
        raise NotApplicableError(f"This run has no more than {MIN_PAIRS} pairs: choose a longer one.")
    count = find_best_stop(run)
    copy = copy_run(
        run,
        samples=select_pairs(run, pairs[:count]),
        state=State.STOPPED,
        why="somebody liked the ratio",
    )
    change = f"The run ends after {count} of its {len(pairs)} pairs, where its ratio was highest."
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


def find_best_stop(run: Run) -> int:
    """The number of first pairs, at least `MIN_PAIRS` and not all, after which the ratio of the medians of the total
    was highest. The run has more pairs than `MIN_PAIRS`."""
    times: dict[Arm, list[float]] = {arm: [] for arm in Arm}
    ratios: list[float] = []
    for pair in pair_samples(sample for sample in run.samples if sample.phase is Phase.RACE):
        for arm, seconds in times.items():
            insort(seconds, pair[arm].total_s)
        ratios.append(_divide_medians(times[Arm.BASELINE], times[Arm.ACCELERATED]))
    return max(range(MIN_PAIRS, len(ratios)), key=lambda count: ratios[count - 1])


def _divide_medians(baseline: Sequence[float], accelerated: Sequence[float]) -> float:
    """The ratio of the medians of sorted times; 0 if that of the accelerated arm is 0."""
    one, other = ((times[len(times) // 2] + times[(len(times) - 1) // 2]) / 2 for times in (baseline, accelerated))
    return one / other if other else 0.0


def _measure_ratio(run: Run, pairs: Sequence[int]) -> float:
    """The ratio of the medians of the total over some pairs; 0 if a median is 0."""
    chosen = pair_samples(s for s in select_pairs(run, pairs) if s.phase is Phase.RACE)
    times = [sorted(pair[arm].total_s for pair in chosen) for arm in (Arm.BASELINE, Arm.ACCELERATED)]
    return _divide_medians(*times)
