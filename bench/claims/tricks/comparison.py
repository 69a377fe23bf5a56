"""Tricks with what is compared: other work, other code, a part of the work, a bad baseline."""

from __future__ import annotations

import math
from itertools import cycle

from bench.claims.tricks.changes import (
    change_arm,
    change_prepared,
    copy_run,
    count_operations,
    find_comparison,
    list_counted_steps,
    present_arms,
    present_times,
    stretch,
)
from bench.claims.tricks.trick import NotApplicableError, TrickedRun, define_trick
from bench.formatting import format_cores, format_percent, format_ratio
from bench.run.record import Run
from bench.values.arms import BaselineKind
from bench.values.base import Arm
from bench.values.quality import LossKind, Measure, MeasureDifference, Quality
from bench.values.samples import TOTAL, Phase, Sample
from bench.values.statistics import Interval

HALF_PRECISION_FACTOR = 0.5
"""Numbers of half the size move half the bytes."""
MIN_SCALING_FACTOR = 2
OLD_SYSTEM_FACTOR = 2.5
"""Assumed time on an obsolete system over that on this machine."""
EXTRA_OPERATIONS = 3.0
"""Operations of the accelerated version over those of the best sequential one, assumed."""
KEPT_ITERATIONS = 1 / 3
"""Share of the iterations that a mutilated algorithm does, assumed."""
LOST_QUALITY = 0.2
"""Share of the quality that a mutilated algorithm loses, or by which its error grows, assumed."""


@define_trick("Compare 32 bits with 64 bits", number=1, rules=("accuracy",))
def other_precision(run: Run) -> TrickedRun:
    """Numbers with half of the bits need half of the memory traffic, and twice as many fit into a vector register. The
    accelerated version computes with 32 bits, the baseline with 64, and nobody mentions it or looks at the results."""
    snapshot = run.snapshot.model_copy(
        update={
            "changes_arithmetic": True,
            "traits": {
                Arm.BASELINE: run.snapshot.traits.get(Arm.BASELINE, {}) | {"number format": "64 bits"},
                Arm.ACCELERATED: run.snapshot.traits.get(Arm.ACCELERATED, {}) | {"number format": "32 bits"},
            },
        }
    )
    samples = change_arm(run, Arm.ACCELERATED, lambda sample: stretch(sample, HALF_PRECISION_FACTOR))
    copy = copy_run(run, samples=samples, snapshot=snapshot, quality=None)
    change = (
        "Every time of the accelerated arm is halved (an assumption: half of the bytes, half of the time), and the "
        "results of the arms are not compared."
    )
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick("Present a kernel as the application", number=2, rules=("part-of-whole",))
def kernel_as_application(run: Run) -> TrickedRun:
    """The step that gained most is quoted, and the reader takes its ratio for that of the application. By Amdahl's law,
    everything else limits what a user gains."""
    total = find_comparison(run)
    best = max(list_counted_steps(run), key=lambda step: step.ratio.value, default=total)
    if best.ratio.value <= total.ratio.value:
        raise NotApplicableError("No step of this run gained more than the total: choose a run with several steps.")
    copy = copy_run(run)
    change = f"Nothing. Only the step {run.snapshot.labels()[best.step]} is quoted instead of the total."
    return TrickedRun(copy, best.step, change, present_times(copy, best.step), present_times(run))


