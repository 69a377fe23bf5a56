"""How good a result is: the standard measure of each kind of estimator, row by row, and how far two results agree.

scikit-learn's own metrics are not used, because scikit-learn-intelex replaces some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bench.values.quality import LossKind, Measure
from workloads.estimators.catalogue import Job
from workloads.estimators.datasets import Data

if TYPE_CHECKING:
    from bench.workload.scores import Scores

MAX_PROBABILITY_ERROR = 1e-6
"""Largest distance of the sum of a row's probabilities from 1."""
RELATIVE_TOLERANCE = 1e-5
"""Largest relative difference of two numbers that count as equal."""
MAX_EMBEDDED_ROWS = 1_000
"""Rows of an embedding that are judged: every one is compared with every other."""
TRUST_NEIGHBOURS = 5
"""Neighbours of the trustworthiness of an embedding, as in scikit-learn."""
MAX_DIVERGENCE = 1e6
"""Larger Kullback-Leibler divergences are none."""
MAX_KEPT_ROWS = 2_000
"""Rows of a matrix of distances that are compared between the arms."""

Array = npt.NDArray[Any]


@dataclass(slots=True)
class Assessment:
    """The quality of one arm."""

    measures: list[Measure]
    scores: dict[str, Scores] = field(default_factory=dict)
    """Of every row, by the name of the measure."""
    arrays: dict[str, Array] = field(default_factory=dict)
    """What the comparison of the arms needs."""


def assess(job: Job, model: Any, result: Any, data: Data, *, is_held_out: bool) -> Assessment:
    """The quality of the result of the last step, and of the fitted `model` (None for a function). `is_held_out`: the
    result is that of the held-out rows."""
    match job:
        case Job.CLASSES:
            return _assess_classes(result, data)
        case Job.VALUES:
            return _assess_values(result, data)
        case Job.CLUSTERS:
            # Without a step for held-out rows, the labels are those of the rows that were learned from.
            return _assess_clusters(result, data.test_target if is_held_out else data.target)
        case Job.COMPONENTS:
            return _assess_components(model, result, data)
        case Job.NEIGHBOURS:
            distances, rows = result
            return _assess_error("distance", "mean distance of neighbours", distances.mean(axis=1), {"rows": rows})
        case Job.OUTLIERS:
            return _assess_right(
                "found", "rows whose kind was found", np.equal(result, data.target), {"predictions": result}
            )
        case Job.EMBEDDING:
            return _assess_embedding(result, data)
        case Job.DISTANCES:
            return Assessment([], arrays={"values": result[:MAX_KEPT_ROWS]})
        case Job.AUC:
            area = _inform("auc", "area under the curve", float(result))
            return Assessment([area], arrays={"values": np.array([result])})
        case Job.SPLIT:
            return Assessment([], arrays={"values": np.asarray(result[0])})


def _inform(name: str, label: str, value: float, **fields: Any) -> Measure:
    return Measure(name=name, label=label, value=value, **fields)


def _assess_right(name: str, label: str, right: Array, arrays: dict[str, Array]) -> Assessment:
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
    return Assessment([measure], {name: np.asarray(right, bool)}, arrays)


def _assess_error(name: str, label: str, errors: Array, arrays: dict[str, Array]) -> Assessment:
    """A mean error of rows."""
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
    )
    return Assessment([measure], {name: errors}, arrays)


def _assess_classes(predictions: Array, data: Data) -> Assessment:
    right = np.asarray(predictions == data.test_target)
    return _assess_right("accuracy", "accuracy", right, {"predictions": predictions})


def _assess_values(predictions: Array, data: Data) -> Assessment:
    target = data.test_target.astype(np.float64)
    errors = (predictions.astype(np.float64).ravel() - target) ** 2
    assessment = _assess_error("mse", "mean squared error", errors, {"values": predictions.ravel()})
    spread = float(((target - target.mean()) ** 2).mean())
    if spread:
        assessment.measures.append(_inform("r2", "R²", 1 - float(errors.mean()) / spread))
    return assessment


def _assess_clusters(labels: Array, truth: Array) -> Assessment:
    """The share of rows whose cluster consists mostly of rows of the same group. Noise (label -1) is wrong."""
    right = np.zeros(len(labels), bool)
    for label in np.unique(labels[labels >= 0]):
        members = labels == label
        groups, counts = np.unique(truth[members], return_counts=True)
        right[members] = truth[members] == groups[counts.argmax()]
    assessment = _assess_right("purity", "rows in the cluster of their group", right, {"labels": labels})
    assessment.measures.append(_inform("clusters", "clusters", float(len(np.unique(labels[labels >= 0])))))
    return assessment


def _assess_components(model: Any, transformed: Array, data: Data) -> Assessment:
    """The error of the rows that the components recreate."""
    rows = data.test.toarray() if hasattr(data.test, "toarray") else data.test
    recreated = np.asarray(transformed, np.float64) @ np.asarray(model.components_, np.float64) + model.mean_
    errors = ((rows - recreated) ** 2).mean(axis=1)
    arrays = {"components": np.asarray(model.components_)}
    return _assess_error("mse", "mean squared error of recreated rows", errors, arrays)


