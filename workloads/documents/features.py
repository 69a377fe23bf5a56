"""The second stage: numbers for each document, by counting words or by embedding, and the evidence of how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from bench.values.samples import Evidence
from bench.workload.interface import ProgressReporter, Settings
from workloads.documents.catalogue import TFIDF, TFIDF_ARGUMENTS
from workloads.documents.split import SplitDocuments

TFIDF_PATH = "sklearn.feature_extraction.text.TfidfVectorizer"


class FeatureMaker(ABC):
    """Makes the features of an arm."""

    facts: dict[str, str]
    """For the record of the run, by label."""
    handicap: str = ""
    """Why it is not a fair baseline on this machine; empty if it is."""

    @abstractmethod
    def make(self, documents: SplitDocuments) -> tuple[Any, Any]:
        """Matrices (documents, features) of the documents to learn from, and of the held-out ones."""

    @abstractmethod
    def transform(self, texts: Sequence[str]) -> Any:
        """The features of other texts by what the last `make` has learned: shape (texts, features)."""

    @abstractmethod
    def count_known(self, text: str) -> tuple[int, int]:
        """How many of the different words of a cleaned text, or of the word pieces that are read of it, are in the
        vocabulary, and how many there are."""

    @abstractmethod
    def collect_evidence(self, documents: SplitDocuments, reason: str) -> Evidence:
        """What proves how features are made. `reason` says why the stage runs stock code, if it does."""


class WordCounts(FeatureMaker):
    """TF-IDF: how often words are in a document, weighted by how rare they are in all."""

    def __init__(self, features: int) -> None:
        self._arguments: dict[str, Any] = {"max_features": features, **TFIDF_ARGUMENTS}
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        self.facts = {"TF-IDF": f"{TFIDF_PATH}({arguments})"}

    def make(self, documents: SplitDocuments) -> tuple[Any, Any]:
        """Sparse matrices. The vocabulary is that of the documents to learn from."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(**self._arguments)
        return self._vectorizer.fit_transform(documents.train_texts), self.transform(documents.test_texts)

    def transform(self, texts: Sequence[str]) -> Any:
        return self._vectorizer.transform(texts)

    def count_known(self, text: str) -> tuple[int, int]:
        words = set(self._vectorizer.build_analyzer()(text))
        return len(words & self._vectorizer.vocabulary_.keys()), len(words)

    def collect_evidence(self, documents: SplitDocuments, reason: str) -> Evidence:
        return Evidence(step="features", path="stock", words=[f"runs {TFIDF_PATH}"], reason=reason, code=TFIDF_PATH)


class Embeddings(FeatureMaker):
    """Embeddings by the shipped BERT, at the precision of the arm."""

    def __init__(
        self, settings: Settings, documents: SplitDocuments, *, is_accelerated: bool, progress: ProgressReporter
    ) -> None:
        """Builds or reads the model. INT8 is calibrated on documents to learn from only."""
        # Here, because it imports TensorFlow.
        from workloads.bert.model import fusion
        from workloads.documents import encoder

        self._settings, self._progress = settings, progress
        precision = str(settings.parameters["precision"]) if is_accelerated else "fp32"
        checkpoint = encoder.load_model(progress)
        self._tokenizer = encoder.DocumentTokenizer(checkpoint, int(settings.parameters["length"]))
        calibration = documents.train_texts[: encoder.CALIBRATION_DOCUMENTS]
        self._graph = encoder.write_graph(
            precision, checkpoint, self._tokenizer.make_windows(calibration), settings, progress
        )
        progress("loading model")
        self._encoder = encoder.Encoder(self._graph, settings.cores)
        self._collect = encoder.collect_evidence
        self.handicap = fusion.describe_handicap(precision)
        self.facts = {
            "model": f"{checkpoint.name}, {checkpoint.config.parameters() / 1e6:.1f} M parameters, {precision}",
            "calibration": f"{len(calibration)} documents to learn from" if precision == "int8" else "none",
        }

    def make(self, documents: SplitDocuments) -> tuple[Any, Any]:
        """Arrays of float64."""
        train, test = map(self.transform, (documents.train_texts, documents.test_texts))
        return train, test

    def transform(self, texts: Sequence[str]) -> Any:
        return self._encoder.encode(self._tokenizer.make_windows(texts))

    def count_known(self, text: str) -> tuple[int, int]:
        return self._tokenizer.count_pieces(text)

    def collect_evidence(self, documents: SplitDocuments, reason: str) -> Evidence:
        windows = self._tokenizer.make_windows(documents.train_texts[:32])
        evidence = self._collect(self._graph, windows, self._settings, self._progress)
        if self._graph.precision != "fp32":
            return evidence
        return evidence.model_copy(update={"reason": reason, "code": f"{self._graph.checkpoint.name} fp32"})


def make_feature_maker(
    settings: Settings, documents: SplitDocuments, *, is_accelerated: bool, progress: ProgressReporter
) -> FeatureMaker:
    """That of the case. `documents` are those of the race. Raises BadInput."""
    if settings.case == TFIDF:
        return WordCounts(int(settings.parameters["features"]))
    return Embeddings(settings, documents, is_accelerated=is_accelerated, progress=progress)
