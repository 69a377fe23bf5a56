"""The cases: one declaration per estimator or function of scikit-learn. Light: the declaration and the page read it.

Which parameters fall back was found with scikit-learn-intelex 2026.2, and a test tries every one of them with the
installed version.
"""

from __future__ import annotations

from collections.abc import Mapping

from workloads.estimators.cases.clusters import CLUSTERS, MIXTURES
from workloads.estimators.cases.ensembles import BOOSTING, ENSEMBLES
from workloads.estimators.cases.functions import FUNCTIONS
from workloads.estimators.cases.linear_models import LINEAR_MODELS
from workloads.estimators.cases.neighbours import NEIGHBOURS
from workloads.estimators.cases.projections import PROJECTIONS
from workloads.estimators.cases.support_vectors import SUPPORT_VECTORS
from workloads.estimators.estimator import Estimator

ESTIMATORS: Mapping[str, Estimator] = {
    estimator.name: estimator
    for group in (
        ENSEMBLES,
        LINEAR_MODELS,
        SUPPORT_VECTORS,
        NEIGHBOURS,
        CLUSTERS,
        PROJECTIONS,
        FUNCTIONS,
        BOOSTING,
        MIXTURES,
    )
    for estimator in group
}
"""By the name of the case, in the order of the gallery."""
