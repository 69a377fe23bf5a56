"""The cases: one declaration per estimator or function of scikit-learn. Light: the declaration and the page read it.

Which parameters fall back was found with scikit-learn-intelex 2026.2, and a test tries every one of them with the
installed version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bench.workload.cases import DEFAULT_BUDGET_S
from workloads.estimators.options import Option, count, measure, offer, offer_sparse, offer_weights


class Job(StrEnum):
    """What a case computes. It decides on the data and on how the quality is measured."""

    CLASSES = "classes"
    VALUES = "values"
    CLUSTERS = "clusters"
    COMPONENTS = "components"
    NEIGHBOURS = "neighbours"
    OUTLIERS = "outliers"
    EMBEDDING = "embedding"
    DISTANCES = "distances"
    AUC = "area under the curve"
    SPLIT = "split"


class Threads(StrEnum):
    """How the stock estimator uses several cores."""

    N_JOBS = "n_jobs={cores}"
    OPENMP = "OpenMP with {cores} threads"
    BLAS = "BLAS with {cores} threads"
    N_JOBS_AND_BLAS = "n_jobs={cores}, and BLAS with {cores} threads"
    ONE = "1 thread, because it has no n_jobs"
    ONE_SOLVER = "1 thread, because its solver uses one"


BUNDLED_SETS: Mapping[Job, Mapping[str, str]] = {
    Job.CLASSES: {
        "digits": "handwritten digits (1,797 rows)",
        "breast_cancer": "breast cancer (569 rows)",
        "wine": "wine (178 rows)",
        "iris": "iris (150 rows)",
    },
    Job.VALUES: {"diabetes": "diabetes (442 rows)"},
    Job.CLUSTERS: {"digits": "handwritten digits (1,797 rows)"},
    Job.COMPONENTS: {"digits": "handwritten digits (1,797 rows)"},
    Job.NEIGHBOURS: {"digits": "handwritten digits (1,797 rows)"},
    Job.EMBEDDING: {"digits": "handwritten digits (1,797 rows)"},
}
"""The real data that comes with scikit-learn, by what a case computes."""
HELD_OUT_STEPS = frozenset({"predict", "transform", "kneighbors"})
"""Steps that work on the held-out rows."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator or a function, and how it is raced."""

    name: str
    """Name of the case."""
    module: str
    """Module of scikit-learn that users import it from."""
    attribute: str
    """Its name in that module."""
    job: Job
    steps: tuple[str, ...]
    """Names of the timed methods, in order; `call` for a function."""
    threads: Threads
    summary: str
    options: tuple[Option, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Arguments that cannot be changed."""
    columns: int = 20
    """Default number of columns."""
    classes: int = 2
    """Default number of classes, or of clusters in the data."""
    has_seed: bool = True
    """Whether it takes `random_state`."""
    iterates: bool = False
    """Whether `n_iter_` counts iterations that are comparable between the arms."""
    algorithms: str = ""
    """How the algorithm of oneDAL differs from stock's, as a clause; empty if both do the same arithmetic in another
    order, or if it is not known."""
    is_less_exact: bool = False
    """Whether that difference is a reservation, because oneDAL computes less or less exactly."""
    is_patched: bool = True
    """Whether scikit-learn-intelex has an implementation of its own."""
    square_bytes: int = 0
    """Bytes that an arm needs for each pair of rows."""
    rows: int = 0
    """Default number of rows; 0 for that of the workload."""
    budget_s: float = DEFAULT_BUDGET_S
    one_thread: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Parameter to the choices with which the stock estimator uses one thread, whatever `threads` says."""

    @property
    def path(self) -> str:
        """Such as `sklearn.cluster.KMeans`."""
        return f"{self.module}.{self.attribute}"

    @property
    def holds_out(self) -> bool:
        """Whether a step works on held-out rows. Without one, none are generated."""
        return not HELD_OUT_STEPS.isdisjoint(self.steps)

    @property
    def takes_jobs(self) -> bool:
        """Whether it is given `n_jobs`."""
        return self.threads in (Threads.N_JOBS, Threads.N_JOBS_AND_BLAS)

    def describe_threads(self, parameters: Mapping[str, Any], cores: int) -> str:
        """How the stock estimator uses the cores with the parameters of a plan."""
        uses_one = any(parameters.get(name) in choices for name, choices in self.one_thread.items())
        return (Threads.ONE_SOLVER if uses_one else self.threads).value.format(cores=cores)

    def list_fallbacks(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Every setting that forces a fallback: parameter, choice, and the steps that fall back."""
        return [
            (option.parameter.name, choice, steps)
            for option in self.options
            for choice, steps in option.fallbacks.items()
        ]


_PREDICT = ("fit", "predict")
_TREE_COUNTS = (1, 3, 10, 30, 100, 300, 1_000, 2_000)
_TREES = count("trees", "Trees", 100, 1, 2_000, "n_estimators", "Number of trees.", _TREE_COUNTS)
_DEPTH = count("depth", "Depth", 8, 1, 100, "max_depth", "Largest depth of a tree.")


def _offer_forest(criteria: dict[str, str], bootstrap: bool) -> tuple[Option, ...]:
    others = list(criteria)[1:]
    options = (
        _TREES,
        _DEPTH,
        offer("criterion", "Criterion", criteria, fallbacks=dict.fromkeys(others, _PREDICT)),
        offer(
            "warm_start",
            "Warm start",
            {"off": "off", "on": "on"},
            values={"off": False, "on": True},
            fallbacks={"on": _PREDICT},
        ),
        offer(
            "pruning",
            "Pruning",
            {"none": "none", "0.001": "ccp_alpha 0.001"},
            argument="ccp_alpha",
            values={"none": 0.0, "0.001": 0.001},
            fallbacks={"0.001": _PREDICT},
        ),
        offer_sparse(*_PREDICT),
    )
    return (*options, offer_weights(*_PREDICT)) if bootstrap else options


_GINI = {"gini": "gini", "entropy": "entropy", "log_loss": "log_loss"}
_SQUARED = {"squared_error": "squared_error", "absolute_error": "absolute_error"}
_C = measure("penalty_c", "C", 1.0, 1e-4, 1e4, "Inverse strength of the regularization.", "C")
_ALPHA = "Strength of the regularization."
_NEIGHBOURS = count("neighbours", "Neighbours", 5, 1, 100, "n_neighbors", "Number of nearest neighbours.")
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
_POSITIVE = offer(
    "positive",
    "Coefficients",
    {"free": "any sign", "positive": "positive only"},
    values={"free": False, "positive": True},
    fallbacks={"positive": ("fit",)},
)


_BINS = "stock tries every threshold of a column, oneDAL only the limits of at most 256 bins (its histogram method)"
_RANDOM_BINS = "stock draws exact thresholds, oneDAL the limits of at most 256 bins of a column (its histogram method)"
_BLOCKS = "stock (libsvm) improves two multipliers at a time, oneDAL blocks of them (its method thunder)"


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


def _offer_kernels() -> Option:
    return offer(
        "kernel",
        "Kernel",
        {"rbf": "rbf", "linear": "linear", "poly": "poly", "sigmoid": "sigmoid"},
        explanation="All four are accelerated.",
    )


_LIST = (
    Estimator(
        "random-forest-classifier",
        "sklearn.ensemble",
        "RandomForestClassifier",
        Job.CLASSES,
        _PREDICT,
        Threads.N_JOBS,
        "A forest of decision trees that votes on the class.",
        _offer_forest(_GINI, bootstrap=True),
        algorithms=_BINS,
        is_less_exact=True,
    ),
    Estimator(
        "random-forest-regressor",
        "sklearn.ensemble",
        "RandomForestRegressor",
        Job.VALUES,
        _PREDICT,
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
        _PREDICT,
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
        _PREDICT,
        Threads.N_JOBS,
        "The mean of a forest whose trees split at random thresholds.",
        _offer_forest(_SQUARED, bootstrap=False),
        algorithms=_RANDOM_BINS,
        is_less_exact=True,
    ),
    Estimator(
        "logistic-regression",
        "sklearn.linear_model",
        "LogisticRegression",
        Job.CLASSES,
        _PREDICT,
        Threads.BLAS,
        "A linear model of the classes. Both arms use the same optimizer; oneDAL computes the loss and its gradient.",
        (
            _C,
            offer(
                "solver",
                "Solver",
                {"lbfgs": "lbfgs", "newton-cg": "newton-cg", "newton-cholesky": "newton-cholesky", "saga": "saga"},
                fallbacks=dict.fromkeys(("newton-cg", "newton-cholesky", "saga"), ("fit",)),
            ),
            offer(
                "penalty",
                "Penalty",
                {"l2": "L2", "l1-liblinear": "L1 with liblinear", "l1-saga": "L1 with saga"},
                argument="",
                fallbacks=dict.fromkeys(("l1-liblinear", "l1-saga"), ("fit",)),
                explanation="The L1 penalties replace the solver. With liblinear, the log of scikit-learn-intelex says "
                "accelerated although stock code does the work.",
            ),
            offer(
                "class_weight",
                "Class weights",
                {"none": "none", "balanced": "balanced"},
                values={"none": None},
                fallbacks={"balanced": ("fit",)},
            ),
            offer_weights("fit"),
            offer_sparse(*_PREDICT),
        ),
        arguments={"max_iter": 1_000},
        iterates=True,
        # liblinear and saga are loops of compiled code without threads.
        one_thread={"penalty": ("l1-liblinear", "l1-saga"), "solver": ("saga",)},
    ),
    Estimator(
        "linear-regression",
        "sklearn.linear_model",
        "LinearRegression",
        Job.VALUES,
        _PREDICT,
        Threads.N_JOBS_AND_BLAS,
        "Ordinary least squares.",
        (_POSITIVE, offer_weights("fit"), offer_sparse(*_PREDICT)),
        columns=100,
        has_seed=False,
        algorithms="stock solves least squares by LAPACK's lstsq, oneDAL by the normal equations, which are less exact "
        "for columns that nearly depend on each other, as generated ones do not",
        is_less_exact=True,
    ),
    Estimator(
        "ridge",
        "sklearn.linear_model",
        "Ridge",
        Job.VALUES,
        _PREDICT,
        Threads.BLAS,
        "Least squares with an L2 penalty.",
        (
            measure("alpha", "Alpha", 1.0, 1e-6, 1e6, _ALPHA),
            offer(
                "solver",
                "Solver",
                {"auto": "auto", "svd": "svd", "cholesky": "cholesky", "lsqr": "lsqr"},
                fallbacks=dict.fromkeys(("svd", "cholesky", "lsqr"), _PREDICT),
            ),
            _POSITIVE,
            offer_weights("fit"),
            offer_sparse(*_PREDICT),
        ),
        columns=100,
    ),
    Estimator(
        "lasso",
        "sklearn.linear_model",
        "Lasso",
        Job.VALUES,
        _PREDICT,
        Threads.ONE,
        "Least squares with an L1 penalty. scikit-learn-intelex accelerates it in its preview mode only.",
        (measure("alpha", "Alpha", 0.01, 1e-6, 1e6, _ALPHA),),
        columns=100,
        iterates=True,
        is_patched=False,
    ),
    Estimator(
        "elastic-net",
        "sklearn.linear_model",
        "ElasticNet",
        Job.VALUES,
        _PREDICT,
        Threads.ONE,
        "Least squares with L1 and L2 penalties. scikit-learn-intelex accelerates it in its preview mode only.",
        (measure("alpha", "Alpha", 0.01, 1e-6, 1e6, _ALPHA),),
        columns=100,
        iterates=True,
        is_patched=False,
    ),
    Estimator(
        "svc",
        "sklearn.svm",
        "SVC",
        Job.CLASSES,
        _PREDICT,
        Threads.ONE,
        "A support vector machine for classes.",
        (_C, _offer_kernels(), offer_weights(), offer_sparse()),
        budget_s=60,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "nu-svc",
        "sklearn.svm",
        "NuSVC",
        Job.CLASSES,
        _PREDICT,
        Threads.ONE,
        "A support vector machine for classes, with a bound on the share of its support vectors.",
        (
            measure("nu", "Nu", 0.3, 0.01, 0.9, "Lower bound of the share of support vectors."),
            _offer_kernels(),
            offer_sparse(),
        ),
        budget_s=60,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "svr",
        "sklearn.svm",
        "SVR",
        Job.VALUES,
        _PREDICT,
        Threads.ONE,
        "A support vector machine for values.",
        (_C, _offer_kernels(), offer_sparse()),
        has_seed=False,
        budget_s=90,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "nu-svr",
        "sklearn.svm",
        "NuSVR",
        Job.VALUES,
        _PREDICT,
        Threads.ONE,
        "A support vector machine for values, with a bound on the share of its support vectors.",
        (
            _C,
            measure("nu", "Nu", 0.5, 0.01, 0.9, "Lower bound of the share of support vectors."),
            _offer_kernels(),
            offer_sparse(),
        ),
        has_seed=False,
        budget_s=90,
        algorithms=_BLOCKS,
    ),
    Estimator(
        "knn-classifier",
        "sklearn.neighbors",
        "KNeighborsClassifier",
        Job.CLASSES,
        _PREDICT,
        Threads.N_JOBS,
        "The vote of the nearest neighbours.",
        _offer_neighbours(*_PREDICT, is_supervised=True),
        has_seed=False,
    ),
    Estimator(
        "knn-regressor",
        "sklearn.neighbors",
        "KNeighborsRegressor",
        Job.VALUES,
        _PREDICT,
        Threads.N_JOBS,
        "The mean of the nearest neighbours.",
        _offer_neighbours(*_PREDICT, is_supervised=True),
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
    Estimator(
        "kmeans",
        "sklearn.cluster",
        "KMeans",
        Job.CLUSTERS,
        _PREDICT,
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
        budget_s=120,
    ),
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
    Estimator(
        "gradient-boosting",
        "sklearn.ensemble",
        "GradientBoostingClassifier",
        Job.CLASSES,
        _PREDICT,
        Threads.ONE,
        "Trees that correct each other. scikit-learn-intelex does not accelerate it.",
        (_TREES,),
        is_patched=False,
        budget_s=60,
    ),
    Estimator(
        "hist-gradient-boosting",
        "sklearn.ensemble",
        "HistGradientBoostingClassifier",
        Job.CLASSES,
        _PREDICT,
        Threads.OPENMP,
        "Trees on histograms that correct each other. scikit-learn-intelex does not accelerate it.",
        (count("trees", "Trees", 100, 1, 2_000, "max_iter", "Number of trees.", _TREE_COUNTS),),
        is_patched=False,
    ),
    Estimator(
        "gaussian-mixture",
        "sklearn.mixture",
        "GaussianMixture",
        Job.CLUSTERS,
        _PREDICT,
        Threads.BLAS,
        "A mixture of normal distributions. scikit-learn-intelex does not accelerate it.",
        (count("clusters", "Clusters", 8, 1, 256, "n_components", "Number of distributions."),),
        classes=8,
        iterates=True,
        is_patched=False,
    ),
)

ESTIMATORS: Mapping[str, Estimator] = {estimator.name: estimator for estimator in _LIST}
