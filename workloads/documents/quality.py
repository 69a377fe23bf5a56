"""How good the labels, the topics and the map of an arm are, and how far those of both arms agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.values.output import Table
from bench.values.quality import LossKind, Measure
from workloads.documents.pipeline import PipelineResult
from workloads.estimators.datasets import Data
from workloads.estimators.estimator import Job
from workloads.estimators.quality import adjusted_rand_index, assess, inspect_model
from workloads.estimators.quality.assessment import Array, Assessment
from workloads.estimators.quality.clusters import measure_spread

MIN_GAIN = 1.5
"""An accuracy below this multiple of that of the most frequent class shows little: a worse classifier would have it."""
CONFUSION_TABLE = "confusion"
CLASSES_TABLE = "classes"


def assess_result(result: PipelineResult, *, has_equal_features: bool) -> Assessment:
    """The quality of one pass of the pipeline. `has_equal_features`: those of both arms are the same, so that distances
    between documents can be compared."""
    assessment = Assessment([])
    _assess_labels(result, assessment)
    _assess_topics(result, assessment, has_equal_features)
    _assess_map(result, assessment, has_equal_features)
    return assessment


def _assess_labels(result: PipelineResult, assessment: Assessment) -> None:
    expected, predicted = result.documents.test_labels, result.predictions
    right = np.asarray(predicted == expected, bool)
    trivial = 100 * float(np.bincount(expected).max() / len(expected))
    accuracy = Measure(
        name="accuracy",
        label="accuracy",
        value=100 * float(right.mean()),
        unit="%",
        decisive=True,
        loss=LossKind.SCORE,
        max_score=100,
        observations=len(right),
        observation="document",
    )
    if accuracy.value < MIN_GAIN * trivial:
        accuracy = accuracy.model_copy(
            update={
                "bias": f"always predicting the most frequent class has {trivial:.1f} %, so these documents could not "
                "show a loss of accuracy",
                "bias_remedy": "Use more documents, more components, or another classifier.",
            }
        )
    matrix = count_confusions(expected, predicted, len(result.documents.classes))
    assessment.measures += [
        accuracy,
        Measure(name="macro-f1", label="macro F1", value=100 * measure_macro_f1(matrix), unit="%"),
    ]
    assessment.scores["accuracy"] = right
    if hasattr(result.model, "n_iter_") and not hasattr(result.model, "support_"):
        # Those of a support vector machine are not compared: the solvers count different things.
        assessment.measures.append(_count_iterations(result.model, "train", "iterations of the classifier"))


def _assess_topics(result: PipelineResult, assessment: Assessment, has_equal_features: bool) -> None:
    """The topics by the distance of documents to the centre of theirs, and by how far they are the classes."""
    topics = np.asarray(result.kmeans.labels_)
    spread = measure_spread(result.rows, np.asarray(result.kmeans.cluster_centers_, np.float64), topics)
    assessment.measures += [
        Measure(
            name="spread",
            label="mean squared distance to the centre of the topic",
            value=float(spread.mean()),
            higher_is_better=False,
            decisive=has_equal_features,
            loss=LossKind.ERROR,
            observations=len(spread),
            observation="document",
        ),
        Measure(
            name="topics-index",
            label="adjusted Rand index of topics and classes",
            value=adjusted_rand_index(topics, result.documents.labels),
        ),
        _count_iterations(result.kmeans, "topics", "iterations of K-Means").model_copy(
            update={"same_work": has_equal_features}
        ),
    ]
    assessment.scores["spread"] = spread


def _assess_map(result: PipelineResult, assessment: Assessment, has_equal_features: bool) -> None:
    """The map by whether neighbours stay neighbours, and by what the fitted map itself shows."""
    none = np.empty(0)
    data = Data(result.mapped, none, none, none, None, "")
    judged = assess(Job.EMBEDDING, result.tsne, np.asarray(result.tsne.embedding_), data, is_held_out=False)
    iterations = _count_iterations(result.tsne, "map", "iterations of the map")
    assessment.measures += [
        *(
            measure.model_copy(update={"label": f"{measure.label} of the map", "observation": "document"})
            for measure in (*judged.measures, *inspect_model(result.tsne, data, iterates=False).measures)
        ),
        iterations.model_copy(update={"same_work": has_equal_features}),
    ]
    assessment.scores |= judged.scores


def _count_iterations(model: Any, step: str, label: str) -> Measure:
    return Measure(
        name=f"{step}-iterations",
        label=label,
        value=float(np.max(model.n_iter_)),
        higher_is_better=False,
        same_work=True,
        step=step,
    )


def count_confusions(expected: Array, predicted: Array, classes: int) -> npt.NDArray[np.int64]:
    """How many documents of the class of each row got the class of each column: shape (classes, classes)."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (np.asarray(expected, np.int64), np.asarray(predicted, np.int64)), 1)
    return matrix


def measure_macro_f1(matrix: Array) -> float:
    """The mean of the F1 of the classes, 0 to 1; that of a class which nothing was assigned to is 0."""
    right = np.diagonal(matrix)
    return float((2 * right / np.maximum(1, matrix.sum(axis=0) + matrix.sum(axis=1))).mean())


def make_confusion_table(name: str, label: str, matrix: Array, classes: Sequence[str]) -> Table:
    """A row for each class, with how many of its held-out documents got which label."""
    # Columns of a table need different names, and a class may have this one.
    heading = "class" if "class" not in classes else "class of the row"
    return Table(
        name=name,
        label=label,
        columns=[heading, *classes],
        rows=[[known, *map(str, row)] for known, row in zip(classes, matrix.tolist(), strict=True)],
    )
