"""The arm of a race: questions to word pieces, through BERT at one precision, and back to answers."""

from __future__ import annotations

import json
import os
import statistics
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.formatting import format_bytes, format_cores, format_count, format_observations
from bench.values.arms import RacedInput
from bench.values.output import Picture, Table
from bench.values.quality import LossKind, Measure
from bench.values.samples import Evidence
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from workloads.bert import WORKLOAD, question_file, squad
from workloads.bert.inference import evaluation
from workloads.bert.inference.batches import BatchedSession, slice_inputs
from workloads.bert.inference.instances import Instance, split_cores
from workloads.bert.inference.load_session import load_session
from workloads.bert.inference.logits import Logits
from workloads.bert.inference.tokenization import Windows, WindowTokenizer
from workloads.bert.inference.work_split import WorkSplit, choose_split
from workloads.bert.lever_values import number_type, runs_on_openvino
from workloads.bert.measurements import ANSWERS_COLUMNS, ANSWERS_TABLE
from workloads.bert.model import fusion
from workloads.bert.model.checkpoint import load_checkpoint
from workloads.bert.profiling import evidence, race_evidence
from workloads.bert.quantization import conversion, graphs

ANSWERS_FILE = "answers.json"
"""In the arm's scratch folder: the answer to each judged question by its id."""
MAX_ANSWERS_SHOWN = 8
"""Questions in the table of answers."""
MIN_AGREEING_SHOWN = 3
"""Of these, how many have the same answer in both arms, if there are so many: answers that differ are the exception."""
NOT_STORED = f"the model was not stored, because {graphs.WHY_NOT_STORED}"
HELD_OUT = "held out from tuning"
"""Which questions judge a tuned model."""
RETUNE_REMEDY = (
    "Quantize again on the Quantize tab and race the result: the tuning leaves out half of the passages, and a race "
    "judges the model by them. Or use questions about other passages."
)


