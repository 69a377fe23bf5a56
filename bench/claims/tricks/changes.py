"""Changes of a copy of a run that several tricks share. A run and its samples are never changed in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.claims.tricks.trick import Bar, NotApplicableError, Presentation
from bench.claims.verdict import decide_claims
from bench.formatting import (
    choose_time_unit,
    format_estimate,
    format_interval,
    format_median,
    format_ratio,
    format_three_digits,
)
from bench.run.record import Demonstration, Run
from bench.stats.pairing import pair_samples
from bench.values.arms import PreparedArm
from bench.values.base import Arm
from bench.values.quality import Measure, Quality
from bench.values.samples import TOTAL, Phase, Sample
from bench.values.statistics import Comparison

ROUND_DIGITS = 6
"""Digits of the values of bars."""


def copy_run(run: Run, **changes: Any) -> Run:
    """A copy with `changes`, marked as a trick. Its statistics are those of its samples, and its claims those of the
    rules. Raises NotApplicableError if it is left with fewer than two pairs."""
    from bench.stats.comparison import compare_samples  # It imports scipy.

    copy = run.model_copy(update={"demonstration": Demonstration.TRICK, "estimates": [], "claims": [], **changes})
    prepared = run.prepared_arm(Arm.BASELINE)
    samples = [sample for sample in copy.samples if sample.phase is Phase.RACE]
    copy.statistics = compare_samples(
        samples, work=prepared.work if prepared else 1.0, step_work=prepared.step_work if prepared else None
    )
    if not copy.statistics:
        raise NotApplicableError("The run has too few pairs.")
    copy.claims = decide_claims(copy)
    return copy


def change_arm(run: Run, arm: Arm, change: Callable[[Sample], Sample]) -> list[Sample]:
    """All samples of a run, those of one arm in the race changed."""
    return [change(sample) if sample.arm is arm and sample.phase is Phase.RACE else sample for sample in run.samples]


def stretch(sample: Sample, wall: float, cpu: float | None = None) -> Sample:
    """The sample with `wall` times the wall time and `cpu` times the CPU time, the same factor if it is None. The
    cores that other programs kept busy stay the same."""
    cpu = wall if cpu is None else cpu
    repetition = sample.repetition
    steps = [
        timed.model_copy(
            update={
                "seconds": wall * timed.seconds,
                "cpu_s": cpu * timed.cpu_s,
                "request_ns": [round(wall * time_ns) for time_ns in timed.request_ns],
            }
        )
        for timed in repetition.steps
    ]
    changes: dict[str, Any] = {"steps": steps, "cpu_s": cpu * repetition.cpu_s}
    for name in ("other_s", "wall_s", "run_delay_s", "throttled_s", "steal_s"):
        value = getattr(repetition, name)
        changes[name] = None if value is None else wall * value
    if repetition.machine_busy_s is not None:
        others_s = wall * (repetition.machine_busy_s - repetition.cpu_s)
        changes["machine_busy_s"] = cpu * repetition.cpu_s + others_s
    return change_repetition(sample, **changes)


def change_repetition(sample: Sample, **changes: Any) -> Sample:
    return sample.model_copy(update={"repetition": sample.repetition.model_copy(update=changes)})


def change_prepared(run: Run, arm: Arm, change: Callable[[PreparedArm], PreparedArm]) -> list[PreparedArm]:
    """What the arms reported when they were ready, that of one arm changed."""
    return [change(prepared) if prepared.arm is arm else prepared for prepared in run.prepared]


def count_operations(run: Run, baseline: float, accelerated: float) -> Quality:
    """The quality of a run with the operations of each arm, relative to those that the task needs."""
    quality = run.quality or Quality(baseline=[], accelerated=[])
    one, other = (
        Measure(name="operations", label="operations, of those needed,", value=value, same_work=True)
        for value in (baseline, accelerated)
    )
    return quality.model_copy(
        update={"baseline": [*quality.baseline, one], "accelerated": [*quality.accelerated, other]}
    )


def find_comparison(run: Run, step: str = TOTAL) -> Comparison:
    """The statistics of a step or of the total. Raises NotApplicableError without enough pairs."""
    comparison = run.comparison(step)
    if comparison is None:
        raise NotApplicableError("The run has too few pairs.")
    return comparison


def list_counted_steps(run: Run) -> list[Comparison]:
    """The statistics of the steps that are part of the total."""
    excluded = {step.name for step in run.snapshot.steps if step.excluded_from_total}
    return [one for one in run.statistics if one.step != TOTAL and one.step not in excluded]


def list_pairs(run: Run) -> list[int]:
    """The numbers of the complete pairs of the race, in order."""
    pairs = pair_samples(sample for sample in run.samples if sample.phase is Phase.RACE)
    return [pair[Arm.BASELINE].pair for pair in pairs]


def select_pairs(run: Run, pairs: Sequence[int]) -> list[Sample]:
    """All samples of a run without those of the race that belong to other pairs."""
    kept = set(pairs)
    return [sample for sample in run.samples if sample.phase is not Phase.RACE or sample.pair in kept]


def present_times(run: Run, step: str = TOTAL, *, axis_start_share: float = 0.0) -> Presentation:
    """The ratio of a step or of the total with the median times of both arms. The axis begins at a share, 0 to 1, of
    the shorter time. The ratio of a trick has all digits that impress, and no interval."""
    comparison = find_comparison(run, step)
    medians = {arm: comparison.summary(arm).median for arm in Arm}
    name, unit_s = choose_time_unit(max(medians.values()))
    label = run.snapshot.labels()[step]
    return Presentation(
        headline=format_ratio(comparison.ratio.value) if run.is_trick else format_estimate(comparison.ratio),
        meaning=label if run.is_trick else f"{label}, {format_interval(comparison.ratio)}",
        axis=f"{label}, median time [{name}]",
        bars=tuple(
            Bar(run.snapshot.arms[arm], round_value(median_s / unit_s), format_median(comparison.summary(arm)), arm)
            for arm, median_s in medians.items()
        ),
        axis_start=axis_start_share * min(medians.values()) / unit_s,
    )


def present_arms(run: Run, headline: str, meaning: str, axis: str, values: Mapping[Arm, float]) -> Presentation:
    """A presentation of numbers of the arms that are not their median times."""
    names = run.snapshot.arms
    bars = (Bar(names[arm], round_value(value), format_three_digits(value), arm) for arm, value in values.items())
    return Presentation(headline, meaning, axis, tuple(bars))


def round_value(value: float) -> float:
    return float(f"{value:.{ROUND_DIGITS}g}")
