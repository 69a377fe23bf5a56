"""The cases of clusters and mixtures."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import FIT_PREDICT, count, measure, offer, offer_sparse

CLUSTERS = (
    Estimator(
        "kmeans",
        "sklearn.cluster",
        "KMeans",
        Job.CLUSTERS,
        FIT_PREDICT,
        Threads.OPENMP,
        "Clusters around means.",
        # Without row weights: fit falls back with them, and then predict of version 2026.2 raises AttributeError.
        (
            count("clusters", "Clusters", 8, 2, 256, "n_clusters", "Number of clusters."),
            offer(
                "algorithm",
                "Algorithm",
                {"lloyd": "lloyd", "elkan": "elkan"},
                explanation="oneDAL has no elkan: the accelerated arm computes lloyd instead. The claim then has a "
                "reservation, and the evidence quotes the log.",
            ),
            offer(
                "start",
                "Starting centres",
                {"shared": "the same rows in both arms", "own": "each library draws its own (k-means++)"},
                argument="",
                explanation="With k-means++, each library draws other centres, and the iterations of fit depend on "
                "luck. Shared centres are rows that the seed of the plan draws.",
            ),
            offer_sparse(),
        ),
        arguments={"n_init": 1},
        classes=8,
        iterates=True,
        # Of the algorithm elkan and of centres that each library draws: lloyd with shared centres has no difference.
        is_less_exact=True,
    ),
    Estimator(
        "dbscan",
        "sklearn.cluster",
        "DBSCAN",
        Job.CLUSTERS,
        ("fit_predict",),
        Threads.N_JOBS,
        "Clusters of dense regions.",
        (
            measure("eps", "Radius", 0.5, 1e-6, 1e6, "Largest distance of neighbours.", "eps"),
            count("neighbours", "Neighbours", 5, 1, 1_000, "min_samples", "Neighbours that make a row a core point."),
            offer(
                "algorithm",
                "Algorithm",
                {"auto": "auto", "brute": "brute", "kd_tree": "kd_tree", "ball_tree": "ball_tree"},
                fallbacks=dict.fromkeys(("kd_tree", "ball_tree"), ("fit_predict",)),
            ),
            offer(
                "metric",
                "Metric",
                {"euclidean": "euclidean", "manhattan": "manhattan"},
                fallbacks={"manhattan": ("fit_predict",)},
            ),
            offer_sparse("fit_predict"),
        ),
        columns=3,
        classes=8,
        has_seed=False,
        algorithms="with auto, stock finds neighbours by a tree if there are at most 15 columns, oneDAL compares all "
        "pairs of rows",
    ),
)
MIXTURES = (
    Estimator(
        "gaussian-mixture",
        "sklearn.mixture",
        "GaussianMixture",
        Job.MIXTURE,
        FIT_PREDICT,
        Threads.BLAS,
        "A mixture of normal distributions. scikit-learn-intelex does not accelerate it.",
        (count("clusters", "Clusters", 8, 1, 256, "n_components", "Number of distributions."),),
        classes=8,
        iterates=True,
        is_patched=False,
    ),
)
