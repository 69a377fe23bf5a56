"""The quality of one arm, and what the measures of all kinds share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bench.formatting import format_measure
from bench.values.quality import LossKind, Measure

if TYPE_CHECKING:
    from bench.workload.scores import Scores

MIN_GAIN = 0.1
"""Share of its score or of its error by which a prediction without a model must be worse than the estimator. With less,
an estimator that learned nothing would nearly keep the quality, so that the quality shows little."""
MAX_NUMBERS = 1 << 22
"""Numbers that are computed at once, which limits the memory needed."""
RELATIVE_TOLERANCE = 1e-5
"""Largest relative difference of two numbers that count as equal."""

Array = npt.NDArray[Any]


@dataclass(slots=True)
class Assessment:
    """The quality of one arm."""

    measures: list[Measure]
    scores: dict[str, Scores] = field(default_factory=dict)
    """Of every row, by the name of the measure."""
    arrays: dict[str, Array] = field(default_factory=dict)
    """What the comparison of the arms needs."""


def draw_rows(count: int, most: int, seed: int) -> Array:
    """The numbers of `most` of `count` rows, drawn at random by the seed, or of all, in ascending order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def describe_selection(count: int, total: int) -> str:
    return "" if count == total else f"drawn at random of {total:,}"


def inform(name: str, label: str, value: float, **fields: Any) -> Measure:
    return Measure(name=name, label=label, value=value, **fields)


def check_gain(measure: Measure, trivial: float, how: str) -> Measure:
    """The measure, marked as biased if a prediction without a model is nearly as good. `trivial` is its value, `how`
    says what it is."""
    gain = measure.value - trivial if measure.higher_is_better else trivial - measure.value
    if gain > 0 and gain >= MIN_GAIN * measure.value:
        return measure
    trivial_text = format_measure(measure.model_copy(update={"value": trivial}))
    return measure.model_copy(
        update={
            "bias": f"{how} has {trivial_text}, so this data could not show a loss of quality",
            "bias_remedy": "Choose less noise, more rows, or settings with which the estimator learns more.",
        }
    )


def assess_right(name: str, label: str, right: Array, arrays: dict[str, Array], trivial: float, how: str) -> Assessment:
    """A share of rows that are right."""
    measure = Measure(
        name=name,
        label=label,
        value=100 * float(right.mean()),
        unit="%",
        decisive=True,
        loss=LossKind.SCORE,
        max_score=100,
        observations=len(right),
        observation="row",
    )
    return Assessment([check_gain(measure, trivial, how)], {name: np.asarray(right, bool)}, arrays)


def assess_error(
    name: str, label: str, errors: Array, arrays: dict[str, Array], trivial: float, how: str, total: int | None = None
) -> Assessment:
    """A mean error of rows; of `total` rows, if not all are judged."""
    errors = np.asarray(errors, np.float64)
    measure = Measure(
        name=name,
        label=label,
        value=float(errors.mean()),
        higher_is_better=False,
        decisive=True,
        loss=LossKind.ERROR,
        observations=len(errors),
        observation="row",
        selection=describe_selection(len(errors), total or len(errors)),
    )
    return Assessment([check_gain(measure, trivial, how)], {name: errors}, arrays)


def add_share(
    comparison: Assessment,
    name: str,
    label: str,
    equal: Array,
    noun: str,
    *,
    decisive: bool = False,
    selection: str = "",
) -> None:
    comparison.measures.append(
        Measure(
            name=name,
            label=label,
            value=100 * float(equal.mean()),
            unit="%",
            decisive=decisive,
            loss=LossKind.EQUALITY if decisive else LossKind.UNKNOWN,
            observations=equal.size,
            observation=noun,
            selection=selection,
        )
    )
    comparison.scores[name] = np.asarray(equal, bool).ravel()


def compare_numbers(first: Array, second: Array) -> Array:
    if first.shape != second.shape:
        return np.zeros(max(len(first), 1), bool)
    return np.isclose(first, second, rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE)


def to_dense(rows: Any) -> Array:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)
