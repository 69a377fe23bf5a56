"""The tasks of the documents: prepare this machine for a race, and classify a text."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from bench.workload.tasks import NoArguments
from workloads.documents.catalogue import (
    CLASSIFIERS,
    DEEP,
    DEEP_DOCUMENTS,
    DEEP_LENGTH,
    DEEP_PRECISION,
    KMEANS,
    PCA,
    SVD,
    TSNE,
)
from workloads.documents.measurements import ClassifyArguments, ClassifyResult
from workloads.documents.source import load_corpus
from workloads.estimators.options import NO_FILE

if TYPE_CHECKING:
    from workloads.documents.text_classifier import ClassifierPair


class DocumentTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def __init__(self) -> None:
        self._pair: ClassifierPair | None = None
        """The models of the last text."""

    def classify(self, settings: Settings, arguments: ClassifyArguments, reporter: TaskReporter) -> ClassifyResult:
        """Label a text by the models of both arms. They are trained for the first text of their settings, and kept.
        Raises BadInput."""
        from workloads.documents.text_classifier import ClassifierPair, identify_models

        train_s = 0.0
        if self._pair is None or self._pair.key != identify_models(settings):
            # Frees the memory of the other models first.
            self._pair = None
            self._pair = ClassifierPair(settings, reporter)
            train_s = self._pair.train_s
        result = self._pair.classify(arguments.text, reporter)
        return result.model_copy(update={"train_s": train_s})

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Read the documents into the cache and the libraries from the disk, and convert the encoder to FP32 and to the
        precision of the accelerated arm, calibrated on the documents of the plan. A plan of another case prepares the
        default of the deep one. Raises BadInput."""
        preparation = Preparation(settings.cache, reporter, 3)
        with preparation.part("reading the documents"):
            load_corpus(settings, preparation.report)
        with preparation.part("importing scikit-learn and its extension"):
            for estimator in (*CLASSIFIERS.values(), SVD, PCA, KMEANS, TSNE):
                importlib.import_module(estimator.module)
            importlib.import_module("sklearn.feature_extraction.text")
            importlib.import_module("sklearnex")
        with preparation.part("converting the encoder"):
            # Here, because it imports TensorFlow.
            from workloads.documents.encoder import prepare_graphs

            prepare_graphs(_choose_deep(settings), preparation.report)
        return preparation.finish()


def _choose_deep(settings: Settings) -> Settings:
    """The settings themselves if they are of the deep case, and else its defaults."""
    if settings.case == DEEP:
        return settings
    parameters = {**settings.parameters, "file": NO_FILE, "length": DEEP_LENGTH, "precision": DEEP_PRECISION}
    return replace(settings, case=DEEP, batch=DEEP_DOCUMENTS, parameters=parameters)
