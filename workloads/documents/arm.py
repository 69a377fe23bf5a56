"""The arm of the documents: the whole pipeline, with stock libraries or with those that the plan accelerates."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.formatting import format_count
from bench.values.arms import RacedInput
from bench.values.base import Arm
from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from bench.workload.warm_calls import time_warm_call
from workloads.documents import quality, table
from workloads.documents.catalogue import (
    ACCELERATED,
    CLASSIFIER_LABELS,
    ESTIMATOR_CASES,
    STAGE_OF_STEP,
    STAGES,
    TFIDF,
    split_stages,
)
from workloads.documents.document_map import (
    MAX_DRAWN_DOCUMENTS,
    MAX_TEXT_CHARACTERS,
    ArmMap,
    DocumentMap,
    make_map_table,
)
from workloads.documents.features import make_feature_maker
from workloads.documents.implementations import Implementations
from workloads.documents.input_check import require_enough
from workloads.documents.memory import require_memory
from workloads.documents.pipeline import Pipeline, PipelineResult
from workloads.documents.source import load_corpus
from workloads.documents.split import split_documents
from workloads.estimators import sklearnex_adapter
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.path_evidence import describe_origin, judge_step
from workloads.estimators.quality import adjusted_rand_index
from workloads.modin import call_report
from workloads.modin.engines import factory

T = TypeVar("T")
RESULT_FILE, CLASSES_FILE = "result.npz", "classes.json"
FRAME_FACTOR = 3
"""Size of a frame of texts, as a multiple of its file."""


class DocumentPipeline:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        chosen = split_stages(settings.parameters["accelerate"]) if settings.lever == ACCELERATED else ()
        self.stages = frozenset(chosen)
        """The stages that this arm accelerates."""
        # Warnings of the estimators would fill the log at every repetition.
        warnings.simplefilter("once")
        self.models = Implementations(settings, self.stages)

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        settings = self.settings
        corpus = load_corpus(settings, progress)
        count = min(settings.batch, corpus.documents)
        # Of one arm only: the other one is allocating its share now.
        require_memory(settings, count, arms=1, characters=corpus.characters)
        require_enough(settings, count)
        self.file = settings.scratch / "documents.parquet"
        table.write_subset(corpus.path, count, self.file)
        engine = "modin-ray" if "load" in self.stages else "pandas"
        frame_bytes = FRAME_FACTOR * self.file.stat().st_size
        self.engine = factory.start_engine(engine, settings.cores, frame_bytes, settings.scratch, progress)
        progress("reading the documents")
        with self.engine.translate_errors():
            documents = split_documents(self.engine.to_pandas(self._load()), settings.seed)
        self.documents = documents
        self.features = make_feature_maker(
            settings, documents, is_accelerated="features" in self.stages, progress=progress
        )
        self.pipeline = Pipeline(settings, self._load, self.engine.to_pandas, self.features.make, self.models)
        progress("first call")
        first_call_s, call_s = self._time_first_calls()
        mapped = min(self.pipeline.mapped, len(documents.texts))
        held_out = len(documents.texts) - documents.train_count
        return {
            "work": len(documents.texts),
            "step_work": {"train": documents.train_count, "classify": held_out, "map": mapped},
            "data": f"{corpus.digest[:32]}{documents.digest[:32]}",
            "facts": {**corpus.facts, **self.engine.facts, **self.features.facts, **self._describe_models()},
            "inputs": [
                RacedInput(
                    label="Documents",
                    text=f"{format_count(len(documents.texts), 'document')} of "
                    f"{len(documents.classes)} classes, "
                    f"{corpus.description}: {documents.train_count:,} to learn from, {held_out:,} held out",
                ),
                *corpus.notes,
                RacedInput(label="Stages", text=self._describe_stages()),
            ],
            "bias": self._describe_differences(),
            "handicap": self.features.handicap,
            "first_call_s": first_call_s,
            "call_s": call_s,
        }

    def _time_first_calls(self) -> tuple[dict[str, float], dict[str, float]]:
        """Seconds of the first call of each step, and of a later one: a round of warm-up would delay the first pair by
        ten seconds."""
        first_call_s: dict[str, float] = {}
        call_s: dict[str, float] = {}

        def call(step: str, work: Callable[[], T]) -> T:
            if self.models.log:
                self.models.log.step = step
            began = time.perf_counter()
            result = work()
            first_call_s[step] = time.perf_counter() - began
            call_s[step] = time_warm_call(work, first_call_s[step])
            return result

        with self.engine.translate_errors():
            self.pipeline.run(call)
        return first_call_s, call_s

    def _describe_models(self) -> dict[str, str]:
        """The classes of this arm and how the stock ones use the cores, by label."""
        labels = {stage.name: stage.label for stage in STAGES[self.settings.case]}
        facts = {}
        for stage, implementation in self.models.classes.items():
            arguments = ", ".join(f"{name}={value!r}" for name, value in self.models.list_arguments(stage).items())
            threads = self.models.stages[stage].threads.format(cores=self.settings.cores)
            facts[labels[stage]] = f"{describe_origin(implementation)}({arguments}); stock: {threads}"
        return facts

    def _describe_stages(self) -> str:
        """The settings of the pipeline, the same in both arms."""
        parameters = self.settings.parameters
        return (
            f"{self._describe_features()}, {self.pipeline.components:,} components, "
            f"{CLASSIFIER_LABELS[str(parameters['classifier'])]}, {self.pipeline.topics} topics, "
            f"{self.pipeline.mapped:,} documents on the map"
        )

    def _describe_features(self) -> str:
        parameters = self.settings.parameters
        if self.settings.case == TFIDF:
            return f"TF-IDF of {parameters['features']:,} words"
        return f"embeddings of the first {parameters['length']} word pieces"

    def _describe_differences(self) -> str:
        """How the algorithm of an accelerated classifier is less exact; empty if it is not."""
        case = ESTIMATORS[ESTIMATOR_CASES[str(self.settings.parameters["classifier"])]]
        return case.algorithms if "classifier" in self.models.accelerated and case.is_less_exact else ""

    def _load(self) -> Any:
        frame = table.load_documents(self.engine.pd, self.file)
        # Modin returns before its work is done.
        self.engine.wait(frame)
        return frame

    def repeat(self, repetition: int, clock: Clock) -> None:
        def call(step: str, work: Callable[[], T]) -> T:
            if self.models.log:
                self.models.log.step = step
            return clock(step, work)

        with self.engine.translate_errors():
            self.result: PipelineResult = self.pipeline.run(call)

    def evidence(self) -> list[Evidence]:
        """The whole pipeline once more, every accelerated step watched."""
        collected: list[Evidence] = []

        def observe(step: str, work: Callable[[], T]) -> T:
            result, evidence = self._observe(step, work)
            collected.append(evidence)
            return result

        with self.engine.translate_errors():
            self.pipeline.run(observe)
        return collected

    def _observe(self, step: str, work: Callable[[], T]) -> tuple[T, Evidence]:
        stage, log = STAGE_OF_STEP[step], self.models.log
        if step == "load" and self.engine.service:
            return self._observe_modin(work)
        if log is not None and stage in self.models.accelerated:
            result, testimony = sklearnex_adapter.trace(log, step, work)
            return result, judge_step(log, step, testimony, self.models.classes[stage])
        if step == "features":
            return work(), self.features.collect_evidence(self.documents, self._explain(stage))
        if step == "load":
            code = f"pandas {self.engine.pd.__version__}: read_parquet, {table.CLEANING}"
        else:
            code = describe_origin(self.models.classes[stage])
        return work(), Evidence(step=step, path="stock", words=[f"runs {code}"], reason=self._explain(stage), code=code)

    def _observe_modin(self, work: Callable[[], T]) -> tuple[T, Evidence]:
        result, execution = self.engine.observe(work, None)
        self.engine.raise_failure(result)
        defaulted = bool(execution.default_warnings)
        return result, Evidence(
            step="load",
            path="stock" if defaulted else "accelerated",
            words=[self.engine.facts["engine"], *call_report.describe_execution(execution, self.engine)],
            calls=1,
            accelerated_calls=0 if defaulted else 1,
            reason="defaulted to pandas" if defaulted else "",
        )

    def _explain(self, stage: str) -> str:
        """Why a stage runs stock code."""
        if self.settings.lever != ACCELERATED:
            return "this arm uses the stock libraries"
        if any(other.name == stage and other.replacement for other in STAGES[self.settings.case]):
            return "not among the accelerated stages of this plan"
        return "has no accelerated version"

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        result = self.result
        assessment = quality.assess_result(result, has_equal_features=self.settings.case == TFIDF)
        write_scores(self.settings.scratch, assessment.scores)
        np.savez(
            self.settings.scratch / RESULT_FILE,
            allow_pickle=False,
            expected=result.documents.test_labels,
            predicted=result.predictions,
            topics=np.asarray(result.kmeans.labels_),
            places=result.places,
            positions=np.asarray(result.tsne.embedding_, np.float64),
        )
        (self.settings.scratch / CLASSES_FILE).write_text(json.dumps(result.documents.classes))
        return assessment.measures, []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        classes = json.loads((self.settings.scratch / CLASSES_FILE).read_text())
        with np.load(other / RESULT_FILE) as baseline, np.load(self.settings.scratch / RESULT_FILE) as accelerated:
            equal = baseline["predicted"] == accelerated["predicted"]
            index = adjusted_rand_index(baseline["topics"], accelerated["topics"])
            matrices = [
                quality.count_confusions(arm["expected"], arm["predicted"], len(classes))
                for arm in (baseline, accelerated)
            ]
            content = self._make_map(dict(zip(Arm, (baseline, accelerated), strict=True)))
        agreement = [
            Measure(
                name="predictions-agree",
                label="held-out documents with the same label",
                value=100 * float(equal.mean()),
                unit="%",
                observations=len(equal),
                observation="document",
            ),
            Measure(name="topics-agree", label="adjusted Rand index of the topics of both arms", value=index),
        ]
        tables = [
            quality.make_confusion_table(
                f"{quality.CONFUSION_TABLE}-{arm}",
                f"Confusion matrix, {arm} arm: a row for each class",
                matrix,
                classes,
            )
            for arm, matrix in zip(Arm, matrices, strict=True)
        ]
        return agreement, [*tables, make_map_table(content)]

    def _make_map(self, results: Mapping[Arm, Mapping[str, Any]]) -> DocumentMap:
        """The map of both arms. `results` are their arrays, in the order of the documents of this arm: those of the
        other one are the same."""
        documents = self.result.documents
        places = results[Arm.ACCELERATED]["places"][:MAX_DRAWN_DOCUMENTS]
        texts = [documents.texts[place] for place in places]
        beginnings = table.find_beginnings(self.file, set(texts), MAX_TEXT_CHARACTERS)
        arms = {}
        for arm, result in results.items():
            held_out = places - documents.train_count
            x, y = result["positions"][: len(places)].T.tolist()
            arms[arm] = ArmMap(
                x=x,
                y=y,
                topics=(result["topics"][places] + 1).tolist(),
                predicted=[documents.classes[result["predicted"][row]] if row >= 0 else "" for row in held_out],
            )
        return DocumentMap(
            texts=[beginnings[text] for text in texts],
            labels=[documents.classes[documents.labels[place]] for place in places],
            arms=arms,
        )