class QuestionAnswering:
    """See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.length = int(settings.parameters["length"])
        self.instance_count = min(int(settings.parameters["instances"]), settings.cores)
        self.threads = settings.cores // self.instance_count
        """Of each instance."""
        self.split = WorkSplit()

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        self.progress = progress
        progress(f"reading model: {self.settings.parameters['model']}")
        self.checkpoint = load_checkpoint(str(self.settings.parameters["model"]), progress)
        max_length = self.checkpoint.config.max_position_embeddings
        if self.length > max_length:
            raise BadInput(
                f"the model reads at most {max_length} word pieces at once, but the sequence length is {self.length}",
                f"Choose a sequence length of at most {max_length}.",
            )
        self.tokenizer = WindowTokenizer(self.checkpoint)
        progress("reading questions: the file")
        question_set = question_file.load_question_set(
            str(self.settings.parameters["evaluation"]), self.settings.uploads
        )
        self.questions, self.language = question_set.questions, question_set.language
        progress(f"reading questions: tokenizing {len(self.questions):,}")
        self._choose_questions()
        self._choose_judged_questions()
        graph = graphs.write_graph_file(self.settings.lever, self.checkpoint, self.tokenizer, self.settings, progress)
        if not runs_on_openvino(self.settings.lever):
            self.split = choose_split(self.checkpoint.config, self.threads, self.settings.batch)
        if self.split.branches > 1:
            graph = graphs.write_split_graph(graph, self.split.branches, progress)
        self.graph = graph.path
        self._start_models(progress)
        return {
            "work": self.settings.batch * self.instance_count,
            "data": squad.digest_questions(self.questions) + self.checkpoint.digest,
            "facts": {
                "model": f"{self.checkpoint.name}, {self.checkpoint.config.parameters() / 1e6:.1f} M parameters",
                "questions": f"{len(self.questions):,}",
                "accuracy": f"judged by {format_observations(self._make_measure('f1', 'F1', 0.0))}",
                "windows": f"{self.windows_per_question} of {self.length} word pieces per question",
                "instances": f"{self.instance_count} × {format_cores(self.threads)}",
                "threads": self.split.describe(self.threads),
            }
            | ({} if fusion.fuses_products(self.settings.lever) else {"fusion": fusion.UNFUSED_BF16})
            | ({} if graph.is_stored else {"cache": NOT_STORED}),
            "inputs": self._describe_inputs(question_set),
            "synthetic": "" if self.checkpoint.trained else f"untrained weights ({self.checkpoint.name}): speed only",
            "handicap": fusion.describe_handicap(self.settings.lever),
        }

    def _describe_inputs(self, question_set: question_file.QuestionSet) -> list[RacedInput]:
        """What is raced, as it is shown next to the claim. The same in both arms."""
        config = self.checkpoint.config
        shape = (
            f"{config.num_hidden_layers} layers of {config.hidden_size}, {config.parameters() / 1e6:.1f} M parameters"
        )
        # Of a folder only its name: a report is handed to others.
        is_folder = Path(self.checkpoint.name).expanduser().is_dir()
        name = Path(self.checkpoint.name).name if is_folder else self.checkpoint.name
        model = ", ".join(filter(None, [name, shape, self.checkpoint.casing.reason, self.tokenizer.shortage]))
        inputs = [
            RacedInput(label="Checkpoint", text=model),
            RacedInput(label="Questions", text=f"{question_set.name}, {question_set.describe()}"),
        ]
        if question_set.language:
            text = f"{question_set.language}, without spaces between words: F1 splits at spaces"
            inputs.append(RacedInput(label="Answers", text=text))
        if self._races_int8():
            name = str(self.settings.parameters["quantization"])
            calibration = conversion.load_conversion(name, self.settings.cache / "bert", self.checkpoint).calibration
            text = f"{question_file.CALIBRATION_FILE.name}, {format_count(len(calibration), 'question')}"
            inputs.append(RacedInput(label="Calibration", text=text))
        return inputs

    def _choose_questions(self) -> None:
        """Race only the questions that need the most common number of windows, so that all batches are equal work."""
        windows = self.tokenizer.make_question_windows(self.questions, self.length)
        counts = np.bincount(windows.query)
        self.windows_per_question = Counter(counts.tolist()).most_common(1)[0][0]
        self.raced_questions = [
            question
            for question, count in zip(self.questions, counts, strict=True)
            if count == self.windows_per_question
        ]

    def _choose_judged_questions(self) -> None:
        """Judge by distinct questions; a tuned model only by those whose passages its tuning did not read. The same in
        both arms."""
        self.judged_questions, self.selection, self.bias = squad.drop_repeated(self.questions), "", ""
        if not self._races_int8():
            return
        name = str(self.settings.parameters["quantization"])
        passages = conversion.load_conversion(name, self.settings.cache / "bert", self.checkpoint).tuning_passages
        if passages is None:
            self.bias = "the INT8 model may have been tuned on the questions that judge it"
        elif not (held_out := squad.select_held_out(self.judged_questions, passages)):
            self.bias = "the INT8 model was tuned on the passages of all questions that judge it"
        elif len(held_out) < len(self.judged_questions):
            self.judged_questions, self.selection = held_out, HELD_OUT

    def _races_int8(self) -> bool:
        return "int8" in map(number_type, (self.settings.baseline, self.settings.accelerated))

    def _start_models(self, progress: ProgressReporter) -> None:
        if self.instance_count == 1:
            progress(f"loading model: {format_bytes(graphs.measure_model(self.graph))}")
            self.session = load_session(self.settings.lever, self.graph, self.threads, self.split.batch_parts)
            return
        progress(f"starting instances: {self.instance_count}")
        core_groups = split_cores(sorted(os.sched_getaffinity(0)), self.instance_count)
        self.instances = [
            Instance(self.settings.lever, self.graph, cores, self.split.batch_parts) for cores in core_groups
        ]
        for instance in self.instances:
            instance.wait_ready()

    def repeat(self, repetition: int, clock: Clock) -> None:
        queries = self.settings.batch * self.instance_count
        first = repetition * queries
        questions = [self.raced_questions[(first + index) % len(self.raced_questions)] for index in range(queries)]
        windows = clock("tokenize", lambda: self.tokenizer.make_question_windows(questions, self.length))
        start, end = clock("inference", lambda: self._compute_logits(windows))
        passages = [question.passage for question in questions]
        clock("extract", lambda: self.tokenizer.find_answers(windows, start, end, passages))

    def _compute_logits(self, windows: Windows) -> Logits:
        """Return the logits of all windows. One model reads the batches in turn; instances read them at once."""
        size = self.settings.batch
        if self.instance_count == 1:
            return self.session.compute_logits(windows, size)
        batches = [slice_inputs(windows, first, first + size) for first in range(0, len(windows), size)]
        for index, batch in enumerate(batches):
            self.instances[index % self.instance_count].send(batch)
        parts = [self.instances[index % self.instance_count].receive() for index in range(len(batches))]
        return np.concatenate([start for start, _ in parts]), np.concatenate([end for _, end in parts])

    def evidence(self) -> list[Evidence]:
        inference = self._inference_evidence
        if self.instance_count > 1:
            inference = inference.model_copy(update={"words": [*inference.words, *self._describe_instances()]})
        reason = "both arms run the same code in this step"
        return [
            Evidence(step="tokenize", path="stock", words=[reason], reason=reason),
            inference,
            Evidence(step="extract", path="stock", words=[reason], reason=reason),
        ]

    @cached_property
    def _inference_evidence(self) -> Evidence:
        """Collected once: the graph, and so the kernels that run, do not change during a race."""
        windows = self.tokenizer.make_question_windows(self.raced_questions[: self.settings.batch], self.length)
        if runs_on_openvino(self.settings.lever):
            collected = self._collect_openvino_evidence(windows)
        else:
            collected = self._collect_tensorflow_evidence(windows)
        return race_evidence.place_in_race(collected, self.settings)

    def _collect_openvino_evidence(self, windows: Windows) -> Evidence:
        from workloads.bert.inference.openvino_session import OpenVinoSession
        from workloads.bert.profiling import openvino_evidence

        value = number_type(self.settings.lever)
        # Instances have their models in other processes: one more is loaded, and is as they are.
        session = self.session if self.instance_count == 1 else OpenVinoSession(self.graph, value, self.threads)
        assert isinstance(session, OpenVinoSession)
        return openvino_evidence.collect_evidence(session, value, windows, self.settings.batch)

    def _collect_tensorflow_evidence(self, windows: Windows) -> Evidence:
        lever = WORKLOAD.lever[self.settings.lever]
        return evidence.collect_inference_evidence(
            lever.name,
            self.graph,
            windows,
            threads=self.threads,
            batch=self.settings.batch,
            batch_parts=self.split.batch_parts,
            environment=lever.environment,
            cache=self.settings.cache / "bert",
            progress=self.progress,
        )

    def _describe_instances(self) -> list[str]:
        """Return a line for each instance: its cores, and its time per batch while the other instances compute too."""
        return [
            f"instance {number} on core{'s' * (len(instance.cores) > 1)} {', '.join(map(str, instance.cores))}: "
            f"{1e3 * statistics.median(instance.batch_times_s):.1f} ms per batch "
            f"(median of {len(instance.batch_times_s)})"
            for number, instance in enumerate(self.instances, 1)
        ]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        """F1 and exact match over the judged questions. An untrained model has no accuracy to measure."""
        if not self.checkpoint.trained:
            return [], []
        session = self._judging_session
        questions = self.judged_questions
        answers = evaluation.answer_questions(session, self.tokenizer, questions, self.length, self.progress)
        (self.settings.scratch / ANSWERS_FILE).write_text(json.dumps(answers))
        scores = squad.score_each(questions, answers)
        write_scores(
            self.settings.scratch,
            {
                "f1": np.array([score.f1 for score in scores]),
                "exact-match": np.array([score.exact_match == 100 for score in scores]),
            },
            self._passage_numbers,
        )
        score = squad.score_answers(questions, answers)
        return [
            self._make_measure("f1", "F1", score.f1, decisive=True, loss=LossKind.SCORE, max_score=100),
            self._make_measure("exact-match", "exact match", score.exact_match, unit="%"),
        ], []

    @cached_property
    def _judging_session(self) -> BatchedSession:
        """The raced session; several instances have theirs in other processes."""
        if self.instance_count == 1:
            return self.session
        self.progress(f"loading model: {format_bytes(graphs.measure_model(self.graph))}")
        return load_session(self.settings.lever, self.graph, self.settings.cores, self.settings.cores)

    @cached_property
    def _passage_numbers(self) -> npt.NDArray[np.int64]:
        """The passage of each judged question, as a number. Questions on one passage are not independent."""
        passages = [squad.identify_passage(question.passage) for question in self.judged_questions]
        return np.unique(passages, return_inverse=True)[1]

    def _make_measure(self, name: str, label: str, value: float, **fields: Any) -> Measure:
        """A mean over the judged questions."""
        return Measure(
            name=name,
            label=label,
            value=value,
            observations=len(self.judged_questions),
            observation="question",
            groups=len(np.unique(self._passage_numbers)),
            group="passage",
            selection=self.selection,
            bias=self.bias,
            bias_remedy=RETUNE_REMEDY if self.bias else "",
            **fields,
        )

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        if not self.checkpoint.trained:
            return [], []
        theirs = json.loads((other / ANSWERS_FILE).read_text())
        ours = json.loads((self.settings.scratch / ANSWERS_FILE).read_text())
        equal = np.array([theirs[question.id] == ours[question.id] for question in self.judged_questions])
        write_scores(self.settings.scratch, {"answers-agree": equal}, self._passage_numbers)
        changed = [question for question, same in zip(self.judged_questions, equal, strict=True) if not same]
        scores = [squad.score_each(changed, answers) for answers in (theirs, ours)]
        # With the scores, so that a reader can compute the difference of F1 again: all other questions have none.
        rows = [
            [
                question.question,
                question.answers[0],
                theirs[question.id],
                ours[question.id],
                f"{before.f1:.2f}",
                f"{after.f1:.2f}",
            ]
            for question, before, after in zip(changed, *scores, strict=True)
        ]
        agreement = 100 * float(equal.mean())
        measures = [self._make_measure("answers-agree", "answers that agree", agreement, unit="%")]
        columns = [
            "question",
            "true answer",
            "baseline's answer",
            "accelerated arm's answer",
            "baseline's F1",
            "accelerated arm's F1",
        ]
        return measures, [
            self._make_answers_table(theirs, ours),
            Table(name="changed", label="Questions whose answer changed", columns=columns, rows=rows),
        ]

    def _make_answers_table(self, theirs: Mapping[str, str], ours: Mapping[str, str]) -> Table:
        """Some of the judged questions with the answers of both arms: first those that differ, then the others."""
        differ = [question for question in self.judged_questions if theirs[question.id] != ours[question.id]]
        agree = [question for question in self.judged_questions if theirs[question.id] == ours[question.id]]
        shown = differ[: MAX_ANSWERS_SHOWN - MIN_AGREEING_SHOWN] + agree
        rows = [
            [
                question.question,
                question.answers[0],
                theirs[question.id],
                ours[question.id],
                "yes" if theirs[question.id] == ours[question.id] else "no",
            ]
            for question in shown[:MAX_ANSWERS_SHOWN]
        ]
        return Table(name=ANSWERS_TABLE, label="Answers of both arms", columns=list(ANSWERS_COLUMNS), rows=rows)
