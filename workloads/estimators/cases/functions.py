"""The cases of functions."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import offer, offer_sparse, offer_weights

FUNCTIONS = (
    Estimator(
        "pairwise-distances",
        "sklearn.metrics",
        "pairwise_distances",
        Job.DISTANCES,
        ("call",),
        Threads.N_JOBS_AND_BLAS,
        "The distance of every row to every other row.",
        (
            offer(
                "metric",
                "Metric",
                {"cosine": "cosine", "correlation": "correlation", "euclidean": "euclidean", "manhattan": "manhattan"},
                fallbacks=dict.fromkeys(("euclidean", "manhattan"), ("call",)),
                explanation="float32 falls back with every metric.",
            ),
            offer_sparse("call"),
        ),
        columns=100,
        has_seed=False,
        square_bytes=24,
        rows=3_000,
    ),
    Estimator(
        "roc-auc-score",
        "sklearn.metrics",
        "roc_auc_score",
        Job.AUC,
        ("call",),
        Threads.ONE,
        "The area under the curve of true against false positives.",
        (
            offer_weights("call"),
            offer(
                "max_fpr",
                "False positives",
                {"all": "all", "0.1": "up to 10 %"},
                values={"all": None, "0.1": 0.1},
                fallbacks={"0.1": ("call",)},
            ),
        ),
        has_seed=False,
    ),
    Estimator(
        "train-test-split",
        "sklearn.model_selection",
        "train_test_split",
        Job.SPLIT,
        ("call",),
        Threads.ONE,
        "A random split of the rows. The arms must choose the same rows.",
        (
            offer(
                "stratify",
                "Stratified",
                {"no": "no", "yes": "by class"},
                argument="",
                explanation="Whether both parts have the same shares of the classes.",
            ),
        ),
    ),
)