def _assess_embedding(embedded: Array, data: Data) -> Assessment:
    """Trustworthiness: whether neighbours in the map are neighbours in the data. After Venna and Kaski (2001)."""
    count = min(len(embedded), MAX_EMBEDDED_ROWS)
    neighbours = min(TRUST_NEIGHBOURS, count // 4)
    rows = np.asarray(data.train[:count], np.float64)
    ranks = np.argsort(np.argsort(_distances(rows), axis=1), axis=1)
    nearest = np.argsort(_distances(np.asarray(embedded[:count], np.float64)), axis=1)[:, 1 : neighbours + 1]
    excess = np.maximum(0, np.take_along_axis(ranks, nearest, axis=1) - neighbours).sum(axis=1)
    scores = 1 - 2 / (neighbours * (2 * count - 3 * neighbours - 1)) * excess
    measure = Measure(
        name="trustworthiness",
        label="trustworthiness",
        value=float(scores.mean()),
        decisive=True,
        loss=LossKind.SCORE,
        max_score=1,
        observations=count,
        observation="row",
        selection="" if count == len(embedded) else f"the first {count:,} rows",
    )
    return Assessment([measure], {"trustworthiness": scores})


def _distances(rows: Array) -> Array:
    """Squared distances of every row to every other, with the row itself as the nearest."""
    norms = (rows**2).sum(axis=1)
    squares = norms[:, np.newaxis] + norms - 2 * rows @ rows.T
    np.fill_diagonal(squares, -np.inf)
    return squares


def inspect_model(model: Any, data: Data, iterates: bool) -> Assessment:
    """What the fitted model itself shows: iterations, support vectors, and probabilities that do not sum to 1."""
    measures: list[Measure] = []
    arrays: dict[str, Array] = {}
    if iterates and hasattr(model, "n_iter_"):
        measures.append(
            Measure(
                name="iterations",
                label="iterations of fit",
                value=float(np.max(model.n_iter_)),
                higher_is_better=False,
                same_work=True,
            )
        )
    if hasattr(model, "support_"):
        supports = np.sort(np.asarray(model.support_))
        measures.append(_inform("supports", "support vectors", float(len(supports)), higher_is_better=False))
        arrays["supports"] = supports
    if hasattr(model, "inertia_"):
        measures.append(_inform("inertia", "inertia", float(model.inertia_), higher_is_better=False))
    # Without an iteration after those of its first phase, t-SNE reports the largest number that there is.
    if getattr(model, "kl_divergence_", np.inf) < MAX_DIVERGENCE:
        measures.append(
            _inform("kl-divergence", "Kullback-Leibler divergence", float(model.kl_divergence_), higher_is_better=False)
        )
    if callable(getattr(model, "predict_proba", None)):
        sums = np.asarray(model.predict_proba(data.test), np.float64).sum(axis=1)
        wrong = 100 * float((np.abs(sums - 1) > MAX_PROBABILITY_ERROR).mean())
        measures.append(
            _inform(
                "probabilities",
                f"rows whose probabilities do not sum to 1 (within {MAX_PROBABILITY_ERROR:g})",
                wrong,
                unit="%",
                higher_is_better=False,
                observations=len(sums),
                observation="row",
            )
        )
    return Assessment(measures, arrays=arrays)


def compare_results(job: Job, baseline: Mapping[str, Array], accelerated: Mapping[str, Array]) -> Assessment:
    """How far the results of both arms agree. Decisive only where an arm alone has no quality."""
    comparison = Assessment([])
    for name in accelerated:
        first, second = baseline[name], accelerated[name]
        match name:
            case "predictions":
                _add_share(comparison, "predictions-agree", "rows with the same prediction", first == second, "row")
            case "rows":
                equal = (np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1)
                _add_share(comparison, "neighbours-agree", "rows with the same neighbours", equal, "row")
            case "labels":
                comparison.measures.append(
                    _inform("rand-index", "adjusted Rand index of both arms", adjusted_rand_index(first, second))
                )
            case "components":
                cosines = np.abs((first * second).sum(axis=1))
                norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
                comparison.measures.append(
                    _inform("cosine", "least cosine between components of both arms", float((cosines / norms).min()))
                )
            case "supports":
                shared = len(np.intersect1d(first, second)) / max(1, len(np.union1d(first, second)))
                comparison.measures.append(
                    _inform("supports-shared", "support vectors that both arms have", 100 * shared, unit="%")
                )
            case "values":
                if job is Job.VALUES:
                    scale = float(np.abs(first).max()) or 1.0
                    largest = float(np.abs(first.astype(np.float64) - second).max())
                    label = "largest difference of predictions, relative to the largest prediction"
                    comparison.measures.append(_inform("difference", label, largest / scale, higher_is_better=False))
                else:
                    equal = _compare_numbers(first, second)
                    noun, label = "number", f"equal numbers (within {RELATIVE_TOLERANCE:g})"
                    if job is Job.SPLIT and equal.ndim > 1:
                        noun, label = "row", "rows to learn from that are the same"
                        equal = np.asarray(equal.all(axis=1))
                    _add_share(comparison, "equal", label, equal, noun, decisive=True)
    return comparison


def _compare_numbers(first: Array, second: Array) -> Array:
    if first.shape != second.shape:
        return np.zeros(max(len(first), 1), bool)
    return np.isclose(first, second, rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE)


def _add_share(
    comparison: Assessment, name: str, label: str, equal: Array, noun: str, *, decisive: bool = False
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
        )
    )
    comparison.scores[name] = np.asarray(equal, bool).ravel()


def adjusted_rand_index(first: Array, second: Array) -> float:
    """How far two clusterings agree: 1 if they are equal, about 0 for random ones. After Hubert and Arabie (1985)."""
    _, one = np.unique(first, return_inverse=True)
    _, other = np.unique(second, return_inverse=True)
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    pairs, rows, columns = (float((part * (part - 1) / 2).sum()) for part in (table, table.sum(1), table.sum(0)))
    expected = rows * columns / max(1.0, len(first) * (len(first) - 1) / 2)
    largest = (rows + columns) / 2
    return 1.0 if largest == expected else (pairs - expected) / (largest - expected)
