"""The work: questions to word pieces, through BERT at one precision, and back to answers."""

from __future__ import annotations

import json
import os
import statistics
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bench.values import Evidence, Measure, Picture, Table
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from workloads.bert import WORKLOAD, squad
from workloads.bert.inference import evaluation, instances, tokenization
from workloads.bert.inference.session import InferenceSession, slice_inputs
from workloads.bert.model import checkpoint
from workloads.bert.profiling import evidence
from workloads.bert.quantization import graphs


class QuestionAnswering:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.length = int(settings.parameters["length"])
        self.instances = min(int(settings.parameters["instances"]), settings.cores)

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        self.progress = progress
        progress("reading model and questions")
        self.checkpoint = checkpoint.load_checkpoint(str(self.settings.parameters["model"]), progress)
        longest = self.checkpoint.config.max_position_embeddings
        if self.length > longest:
            raise BadInput(
                f"the model reads {longest} word pieces at most, not {self.length}", "Choose a smaller sequence length."
            )
        self.reader = tokenization.WindowTokenizer(self.checkpoint)
        self.questions = squad.load_questions(str(self.settings.parameters["evaluation"]), self.settings.uploads)
        self._choose()
        self.graph = graphs.write_graph_file(self.settings.lever, self.checkpoint, self.reader, self.settings, progress)
        self._start(progress)
        queries = self.settings.batch * self.instances
        trained = self.checkpoint.trained
        return {
            "work": queries,
            "data": squad.digest_questions(self.questions) + self.checkpoint.digest,
            "facts": {
                "model": f"{self.checkpoint.name}, {self.checkpoint.config.parameters() / 1e6:.1f} M parameters",
                "questions": f"{len(self.questions):,}",
                "windows": f"{self.windows_each} of {self.length} word pieces a question",
                "instances": f"{self.instances} × {self.settings.cores // self.instances} cores",
            },
            "synthetic": "" if trained else f"untrained weights ({self.checkpoint.name}): speed only",
        }

    def _choose(self) -> None:
        """What is raced: the questions that need the commonest number of windows, so that every batch is equal work."""
        counted = self.reader.questions(self.questions, self.length)
        needed = np.bincount(counted.query)
        self.windows_each = Counter(needed.tolist()).most_common(1)[0][0]
        self.raced = [
            question for question, count in zip(self.questions, needed, strict=True) if count == self.windows_each
        ]

    def _start(self, progress: ProgressReporter) -> None:
        if self.instances == 1:
            self.engine = InferenceSession.load(self.graph, self.settings.cores)
            return
        progress(f"starting {self.instances} instances")
        cores = instances.split_cores(sorted(os.sched_getaffinity(0)), self.instances)
        self.models = [instances.Instance(self.graph, chosen) for chosen in cores]
        for one in self.models:
            one.answer()

    def repeat(self, repetition: int, clock: Clock) -> None:
        queries = self.settings.batch * self.instances
        first = repetition * queries
        asked = [self.raced[(first + place) % len(self.raced)] for place in range(queries)]
        windows = clock("tokenize", lambda: self.reader.questions(asked, self.length))
        start, end = clock("inference", lambda: self._logits(windows))
        clock("extract", lambda: self.reader.answers(windows, start, end, [question.passage for question in asked]))

    def _logits(self, windows: tokenization.Windows) -> tuple[np.ndarray, np.ndarray]:
        """Logits of all windows: batches that one model reads in turn, or each instance's share at once."""
        size = self.settings.batch
        if self.instances == 1:
            return self.engine.logits(windows, size)
        batches = [slice_inputs(windows, at, at + size) for at in range(0, len(windows), size)]
        for place, batch in enumerate(batches):
            self.models[place % self.instances].ask(batch)
        parts = [self.models[place % self.instances].answer() for place in range(len(batches))]
        return np.concatenate([start for start, _ in parts]), np.concatenate([end for _, end in parts])

    def evidence(self) -> list[Evidence]:
        ran = self._inference
        if self.instances > 1:
            ran = ran.model_copy(update={"words": [*ran.words, *self._latencies()]})
        same = "both arms run this step's same code"
        return [
            Evidence(step="tokenize", path="stock", words=[same], reason=same),
            ran,
            Evidence(step="extract", path="stock", words=[same], reason=same),
        ]

    @cached_property
    def _inference(self) -> Evidence:
        """Asked once: what runs is in the graph, which is the same from first to last."""
        self.progress("asking oneDNN which kernels run")
        lever = WORKLOAD.lever[self.settings.lever]
        return evidence.collect_inference_evidence(
            lever.name,
            self.graph,
            self.reader.questions(self.raced[: self.settings.batch], self.length),
            threads=max(1, self.settings.cores // self.instances),
            batch=self.settings.batch,
            environment=lever.environment,
        )

    def _latencies(self) -> list[str]:
        """Of every instance: its cores, and how long a batch takes it while the others work too."""
        return [
            f"instance {place} on core{'s' * (len(one.cores) > 1)} {', '.join(map(str, one.cores))}: "
            f"{1e3 * statistics.median(one.seconds):.1f} ms a batch (median of {len(one.seconds)})"
            for place, one in enumerate(self.models, 1)
        ]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        """F1 and exact match over all questions of the set; an untrained model has none to measure."""
        if not self.checkpoint.trained:
            return [], []
        engine = self.engine if self.instances == 1 else InferenceSession.load(self.graph, self.settings.cores)
        best = evaluation.answer_questions(engine, self.reader, self.questions, self.length, self.progress)
        (self.settings.scratch / "answers.json").write_text(json.dumps(best))
        score = squad.score_answers(self.questions, best)
        return [
            Measure(name="f1", label="F1", value=score.f1, decisive=True),
            Measure(name="exact-match", label="exact match", value=score.exact_match, unit="%"),
        ], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        if not self.checkpoint.trained:
            return [], []
        theirs = json.loads((other / "answers.json").read_text())
        ours = json.loads((self.settings.scratch / "answers.json").read_text())
        changed = [question for question in self.questions if theirs[question.id] != ours[question.id]]
        rows = [[q.question, q.answers[0], theirs[q.id], ours[q.id]] for q in changed]
        share = 100 * (1 - len(changed) / len(self.questions))
        measures = [Measure(name="answers-agree", label="answers that agree", value=share, unit="%")]
        columns = ["question", "true answer", "baseline's answer", "accelerated arm's answer"]
        return measures, [Table(name="changed", label="Questions whose answer changed", columns=columns, rows=rows)]
