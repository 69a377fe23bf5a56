"""The cases of forests and boosted trees."""

from __future__ import annotations

from workloads.estimators.estimator import Estimator, Job, Threads
from workloads.estimators.options import FIT_PREDICT, Option, count, offer, offer_sparse, offer_weights

_TREE_COUNTS = (1, 3, 10, 30, 100, 300, 1_000, 2_000)
_TREES = count("trees", "Trees", 100, 1, 2_000, "n_estimators", "Number of trees.", _TREE_COUNTS)
_DEPTH = count("depth", "Depth", 8, 1, 100, "max_depth", "Largest depth of a tree.")


def _offer_forest(criteria: dict[str, str], bootstrap: bool) -> tuple[Option, ...]:
    others = list(criteria)[1:]
    options = (
        _TREES,
        _DEPTH,
        offer("criterion", "Criterion", criteria, fallbacks=dict.fromkeys(others, FIT_PREDICT)),
        offer(
            "warm_start",
            "Warm start",
            {"off": "off", "on": "on"},
            values={"off": False, "on": True},
            fallbacks={"on": FIT_PREDICT},
        ),
        offer(
            "pruning",
            "Pruning",
            {"none": "none", "0.001": "ccp_alpha 0.001"},
            argument="ccp_alpha",
            values={"none": 0.0, "0.001": 0.001},
            fallbacks={"0.001": FIT_PREDICT},
        ),
        offer_sparse(*FIT_PREDICT),
    )
    return (*options, offer_weights(*FIT_PREDICT)) if bootstrap else options


_GINI = {"gini": "gini", "entropy": "entropy", "log_loss": "log_loss"}
_SQUARED = {"squared_error": "squared_error", "absolute_error": "absolute_error"}
_BINS = "stock tries every threshold of a column, oneDAL only the limits of at most 256 bins (its histogram method)"
_RANDOM_BINS = "stock draws exact thresholds, oneDAL the limits of at most 256 bins of a column (its histogram method)"


ENSEMBLES = (
    Estimator(
        "random-forest-classifier",
        "sklearn.ensemble",
        "RandomForestClassifier",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.N_JOBS,
        "A forest of decision trees that votes on the class.",
        _offer_forest(_GINI, bootstrap=True),
        budget_s=30,
        algorithms=_BINS,
        is_less_exact=True,
    ),
    Estimator(
        "random-forest-regressor",
        "sklearn.ensemble",
        "RandomForestRegressor",
        Job.VALUES,
        FIT_PREDICT,
        Threads.N_JOBS,
        "The mean of a forest of decision trees.",
        _offer_forest(_SQUARED, bootstrap=True),
        budget_s=60,
        algorithms=_BINS,
        is_less_exact=True,
    ),
    Estimator(
        "extra-trees-classifier",
        "sklearn.ensemble",
        "ExtraTreesClassifier",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.N_JOBS,
        "A forest whose trees split at random thresholds.",
        _offer_forest(_GINI, bootstrap=False),
        algorithms=_RANDOM_BINS,
        is_less_exact=True,
    ),
    Estimator(
        "extra-trees-regressor",
        "sklearn.ensemble",
        "ExtraTreesRegressor",
        Job.VALUES,
        FIT_PREDICT,
        Threads.N_JOBS,
        "The mean of a forest whose trees split at random thresholds.",
        _offer_forest(_SQUARED, bootstrap=False),
        algorithms=_RANDOM_BINS,
        is_less_exact=True,
    ),
)
BOOSTING = (
    Estimator(
        "gradient-boosting",
        "sklearn.ensemble",
        "GradientBoostingClassifier",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.ONE,
        "Trees that correct each other. scikit-learn-intelex does not accelerate it.",
        (_TREES,),
        is_patched=False,
        rows=3_000,
        budget_s=40,
    ),
    Estimator(
        "hist-gradient-boosting",
        "sklearn.ensemble",
        "HistGradientBoostingClassifier",
        Job.CLASSES,
        FIT_PREDICT,
        Threads.OPENMP,
        "Trees on histograms that correct each other. scikit-learn-intelex does not accelerate it.",
        (count("trees", "Trees", 100, 1, 2_000, "max_iter", "Number of trees.", _TREE_COUNTS),),
        is_patched=False,
    ),
)
