"""How good a result is: the standard measure of each kind of estimator, row by row, and how far two results agree.

scikit-learn's own metrics are not used, because scikit-learn-intelex replaces some of them.
"""

from __future__ import annotations

from typing import Any

from workloads.estimators.datasets import Data
from workloads.estimators.estimator import Job
from workloads.estimators.quality.assessment import Assessment
from workloads.estimators.quality.clusters import adjusted_rand_index, assess_clusters, assess_density
from workloads.estimators.quality.comparison import compare_results
from workloads.estimators.quality.functions import assess_area, assess_distances, assess_split
from workloads.estimators.quality.mixture import assess_mixture
from workloads.estimators.quality.model import inspect_model
from workloads.estimators.quality.neighbours import assess_neighbours, measure_distances
from workloads.estimators.quality.predictions import assess_classes, assess_outliers, assess_values
from workloads.estimators.quality.projections import assess_components, assess_embedding
from workloads.estimators.quality.single import compare_single_results

__all__ = [
    "Assessment",
    "adjusted_rand_index",
    "assess",
    "compare_results",
    "compare_single_results",
    "inspect_model",
    "measure_distances",
]


def assess(job: Job, model: Any, result: Any, data: Data, *, is_held_out: bool, seed: int = 0) -> Assessment:
    """The quality of the result of the last step, and of the fitted `model` (None for a function). `is_held_out`: the
    result is that of the held-out rows. `seed` chooses the rows that are judged, where not all are."""
    match job:
        case Job.CLASSES:
            return assess_classes(result, data)
        case Job.VALUES:
            return assess_values(result, data)
        case Job.CLUSTERS:
            # Without a step for held-out rows, the labels are those of the rows that were learned from.
            return assess_clusters(model, result, data) if is_held_out else assess_density(result, data)
        case Job.MIXTURE:
            return assess_mixture(model, result, data)
        case Job.COMPONENTS:
            return assess_components(model, result, data)
        case Job.NEIGHBOURS:
            return assess_neighbours(model, result, data, seed)
        case Job.OUTLIERS:
            return assess_outliers(result, data)
        case Job.EMBEDDING:
            return assess_embedding(result, data)
        case Job.DISTANCES:
            return assess_distances(result, seed)
        case Job.AUC:
            return assess_area(result)
        case Job.SPLIT:
            return assess_split(result)
