"""The pipeline: from a file of documents to labels, topics and a map, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from bench.workload.interface import Settings
from workloads.documents.implementations import Implementations
from workloads.documents.input_check import require_features
from workloads.documents.split import SplitDocuments, split_documents

T = TypeVar("T")
Array = npt.NDArray[Any]
DISTINCT_DECIMALS = 9
"""Rows that are equal to so many decimals are one starting centre."""


MakeFeatures = Callable[[SplitDocuments], tuple[Any, Any]]
"""Matrices (documents, features) of the documents to learn from, and of the held-out ones."""


class CallStep(Protocol):
    """Does the work of a step, and times or watches it."""

    def __call__(self, step: str, work: Callable[[], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What has learned the labels from the documents to learn from, and what it learned from."""

    reduction: Any
    """The fitted reduction of the features."""
    classifier: Any
    """The fitted classifier of the reduced features."""
    train: Array
    """The reduced features of the documents to learn from, shape (documents, components)."""
    test: Array
    """The same of the held-out ones."""


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """What one pass of the pipeline has made."""

    documents: SplitDocuments
    rows: Array
    """The reduced features of all documents, float64 of shape (documents, components)."""
    model: Any
    """The fitted classifier."""
    predictions: Array
    """Classes of the held-out documents, shape (held-out documents,)."""
    kmeans: Any
    places: Array
    """The places in `rows` of the documents on the map, in a random order: shape (mapped documents,)."""
    mapped: Array
    """The rows of these documents: shape (mapped documents, components)."""
    tsne: Any
    """The fitted map. Its positions have the order of `mapped`."""


class Pipeline:
    """The stages, each by the implementation that the arm uses."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Any],
        to_pandas: Callable[[Any], Any],
        make_features: MakeFeatures,
        models: Implementations,
    ) -> None:
        """`load` returns the cleaned documents as a frame, which `to_pandas` makes one of pandas."""
        parameters = settings.parameters
        self.seed, self.models = settings.seed, models
        self.components = int(parameters["components"])
        self.topics, self.mapped = int(parameters["topics"]), int(parameters["mapped"])
        self._load, self._to_pandas, self._make_features = load, to_pandas, make_features

    def run(self, call: CallStep) -> PipelineResult:
        """One pass. Everything between the calls hands data from one stage to the next: it belongs to no step, and is
        part of the total. Raises BadInput."""
        frame = call("load", self._load)
        documents = split_documents(self._to_pandas(frame), self.seed)
        trained = self.train(documents, call)
        predictions = call("classify", lambda: trained.classifier.predict(trained.test))
        rows = np.concatenate([trained.train, trained.test])
        start = draw_start(rows, self.topics, self.seed)
        kmeans = call("topics", lambda: self.models.make("topics", init=start).fit(rows))
        places = draw_mapped(len(rows), self.mapped, self.seed)
        mapped = rows[places]
        tsne = call("map", lambda: self.models.make("map").fit(mapped))
        return PipelineResult(
            documents, rows, trained.classifier, np.asarray(predictions), kmeans, places, mapped, tsne
        )

    def train(self, documents: SplitDocuments, call: CallStep) -> TrainedModel:
        """The stages until the classifier has learned. Raises BadInput."""
        train_features, test_features = call("features", lambda: self._make_features(documents))
        require_features(train_features.shape[1], self.components)
        reduction, *reduced = call("reduce", lambda: self._reduce(train_features, test_features))
        train, test = (np.ascontiguousarray(part) for part in reduced)
        classifier = call("train", lambda: self.models.make("classifier").fit(train, documents.train_labels))
        return TrainedModel(reduction, classifier, train, test)

    def _reduce(self, train: Any, test: Any) -> tuple[Any, Array, Array]:
        """The fitted reduction, and rows with `components` numbers: of the documents to learn from, and of the held-out
        ones."""
        reduction = self.models.make("reduce")
        train, test = reduction.fit_transform(train), reduction.transform(test)
        return reduction, scale_rows(train), scale_rows(test)


def scale_rows(rows: Any) -> Array:
    """The rows with a length of 1; one of zeros stays."""
    from sklearn.preprocessing import normalize

    return np.asarray(normalize(rows))


def draw_start(rows: Array, count: int, seed: int) -> Array:
    """Different rows, drawn by the seed, as the starting centres of K-Means in both arms: shape (count, columns)."""
    order = np.random.default_rng(seed).permutation(len(rows))[: 10 * count]
    _, first = np.unique(rows[order].round(DISTINCT_DECIMALS), axis=0, return_index=True)
    chosen = np.sort(first)[:count]
    return rows[order[chosen]]


def draw_mapped(documents: int, count: int, seed: int) -> Array:
    """Rows of documents, drawn by the seed: at most `count`, of those to learn from and of held-out ones alike."""
    return np.random.default_rng(seed).permutation(documents)[:count]
