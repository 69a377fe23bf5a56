"""The cases of nearest neighbours."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import FIT_PREDICT, Option, count, offer, offer_sparse

_NEIGHBOURS = count("neighbours", "Neighbours", 5, 1, 100, "n_neighbors", "Number of nearest neighbours.")


def _offer_neighbours(*steps: str, is_supervised: bool) -> tuple[Option, ...]:
    options = (
        _NEIGHBOURS,
        offer(
            "metric",
            "Metric",
            {"euclidean": "euclidean", "manhattan": "manhattan", "canberra": "canberra"},
            fallbacks={"canberra": steps},
            explanation="With at most 15 columns, the algorithm auto is kd_tree, and manhattan falls back.",
        ),
        offer(
            "algorithm",
            "Algorithm",
            {"auto": "auto", "brute": "brute", "kd_tree": "kd_tree"},
            explanation="kd_tree is accelerated with the Euclidean metric only.",
        ),
        offer_sparse(*steps),
    )
    if not is_supervised:
        return options
    return (*options, offer("vote", "Weights", {"uniform": "uniform", "distance": "distance"}, argument="weights"))


NEIGHBOURS = (
    Estimator(
        "knn-classifier",
        "sklearn.neighbors",
        "KNeighborsClassifier",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.N_JOBS,
        "The vote of the nearest neighbours.",
        _offer_neighbours(*FIT_PREDICT, is_supervised=True),
        has_seed=False,
    ),
    Estimator(
        "knn-regressor",
        "sklearn.neighbors",
        "KNeighborsRegressor",
        Job.VALUES,
        FIT_PREDICT,
        Threads.N_JOBS,
        "The mean of the nearest neighbours.",
        _offer_neighbours(*FIT_PREDICT, is_supervised=True),
        has_seed=False,
    ),
    Estimator(
        "nearest-neighbours",
        "sklearn.neighbors",
        "NearestNeighbors",
        Job.NEIGHBOURS,
        ("fit", "kneighbors"),
        Threads.N_JOBS,
        "The nearest neighbours of every held-out row.",
        _offer_neighbours("fit", "kneighbors", is_supervised=False),
        classes=8,
        has_seed=False,
    ),
    Estimator(
        "local-outlier-factor",
        "sklearn.neighbors",
        "LocalOutlierFactor",
        Job.OUTLIERS,
        ("fit_predict",),
        Threads.N_JOBS,
        "Outliers by the density around each row and around its neighbours.",
        _offer_neighbours("fit_predict", is_supervised=False),
        classes=8,
        has_seed=False,
    ),
)
