"""The differences between the measures of both arms, with intervals, from the scores that the arms wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.values.base import Arm
from bench.values.quality import LossKind, Measure, MeasureDifference
from bench.values.statistics import Interval
from bench.workload.scores import read_scores

if TYPE_CHECKING:
    from bench.workload.scores import MeasureScores


class ScoresError(ValueError):
    """The scores of the arms do not fit their measures. The text says what is wrong."""


def compare_measures(
    baseline: Sequence[Measure], accelerated: Sequence[Measure], scratch: Mapping[Arm, Path], seed: int
) -> list[MeasureDifference]:
    """The difference of every measure that both arms have and whose scores they wrote into their scratch folders.

    Raises ScoresError if a decisive measure does not say how its loss is judged, if it is a score without a largest
    possible one, if it has no scores although its loss has to be judged by them, or if scores or groups do not fit.
    """
    scores = {arm: _read_scores(folder) for arm, folder in scratch.items()}
    others = {measure.name: measure for measure in accelerated}
    differences: list[MeasureDifference] = []
    for measure in baseline:
        if measure.decisive:
            _check_loss(measure)
        if (other := others.get(measure.name)) is None:
            continue
        first, second = (scores[arm].get(measure.name) for arm in Arm)
        if first is None or second is None:
            if measure.decisive and measure.loss is not LossKind.EQUALITY:
                raise ScoresError(f"the decisive measure {measure.name!r} has no scores of its observations")
            continue
        if not measure.observations or measure.observations != other.observations:
            raise ScoresError(
                f"the measure {measure.name!r} has {measure.observations} and {other.observations} observations, "
                "expected the same number in both arms"
            )
        _check_groups(measure, first)
        _check_groups(other, second)
        if not _have_equal_groups(first, second):
            raise ScoresError(f"the arms grouped the observations of the measure {measure.name!r} differently")
        is_error = measure.loss is LossKind.ERROR
        from bench.stats.paired_scores import compare_scores  # It imports scipy, and a race imports this module.

        try:
            paired = compare_scores(
                first.values, second.values, max_score=measure.max_score, seed=seed, groups=first.groups
            )
        except ValueError as error:
            raise ScoresError(f"the scores of {measure.name!r}: {error}") from error
        if not measure.mean_label:
            _check_mean(measure, paired.baseline)
            _check_mean(other, paired.accelerated)
        differences.append(
            MeasureDifference(
                name=measure.name,
                label=measure.mean_label or measure.label,
                observations=measure.observations,
                groups=paired.groups,
                baseline=paired.baseline,
                accelerated=paired.accelerated,
                difference=paired.difference,
                deviation=paired.deviation,
                design_effect=paired.design_effect,
                largest=paired.largest,
                higher_is_better=not is_error and measure.higher_is_better,
                method=paired.method,
            )
        )
    return differences


def add_share_intervals(agreement: Sequence[Measure], scratch: Path) -> list[Measure]:
    """The measures of agreement, each with the exact interval of its share if the arm wrote who agreed.

    `scratch` is the folder of the accelerated arm, which compares the results. Raises ScoresError for a decisive
    measure that does not ask for equality, and if the groups do not fit.
    """
    from bench.stats.paired_scores import share_interval

    scores = _read_scores(scratch)
    with_intervals: list[Measure] = []
    for measure in agreement:
        if measure.decisive and measure.loss is not LossKind.EQUALITY:
            raise ScoresError(f"the decisive agreement {measure.name!r} must be judged by equality")
        equal = scores.get(measure.name)
        if equal is None:
            with_intervals.append(measure)
            continue
        _check_groups(measure, equal)
        share = share_interval(equal.values, equal.groups)
        interval = Interval(value=100 * share.value, low=100 * share.low, high=100 * share.high)
        with_intervals.append(measure.model_copy(update={"interval": interval}))
    return with_intervals


def _read_scores(scratch: Path) -> dict[str, MeasureScores]:
    try:
        return read_scores(scratch)
    except (ValueError, OSError) as error:
        raise ScoresError(f"its scores cannot be read: {error}") from error


def _check_groups(measure: Measure, scores: MeasureScores) -> None:
    count = None if scores.groups is None else len(set(scores.groups.tolist()))
    if measure.groups != count:
        raise ScoresError(f"the measure {measure.name!r} has {measure.groups} groups, but its scores have {count}")


def _have_equal_groups(first: MeasureScores, second: MeasureScores) -> bool:
    if first.groups is None or second.groups is None:
        return first.groups is second.groups
    return first.groups.tolist() == second.groups.tolist()


def _check_mean(measure: Measure, mean: float) -> None:
    if not math.isclose(measure.value, mean, rel_tol=1e-6, abs_tol=1e-6):
        raise ScoresError(f"the measure {measure.name!r} is {measure.value:g}, but the mean of its scores is {mean:g}")


def _check_loss(measure: Measure) -> None:
    if measure.loss is LossKind.UNKNOWN:
        raise ScoresError(f"the decisive measure {measure.name!r} does not say how its loss is judged")
    if measure.loss is LossKind.SCORE and measure.max_score is None:
        raise ScoresError(f"the decisive measure {measure.name!r} does not declare its largest possible score")