@define_trick("Use low-level code without mention", number=3, rules=("engaged",))
def unmentioned_code(run: Run) -> TrickedRun:
    """Somebody wrote the inner loop in assembly language, or linked another library, and the speed is quoted as if the
    reader's code could have it. The number is right. What it takes to get it is hidden."""
    copy = copy_run(run, evidence={})
    change = "The evidence of both arms is removed: what the libraries reported about the code that ran."
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick("Scale the problem with the processors", number=4, rules=("same-conditions",))
def scaled_problem(run: Run) -> TrickedRun:
    """A problem that grows with the processors keeps all of them busy and hides the serial part, so rates look good on
    any number of them. In a race of two arms the same trick is to give them problems of different sizes."""
    factor = max(MIN_SCALING_FACTOR, run.plan.cores)
    samples = change_arm(run, Arm.BASELINE, lambda sample: stretch(sample, factor))
    prepared = change_prepared(
        run,
        Arm.BASELINE,
        lambda arm: arm.model_copy(
            update={
                "work": factor * arm.work,
                "step_work": {step: factor * work for step, work in arm.step_work.items()},
            }
        ),
    )
    copy = copy_run(run, samples=samples, prepared=prepared)
    change = (
        f"The baseline gets {factor} times the work, as on a machine with {factor} times the processors, and takes "
        f"{factor} times as long. The accelerated arm keeps the small problem."
    )
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick("Compare with unoptimized code", number=6, rules=("fair-baseline",))
def scalar_baseline(run: Run) -> TrickedRun:
    """Almost everything is fast beside code that uses one core and no optimization. The reader has something better
    already, and would gain less."""
    single = [s for s in run.samples_of(Arm.BASELINE, Phase.CORES) if s.cores == 1]
    if run.plan.cores == 1 or not single:
        raise NotApplicableError(
            "The run has no samples of the baseline on one core: choose a race on two cores or more, with enough time "
            "for other core counts."
        )
    recorded = cycle(single)

    def exchange(sample: Sample) -> Sample:
        return sample.model_copy(update={"repetition": next(recorded).repetition})

    kinds = run.snapshot.baseline_kinds | {Arm.BASELINE: BaselineKind.NAIVE}
    snapshot = run.snapshot.model_copy(update={"baseline_kinds": kinds})
    copy = copy_run(run, samples=change_arm(run, Arm.BASELINE, exchange), snapshot=snapshot)
    change = (
        f"The samples of the baseline on {format_cores(run.plan.cores)} are exchanged for its samples on one core, "
        "which this run recorded too. Its declaration calls it naive, as that of every such baseline here."
    )
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick(
    "Compare with an obsolete system",
    number=7,
    rules=("stable", "best-with-best"),
    prevention="Both arms run on one machine, in turns, and the run names the versions of all libraries. A run of "
    "another machine is never an arm.",
)
def obsolete_system(run: Run) -> TrickedRun:
    """The time of the old version is taken from an old report. A part of the ratio is the progress of the hardware in
    between."""
    samples = change_arm(run, Arm.BASELINE, lambda sample: stretch(sample, OLD_SYSTEM_FACTOR))
    copy = copy_run(run, samples=samples)
    change = f"Every time of the baseline is multiplied by {OLD_SYSTEM_FACTOR:g}, as on an old processor (assumed)."
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


@define_trick("Count the parallel version's operations", number=8, rules=("same-work",))
def own_operations(run: Run) -> TrickedRun:
    """A version that needs more operations for the same result is quoted by its operations per second. The rate rises
    with every operation that nobody needs, and the user waits as long as before."""
    ratio = find_comparison(run).ratio.value
    copy = copy_run(run, quality=count_operations(run, 1, EXTRA_OPERATIONS))
    change = (
        f"The accelerated arm is said to do {EXTRA_OPERATIONS:g} times the operations that the baseline needs "
        "(assumed). No time is changed."
    )
    rates = {Arm.BASELINE: 1.0, Arm.ACCELERATED: EXTRA_OPERATIONS * ratio}
    quoted = present_arms(
        run, format_ratio(EXTRA_OPERATIONS * ratio), "operations per second", "operations per second, relative", rates
    )
    return TrickedRun(copy, TOTAL, change, quoted, present_times(run))


@define_trick("Change the algorithm to suit the machine", number=10, rules=("accuracy", "same-work"))
def mutilated_algorithm(run: Run) -> TrickedRun:
    """An algorithm that suits the machine is fast, also if it stops early or computes something else. Without a look at
    the results it seems to be an acceleration."""
    samples = change_arm(run, Arm.ACCELERATED, lambda sample: stretch(sample, KEPT_ITERATIONS))
    counted = count_operations(run, 1 / KEPT_ITERATIONS, 1)
    copy = copy_run(run, samples=samples, quality=worsen(counted, LOST_QUALITY))
    change = (
        "The accelerated arm stops after a third of its iterations: its times are a third, and the quality of its "
        f"results is {format_percent(LOST_QUALITY, 0)} worse (both assumed)."
    )
    return TrickedRun(copy, TOTAL, change, present_times(copy), present_times(run))


def worsen(quality: Quality, share: float) -> Quality:
    """The quality, with every decisive measure of the accelerated arm worse by a share of the baseline's."""
    differences = {difference.name: _worsen_difference(difference, share) for difference in quality.differences}
    return quality.model_copy(
        update={
            "accelerated": [_worsen_measure(m, share) if m.decisive else m for m in quality.accelerated],
            "agreement": [
                m.model_copy(update={"value": (1 - share) * m.value}) if m.decisive else m for m in quality.agreement
            ],
            "differences": list(differences.values()),
        }
    )


def _worsen_measure(measure: Measure, share: float) -> Measure:
    if measure.loss is LossKind.ERROR and measure.unit == "dB":
        value = measure.value - 10 * math.log10(1 + share)
    else:
        value = measure.value * (1 - share if measure.higher_is_better else 1 + share)
    return measure.model_copy(update={"value": value})


def _worsen_difference(difference: MeasureDifference, share: float) -> MeasureDifference:
    shift = share * difference.baseline * (-1 if difference.higher_is_better else 1)
    ends = difference.difference
    shifted = Interval(value=ends.value + shift, low=ends.low + shift, high=ends.high + shift)
    return difference.model_copy(update={"accelerated": difference.accelerated + shift, "difference": shifted})
