"""The stages of the pipeline and the classifiers, as data. Light: the page server reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STOCK, ACCELERATED = "stock", "accelerated"
"""The values of the lever."""
TFIDF, DEEP = "tf-idf", "embeddings"
"""Names of the cases."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """A class of scikit-learn that a stage uses, and its counterpart in scikit-learn-intelex."""

    module: str
    attribute: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    takes_jobs: bool = False
    has_seed: bool = True
    threads: str = "one thread"
    """How the stock version uses the cores, in a few words. `{cores}` is their number."""

    @property
    def path(self) -> str:
        return f"{self.module}.{self.attribute}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the pipeline that can be accelerated alone."""

    name: str
    label: str
    steps: tuple[str, ...]
    """The timed steps that belong to it."""
    replacement: str
    """What replaces the stock library; empty if nothing does."""


ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "1"}
"""Of both arms. TensorFlow enables oneDNN by default only on processors with INT8 instructions."""
HIDDEN_SIZE = 384
"""Features of a document by the shipped model."""
DEEP_DOCUMENTS, DEEP_LENGTH, DEEP_PRECISION = 600, 32, "int8"
"""Defaults of the deep case."""
MAX_CLASSES, MAX_CLASS_DOCUMENTS = 12, 600
"""Of the corpus: libraries, and documents of each. Smaller libraries have fewer."""
MAX_CORPUS_DOCUMENTS = MAX_CLASSES * MAX_CLASS_DOCUMENTS
CORPUS_CHARACTERS = 1_500
"""Of a document of the corpus, more than on average."""
MAX_DOCUMENTS = 50_000
"""Of a race with a user's own documents."""
SKLEARNEX = "scikit-learn-intelex"
MODIN = "Modin on Ray"
_LAST_STAGES = (
    Stage("classifier", "Classifier", ("train", "classify"), SKLEARNEX),
    Stage("topics", "Topics (K-Means)", ("topics",), SKLEARNEX),
    Stage("map", "Map (t-SNE)", ("map",), SKLEARNEX),
)
_LOAD = Stage("load", "Load and clean", ("load",), MODIN)
STAGES = {
    TFIDF: (
        _LOAD,
        Stage("features", "TF-IDF", ("features",), ""),
        Stage("reduce", "Truncated SVD", ("reduce",), ""),
        *_LAST_STAGES,
    ),
    DEEP: (
        _LOAD,
        Stage("features", "Embeddings (BERT)", ("features",), "INT8 or BF16"),
        Stage("reduce", "PCA", ("reduce",), SKLEARNEX),
        *_LAST_STAGES,
    ),
}
"""By case, in the order in which they run."""
DEFAULT_STAGES = {
    case: tuple(stage.name for stage in stages[1:] if stage.replacement) for case, stages in STAGES.items()
}
"""By case: what the accelerated arm accelerates. Modin loses at this size, so loading is a choice."""
STAGE_OF_STEP = {step: stage.name for stage in STAGES[TFIDF] for step in stage.steps}

CLASSIFIERS = {
    "svc": Estimator("sklearn.svm", "SVC", {"C": 10.0}, has_seed=False),
    "logistic-regression": Estimator(
        "sklearn.linear_model",
        "LogisticRegression",
        {"C": 30.0, "max_iter": 300},
        threads="BLAS with {cores} threads",
    ),
    "knn": Estimator(
        "sklearn.neighbors",
        "KNeighborsClassifier",
        {"n_neighbors": 10, "weights": "distance", "algorithm": "brute"},
        takes_jobs=True,
        has_seed=False,
        threads="n_jobs={cores}",
    ),
    "random-forest": Estimator(
        "sklearn.ensemble",
        "RandomForestClassifier",
        {"n_estimators": 200},
        takes_jobs=True,
        threads="n_jobs={cores}",
    ),
}
CLASSIFIER_LABELS = {
    "svc": "Support vector machine (SVC)",
    "logistic-regression": "Logistic regression",
    "knn": "k-nearest neighbours",
    "random-forest": "Random forest",
}
ESTIMATOR_CASES = {
    "svc": "svc",
    "logistic-regression": "logistic-regression",
    "knn": "knn-classifier",
    "random-forest": "random-forest-classifier",
}
"""The case of the workload of estimators that has the same classifier, and knows how its algorithms differ."""
SVD = Estimator("sklearn.decomposition", "TruncatedSVD", {"n_iter": 2}, threads="BLAS with {cores} threads")
PCA = Estimator("sklearn.decomposition", "PCA", {"svd_solver": "covariance_eigh"}, threads="BLAS with {cores} threads")
REDUCTIONS = {TFIDF: SVD, DEEP: PCA}
KMEANS = Estimator("sklearn.cluster", "KMeans", {"n_init": 1}, threads="OpenMP with {cores} threads")
TSNE = Estimator("sklearn.manifold", "TSNE", {"max_iter": 500}, takes_jobs=True, threads="n_jobs={cores}")
"""With 300 iterations, the map of scikit-learn-intelex keeps 2 % fewer neighbours, with 500 0.3 % (1,000 documents)."""


TFIDF_ARGUMENTS = {"sublinear_tf": True}
"""Of TfidfVectorizer, besides the number of features."""


def split_stages(value: object) -> tuple[str, ...]:
    """The names of the stages in the value of the parameter `accelerate`."""
    return tuple(name for name in str(value).split(",") if name)
