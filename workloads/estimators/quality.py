"""How good a result is: the standard measure of each kind of estimator, row by row, and how far two results agree.

scikit-learn's own metrics are not used, because scikit-learn-intelex replaces some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bench.formatting import format_measure
from bench.values.quality import LossKind, Measure
from workloads.estimators.catalogue import Job
from workloads.estimators.datasets import Data

if TYPE_CHECKING:
    from bench.workload.scores import Scores

MAX_PROBABILITY_ERROR = 1e-5
"""Largest distance of the sum of a row's probabilities from 1. With larger ones, scikit-learn's `roc_auc_score` refuses
them."""
RELATIVE_TOLERANCE = 1e-5
"""Largest relative difference of two numbers that count as equal."""
MAX_EMBEDDED_ROWS = 1_000
"""Rows of an embedding that are judged: every one is compared with every other."""
TRUST_NEIGHBOURS = 5
"""Neighbours of the trustworthiness of an embedding, as in scikit-learn."""
MAX_DIVERGENCE = 1e6
"""Larger Kullback-Leibler divergences are none."""
MAX_COMPARED_ROWS = 500
"""Rows of a matrix of distances that are compared between the arms."""
MAX_JUDGED_ROWS = 2_000
"""Rows whose neighbours are judged by distances that are computed again."""
MAX_NUMBERS = 1 << 22
"""Numbers that are computed at once, which limits the memory needed."""
ROUNDINGS = 64
"""Roundings of a sum of squares that may add up."""
MIN_GAIN = 0.1
"""Share of its score or of its error by which a prediction without a model must be worse than the estimator. With less,
an estimator that learned nothing would nearly keep the quality, so that the quality shows little."""
MIN_RAND_INDEX = 0.99
"""Least adjusted Rand index of two clusterings that count as equal: of points on the edge of two clusters, DBSCAN
chooses by the order of the rows."""
MAX_CLUSTER_SHARE = 0.95
"""Larger shares of the rows in one cluster (or of noise) make any two clusterings look alike."""

Array = npt.NDArray[Any]


@dataclass(slots=True)
class Assessment:
    """The quality of one arm."""

    measures: list[Measure]
    scores: dict[str, Scores] = field(default_factory=dict)
    """Of every row, by the name of the measure."""
    arrays: dict[str, Array] = field(default_factory=dict)
    """What the comparison of the arms needs."""


def assess(job: Job, model: Any, result: Any, data: Data, *, is_held_out: bool, seed: int = 0) -> Assessment:
    """The quality of the result of the last step, and of the fitted `model` (None for a function). `is_held_out`: the
    result is that of the held-out rows. `seed` chooses the rows that are judged, where not all are."""
    match job:
        case Job.CLASSES:
            return _assess_classes(result, data)
        case Job.VALUES:
            return _assess_values(result, data)
        case Job.CLUSTERS:
            # Without a step for held-out rows, the labels are those of the rows that were learned from.
            return _assess_clusters(model, result, data) if is_held_out else _assess_density(result, data)
        case Job.COMPONENTS:
            return _assess_components(model, result, data)
        case Job.NEIGHBOURS:
            return _assess_neighbours(model, result, data, seed)
        case Job.OUTLIERS:
            return _assess_outliers(result, data)
        case Job.EMBEDDING:
            return _assess_embedding(result, data)
        case Job.DISTANCES:
            compared = draw_rows(len(result), MAX_COMPARED_ROWS, seed)
            return Assessment([], arrays={"values": result[compared], "total": np.array(len(result))})
        case Job.AUC:
            area = _inform("auc", "area under the curve", float(result))
            return Assessment([area], arrays={"values": np.array([result])})
        case Job.SPLIT:
            # What train_test_split returns: rows to learn from, held-out rows, and the targets of both.
            rows, held_out, targets, held_out_targets = result
            learned, tested = digest_rows(rows, targets), digest_rows(held_out, held_out_targets)
            return Assessment([], arrays={"train-rows": learned, "test-rows": tested})


def draw_rows(count: int, most: int, seed: int) -> Array:
    """The numbers of `most` of `count` rows, drawn at random by the seed, or of all, in ascending order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _describe_selection(count: int, total: int) -> str:
    return "" if count == total else f"drawn at random of {total:,}"


