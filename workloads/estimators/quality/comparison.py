"""How far the results of both arms agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.formatting import format_percent
from bench.values.quality import LossKind
from workloads.estimators.estimator import Job
from workloads.estimators.quality.assessment import (
    RELATIVE_TOLERANCE,
    Array,
    Assessment,
    add_share,
    compare_numbers,
    inform,
)
from workloads.estimators.quality.clusters import add_equal_clusters, compare_labels

MIN_SHARED_OUTLIERS = 0.99
"""Share of the outliers of one arm that must be outliers in both: a row at the edge may fall on either side."""


def compare_results(job: Job, baseline: Mapping[str, Array], accelerated: Mapping[str, Array]) -> Assessment:
    """How far the results of both arms agree. Decisive only where an arm alone has no quality."""
    comparison = Assessment([])
    for name in accelerated:
        first, second = baseline[name], accelerated[name]
        match name:
            case "predictions":
                add_share(comparison, "predictions-agree", "rows with the same prediction", first == second, "row")
            case "outliers":
                _compare_outliers(comparison, first, second)
            case "rows":
                equal = (np.sort(first, axis=1) == np.sort(second, axis=1)).all(axis=1)
                add_share(comparison, "neighbours-agree", "rows with the same neighbours", equal, "row")
            case "labels":
                comparison.measures.append(compare_labels(first, second))
            case "clusters":
                comparison.measures.append(compare_labels(first, second))
                add_equal_clusters(comparison, first, second)
            case "train-rows" | "test-rows":
                label = "rows to learn from" if name == "train-rows" else "held-out rows"
                equal = np.equal(first, second) if len(first) == len(second) else np.zeros(max(1, len(first)), bool)
                label += " that are the same, with their targets"
                add_share(comparison, name, label, equal, "row", decisive=True)
            case "total":
                pass
            case "components":
                cosines = np.abs((first * second).sum(axis=1))
                norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
                comparison.measures.append(
                    inform("cosine", "least cosine between components of both arms", float((cosines / norms).min()))
                )
            case "supports":
                shared = len(np.intersect1d(first, second)) / max(1, len(np.union1d(first, second)))
                comparison.measures.append(
                    inform("supports-shared", "support vectors that both arms have", 100 * shared, unit="%")
                )
            case "values":
                if job is Job.VALUES:
                    scale = float(np.abs(first).max()) or 1.0
                    largest = float(np.abs(first.astype(np.float64) - second).max())
                    label = "largest difference of predictions, relative to the largest prediction"
                    comparison.measures.append(inform("difference", label, largest / scale, higher_is_better=False))
                else:
                    equal = compare_numbers(first, second)
                    label = f"equal numbers (within {RELATIVE_TOLERANCE:g})"
                    selection = ""
                    if "total" in accelerated and len(second) < int(accelerated["total"]):
                        selection = f"in {len(second):,} rows drawn at random of {int(accelerated['total']):,}"
                    add_share(comparison, "equal", label, equal, "number", decisive=True, selection=selection)
    return comparison


def _compare_outliers(comparison: Assessment, first: Array, second: Array) -> None:
    """Whether both arms call the same rows outliers (-1). Nothing is added if neither has an outlier."""
    either = (first == -1) | (second == -1)
    if not either.any():
        return
    equal = first[either] == second[either]
    add_share(comparison, "outliers-agree", "rows that both arms call outliers, of those that one does", equal, "row")
    label = f"same outliers (at least {format_percent(MIN_SHARED_OUTLIERS, 0)} of those of one arm)"
    is_same = bool(equal.mean() >= MIN_SHARED_OUTLIERS)
    comparison.measures.append(
        inform("same-outliers", label, 100.0 * is_same, unit="%", decisive=True, loss=LossKind.EQUALITY)
    )
