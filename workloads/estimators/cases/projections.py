"""The cases of components and maps."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import count, measure, offer, offer_sparse

_COMPONENTS = count(
    "components",
    "Components",
    8,
    1,
    10_000,
    "n_components",
    "Number of components, at most the columns.",
    (1, 2, 4, 8, 16, 32, 64, 128, 256, 1_000, 10_000),
)


PROJECTIONS = (
    Estimator(
        "pca",
        "sklearn.decomposition",
        "PCA",
        Job.COMPONENTS,
        ("fit", "transform"),
        Threads.BLAS,
        "Principal components.",
        (
            _COMPONENTS,
            offer(
                "solver",
                "Solver",
                {
                    "covariance_eigh": "covariance_eigh",
                    "full": "full",
                    "randomized": "randomized",
                    "arpack": "arpack",
                },
                argument="svd_solver",
                fallbacks=dict.fromkeys(("randomized", "arpack"), ("fit", "transform")),
            ),
            offer_sparse("fit", "transform"),
        ),
        columns=100,
    ),
    Estimator(
        "incremental-pca",
        "sklearn.decomposition",
        "IncrementalPCA",
        Job.COMPONENTS,
        ("fit", "transform"),
        Threads.BLAS,
        "Principal components in batches. scikit-learn-intelex accelerates it in its preview mode only.",
        (_COMPONENTS,),
        columns=100,
        has_seed=False,
        is_patched=False,
    ),
    Estimator(
        "tsne",
        "sklearn.manifold",
        "TSNE",
        Job.EMBEDDING,
        ("fit_transform",),
        Threads.N_JOBS,
        "A map of the rows in two dimensions that keeps neighbours together.",
        (
            measure("perplexity", "Perplexity", 30.0, 2.0, 200.0, "About the number of neighbours that count."),
            count("iterations", "Iterations", 300, 250, 5_000, "max_iter", "Largest number of iterations."),
            offer(
                "method",
                "Method",
                {"barnes_hut": "Barnes-Hut", "exact": "exact"},
                fallbacks={"exact": ("fit_transform",)},
                explanation="exact compares all pairs of rows in every iteration: at most 3,000 rows.",
            ),
        ),
        arguments={"init": "pca"},
        classes=8,
        iterates=True,
        rows=3_000,
        budget_s=90,
    ),
)