def digest_rows(rows: Array, targets: Array) -> Array:
    """One number (uint64) for each row with its target, which differs if any number of it does.

    A multilinear hash: the sum of the bits of each number times an odd random factor. Odd, so that a difference of one
    number is never lost.
    """
    parts = [np.ascontiguousarray(rows, np.float64), np.ascontiguousarray(targets, np.float64).reshape(-1, 1)]
    rng = np.random.default_rng(0)
    digests = np.zeros(len(rows), np.uint64)
    for part in parts:
        factors = rng.integers(0, 1 << 63, part.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        digests += part.view(np.uint64) @ factors
    return digests


def _inform(name: str, label: str, value: float, **fields: Any) -> Measure:
    return Measure(name=name, label=label, value=value, **fields)


def _check_gain(measure: Measure, trivial: float, how: str) -> Measure:
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


def _assess_right(
    name: str, label: str, right: Array, arrays: dict[str, Array], trivial: float, how: str
) -> Assessment:
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
    return Assessment([_check_gain(measure, trivial, how)], {name: np.asarray(right, bool)}, arrays)


def _assess_error(
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
        selection=_describe_selection(len(errors), total or len(errors)),
    )
    return Assessment([_check_gain(measure, trivial, how)], {name: errors}, arrays)


def _assess_classes(predictions: Array, data: Data) -> Assessment:
    right = np.asarray(predictions == data.test_target)
    classes, counts = np.unique(data.target, return_counts=True)
    trivial = 100 * float((data.test_target == classes[counts.argmax()]).mean())
    how = "predicting the most frequent class for every row"
    return _assess_right("accuracy", "accuracy", right, {"predictions": predictions}, trivial, how)


def _assess_values(predictions: Array, data: Data) -> Assessment:
    target = data.test_target.astype(np.float64)
    errors = (predictions.astype(np.float64).ravel() - target) ** 2
    trivial = float(((target - data.target.astype(np.float64).mean()) ** 2).mean())
    how = "predicting the mean for every row"
    assessment = _assess_error("mse", "mean squared error", errors, {"values": predictions.ravel()}, trivial, how)
    spread = float(((target - target.mean()) ** 2).mean())
    if spread:
        assessment.measures.append(_inform("r2", "R²", 1 - float(errors.mean()) / spread))
    return assessment


def _assess_clusters(model: Any, labels: Array, data: Data) -> Assessment:
    """How near the held-out rows are to the centres of their clusters."""
    centres = np.asarray(getattr(model, "cluster_centers_", getattr(model, "means_", None)), np.float64)
    mean = np.asarray(data.train.mean(axis=0), np.float64).reshape(1, -1)
    errors = measure_spread(data.test, centres, labels)
    trivial = float(measure_spread(data.test, mean, np.zeros(len(labels), int)).mean())
    label = "mean squared distance of held-out rows to the centre of their cluster"
    assessment = _assess_error(
        "held-out-inertia", label, errors, {"labels": labels}, trivial, "one cluster around the mean"
    )
    assessment.measures += _describe_clusters(labels, data.test_target)
    return assessment


def measure_spread(rows: Any, centres: Array, labels: Array) -> Array:
    """The squared distance of each row, dense or sparse, to the centre with its label: float64 of shape (rows,)."""
    errors = np.empty(rows.shape[0])
    size = max(1, MAX_NUMBERS // rows.shape[1])
    for first in range(0, len(errors), size):
        part = slice(first, first + size)
        errors[part] = ((_to_dense(rows[part]) - centres[labels[part]]) ** 2).sum(axis=1)
    return errors


def _assess_density(labels: Array, data: Data) -> Assessment:
    """Clusters of dense regions have no centres: they are judged by how far those of both arms agree."""
    return Assessment(_describe_clusters(labels, data.target), arrays={"clusters": labels})


def _describe_clusters(labels: Array, groups: Array) -> list[Measure]:
    return [
        _inform("clusters", "clusters", float(len(np.unique(labels[labels >= 0])))),
        _inform("groups-index", "adjusted Rand index with the groups of the data", adjusted_rand_index(labels, groups)),
    ]


def _assess_neighbours(model: Any, result: tuple[Array, Array], data: Data, seed: int) -> Assessment:
    """How far the neighbours are that the arm found, computed again, because reported distances prove nothing."""
    reported, rows = (np.asarray(part) for part in result)
    total, metric = data.train.shape[0], str(model.effective_metric_)
    judged = draw_rows(len(rows), MAX_JUDGED_ROWS, seed)
    rng = np.random.default_rng(seed)
    distances, tolerances, random = (np.empty((len(judged), rows.shape[1])) for _ in range(3))
    for place, row in enumerate(judged):
        point = _to_dense(data.test[row : row + 1])
        neighbours = _to_dense(data.train[np.clip(rows[row], 0, total - 1)])
        distances[place] = measure_distances(point, neighbours, metric)
        tolerances[place] = _find_tolerances(point, neighbours, np.finfo(data.train.dtype).eps)
        others = _to_dense(data.train[rng.integers(0, total, rows.shape[1])])
        random[place] = measure_distances(point, others, metric)
    sampled = np.sort(rows[judged], axis=1)
    is_row = (sampled[:, 0] >= 0) & (sampled[:, -1] < total)
    is_distinct = (np.diff(sampled, axis=1) > 0).all(axis=1)
    # Written this way round, so that NaN is wrong.
    is_reported = (np.abs(reported[judged] - distances) <= tolerances + RELATIVE_TOLERANCE * distances).all(axis=1)
    right = is_row & is_distinct & is_reported
    assessment = _assess_error(
        "distance",
        "mean distance of neighbours",
        distances.mean(axis=1),
        {"rows": rows},
        float(random.mean()),
        "choosing neighbours at random",
        len(rows),
    )
    assessment.measures.append(
        Measure(
            name="neighbours-right",
            label="rows whose neighbours are all different, and as far away as reported",
            value=100 * float(right.mean()),
            unit="%",
            decisive=True,
            loss=LossKind.EQUALITY,
            observations=len(right),
            observation="row",
            selection=_describe_selection(len(right), len(rows)),
        )
    )
    return assessment


def measure_distances(point: Array, rows: Array, metric: str) -> Array:
    """The distance of a point, (1, columns), to each of the rows, as scikit-learn defines the metric."""
    differences = np.abs(rows - point)
    if metric == "euclidean":
        return np.sqrt((differences**2).sum(axis=1))
    if metric == "canberra":
        # 0 / 0 counts as 0.
        sums = np.abs(rows) + np.abs(point)
        differences = np.divide(differences, sums, out=np.zeros_like(sums), where=sums > 0)
    elif metric != "manhattan":
        raise ValueError(f"no distance is defined for the metric {metric!r}")
    return differences.sum(axis=1)


def _find_tolerances(point: Array, rows: Array, epsilon: float) -> Array:
    """How far a distance may be off that is computed as the root of a² + b² - 2ab, from the rounding of each part."""
    norms = (point**2).sum() + (rows**2).sum(axis=1)
    return np.sqrt(ROUNDINGS * epsilon * norms)


def _to_dense(rows: Any) -> Array:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)


def _assess_outliers(predictions: Array, data: Data) -> Assessment:
    """Balanced accuracy: the mean of the shares of the outliers and of the other rows that were found."""
    kinds, places, counts = np.unique(data.target, return_inverse=True, return_counts=True)
    weights = 100 * len(predictions) / (len(kinds) * counts)
    scores = np.where(predictions == data.target, weights[places], 0.0)
    measure = Measure(
        name="balanced-accuracy",
        label="balanced accuracy of outliers and other rows",
        value=float(scores.mean()),
        unit="%",
        decisive=True,
        loss=LossKind.SCORE,
        max_score=float(weights.max()),
        observations=len(predictions),
        observation="row",
    )
    measure = _check_gain(measure, 100 / len(kinds), "calling no row an outlier")
    return Assessment([measure], {measure.name: scores}, {"predictions": predictions})


def _assess_components(model: Any, transformed: Array, data: Data) -> Assessment:
    """The error of the rows that the components recreate."""
    rows = _to_dense(data.test)
    recreated = np.asarray(transformed, np.float64) @ np.asarray(model.components_, np.float64) + model.mean_
    errors = ((rows - recreated) ** 2).mean(axis=1)
    arrays = {"components": np.asarray(model.components_)}
    trivial = float(((rows - np.asarray(data.train.mean(axis=0), np.float64).ravel()) ** 2).mean())
    label, how = "mean squared error of recreated rows", "recreating every row as the mean"
    return _assess_error("mse", label, errors, arrays, trivial, how)


def _assess_embedding(embedded: Array, data: Data) -> Assessment:
    """Trustworthiness: whether neighbours in the map are neighbours in the data. After Venna and Kaski (2001)."""
    # The rows are in a random order already.
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
        selection=_describe_selection(count, len(embedded)),
    )
    measure = _check_gain(measure, 0.5, "a map at random")
    return Assessment([measure], {"trustworthiness": scores})


