"""Labels single texts by the models that a race trains with the same settings."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from bench.values.base import Arm
from bench.workload.interface import Settings, TaskReporter
from workloads.documents import table
from workloads.documents.arm import DocumentPipeline
from workloads.documents.catalogue import split_stages
from workloads.documents.measurements import USUAL_PERCENT, ArmAnswer, ClassifyResult, LabelScore
from workloads.documents.own.read import identify_source
from workloads.documents.pipeline import scale_rows
from workloads.estimators.options import uses_file

T = TypeVar("T")
STEPS = ("load", "features", "reduce", "classify")
"""Steps of the pipeline that a single text goes through; of the first one, only cleaning."""
WARM_UP_CALLS = 2
MIN_REPEATS, MAX_REPEATS = 5, 15
REPEAT_LIMIT_S = 2.0
"""After so long, there are only as many calls as MIN_REPEATS asks for."""


@dataclass(frozen=True, slots=True)
class TimedLabel:
    """The number of the label of a text, and the time of each step."""

    label: int
    step_s: dict[str, float]

    @property
    def total_s(self) -> float:
        return sum(self.step_s.values())


class TextClassifier:
    """One arm, trained, without its topics and its map."""

    def __init__(self, settings: Settings, lever: str, reporter: TaskReporter) -> None:
        """Prepares and trains the arm `lever`. Modin is left out: it reads the same documents, and a single text is
        cleaned without it. Raises BadInput."""
        stages = [name for name in split_stages(settings.parameters["accelerate"]) if name != "load"]
        parameters = {**settings.parameters, "accelerate": ",".join(stages)}
        arm = DocumentPipeline(replace(settings, lever=lever, parameters=parameters))
        arm.prepare(reporter.progress)
        reporter.progress("training")
        self.documents, self._features = arm.documents, arm.features
        self._trained = arm.pipeline.train(arm.documents, lambda step, work: work())

    def measure_usual_share(self) -> float:
        """See `ClassifyResult.usual_known_share`."""
        counts = [self._features.count_known(text) for text in self.documents.test_texts]
        shares = [known / words for known, words in counts if words]
        return float(np.percentile(shares, USUAL_PERCENT)) if shares else 0.0

    def classify(self, text: str) -> TimedLabel:
        """Label a text as it was written, and time every step."""
        step_s: dict[str, float] = {}

        def call(step: str, work: Callable[[], T]) -> T:
            began = time.perf_counter()
            result = work()
            step_s[step] = time.perf_counter() - began
            return result

        cleaned = call("load", lambda: table.clean_text(text))
        features = call("features", lambda: self._features.transform([cleaned]))
        row = call("reduce", lambda: scale_rows(self._trained.reduction.transform(features)))
        label = call("classify", lambda: self._trained.classifier.predict(row))
        return TimedLabel(int(label[0]), step_s)

    def score(self, text: str) -> tuple[str, list[LabelScore]]:
        """The kind of the scores, see `ClassifyResult.score_kind`, and those of all labels, the highest first."""
        model = self._trained.classifier
        features = self._features.transform([table.clean_text(text)])
        row = scale_rows(self._trained.reduction.transform(features))
        if hasattr(model, "predict_proba"):
            kind, values = "probability", np.asarray(model.predict_proba(row))[0]
        else:
            values = np.asarray(model.decision_function(row))[0]
            kind = "votes" if np.ndim(values) else "margin"
            # Of two classes, there is one number, which is positive for the second.
            values = values if np.ndim(values) else np.array([-values, values])
        names = [self.documents.classes[int(number)] for number in model.classes_]
        order = np.argsort(-values, kind="stable")
        return kind, [LabelScore(label=names[place], score=float(values[place])) for place in order]

    def count_known(self, text: str) -> tuple[int, int]:
        """See `ClassifyResult.known`."""
        return self._features.count_known(table.clean_text(text))


class ClassifierPair:
    """Both arms of the settings `key`."""

    def __init__(self, settings: Settings, reporter: TaskReporter) -> None:
        """Trains both. Raises BadInput."""
        began = time.perf_counter()
        self.key = identify_models(settings)
        self._arms: Mapping[Arm, TextClassifier] = {
            Arm.BASELINE: TextClassifier(settings, settings.baseline, reporter),
            Arm.ACCELERATED: TextClassifier(settings, settings.accelerated, reporter),
        }
        self._usual_share = self._arms[Arm.BASELINE].measure_usual_share()
        self.train_s = time.perf_counter() - began

    def classify(self, text: str, reporter: TaskReporter) -> ClassifyResult:
        """Label a text by both arms, in turns. `train_s` is 0."""
        reporter.progress("first call: both arms")
        first = {arm: classifier.classify(text) for arm, classifier in self._arms.items()}
        for _ in range(WARM_UP_CALLS):
            for classifier in self._arms.values():
                classifier.classify(text)
        calls: dict[Arm, list[TimedLabel]] = {arm: [] for arm in self._arms}
        began, repeats = time.perf_counter(), 0
        while repeats < MIN_REPEATS or (repeats < MAX_REPEATS and time.perf_counter() - began < REPEAT_LIMIT_S):
            reporter.progress(f"classifying: call {repeats + 1}", repeats / MAX_REPEATS)
            for arm, classifier in self._arms.items():
                calls[arm].append(classifier.classify(text))
            repeats += 1
        scored = {arm: classifier.score(text) for arm, classifier in self._arms.items()}
        baseline = self._arms[Arm.BASELINE]
        known, words = baseline.count_known(text)
        classes = baseline.documents.classes
        return ClassifyResult.model_validate(
            {
                "answers": {
                    arm: ArmAnswer(
                        label=classes[timed[-1].label],
                        scores=scored[arm][1],
                        step_s={step: statistics.median(one.step_s[step] for one in timed) for step in STEPS},
                        total_s=statistics.median(one.total_s for one in timed),
                        first_s=first[arm].total_s,
                    )
                    for arm, timed in calls.items()
                },
                "score_kind": scored[Arm.BASELINE][0],
                "train_count": baseline.documents.train_count,
                "train_s": 0.0,
                "repeats": repeats,
                "known": known,
                "words": words,
                "usual_known_share": self._usual_share,
            }
        )


def identify_models(settings: Settings) -> tuple[Any, ...]:
    """Equal for settings with the same models. Documents of the user that have changed since make other ones. Raises
    BadInput if they cannot be listed."""
    unused = {"topics", "mapped"}
    parameters = sorted((name, value) for name, value in settings.parameters.items() if name not in unused)
    levers = settings.baseline, settings.accelerated
    source = identify_source(str(settings.parameters["file"])) if uses_file(settings) else ""
    return settings.case, levers, settings.cores, settings.batch, settings.seed, source, tuple(parameters)