def _distances(rows: Array) -> Array:
    """Squared distances of every row to every other, with the row itself as the nearest."""
    norms = (rows**2).sum(axis=1)
    squares = norms[:, np.newaxis] + norms - 2 * rows @ rows.T
    np.fill_diagonal(squares, -np.inf)
    return squares


def inspect_model(model: Any, data: Data, iterates: bool) -> Assessment:
    """What the fitted model itself shows: iterations, support vectors, and whether probabilities sum to 1."""
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
        measures.append(
            _inform(
                "probabilities",
                f"rows whose probabilities sum to 1 (within {MAX_PROBABILITY_ERROR:g})",
                100 * float((np.abs(sums - 1) <= MAX_PROBABILITY_ERROR).mean()),
                unit="%",
                decisive=True,
                loss=LossKind.EQUALITY,
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
                comparison.measures.append(_compare_labels(first, second))
            case "clusters":
                comparison.measures.append(_compare_labels(first, second))
                _add_equal_clusters(comparison, first, second)
            case "train-rows" | "test-rows":
                label = "rows to learn from" if name == "train-rows" else "held-out rows"
                equal = np.equal(first, second) if len(first) == len(second) else np.zeros(max(1, len(first)), bool)
                label += " that are the same, with their targets"
                _add_share(comparison, name, label, equal, "row", decisive=True)
            case "total":
                pass
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
                    label = f"equal numbers (within {RELATIVE_TOLERANCE:g})"
                    selection = ""
                    if "total" in accelerated and len(second) < int(accelerated["total"]):
                        selection = f"in {len(second):,} rows drawn at random of {int(accelerated['total']):,}"
                    _add_share(comparison, "equal", label, equal, "number", decisive=True, selection=selection)
    return comparison


def _compare_labels(first: Array, second: Array) -> Measure:
    return _inform("rand-index", "adjusted Rand index of both arms", adjusted_rand_index(first, second))


def _add_equal_clusters(comparison: Assessment, first: Array, second: Array) -> None:
    """Whether two clusterings are equal. Nothing is added if nearly all rows of the first are in one cluster, or noise:
    then equality shows nothing."""
    if np.unique(first, return_counts=True)[1].max() > MAX_CLUSTER_SHARE * len(first):
        return
    is_equal = adjusted_rand_index(first, second) >= MIN_RAND_INDEX
    label = f"equal clusters (adjusted Rand index of both arms at least {MIN_RAND_INDEX:g})"
    comparison.measures.append(
        _inform("equal-clusters", label, 100.0 * is_equal, unit="%", decisive=True, loss=LossKind.EQUALITY)
    )


def _compare_numbers(first: Array, second: Array) -> Array:
    if first.shape != second.shape:
        return np.zeros(max(len(first), 1), bool)
    return np.isclose(first, second, rtol=RELATIVE_TOLERANCE, atol=RELATIVE_TOLERANCE)


def _add_share(
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
