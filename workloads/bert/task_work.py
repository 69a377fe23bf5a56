"""The work of BERT's tasks. See `workloads.bert.tasks`, which checks arguments before this module is imported."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Any

import psutil

from bench.workload.interface import BadInput, Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from workloads.bert import WORKLOAD, question_file, squad
from workloads.bert.inference import evaluation
from workloads.bert.inference.answer_search import Answer
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.measurements import (
    AnswerSpan,
    AskArguments,
    AskResult,
    BaselineAccuracy,
    ConstantBytes,
    GraphProfile,
    Int8Count,
    Int8Limit,
    KernelTime,
    LoadResult,
    ModelAnswer,
    OperatorChange,
    OperatorCount,
    OperatorsResult,
    OperatorTime,
    Precision,
    QuantizeResult,
    ThreadTimes,
    TuningPlan,
    TuningTrial,
)
from workloads.bert.model import checkpoint, forward, fusion, graphdef
from workloads.bert.profiling import instruction_sets, operators
from workloads.bert.profiling.operators import GraphBreakdown
from workloads.bert.profiling.profile import Profile, profile_graph
from workloads.bert.quantization import conversion, convert, graph_cache, graphs
from workloads.bert.quantization.conversion import Conversion

ANSWER_REPEATS = 5
"""Number of timed passes of each model for a question."""
PROFILE_PASSES = 10
"""Number of batches that a profile runs."""
MAX_ANSWERS_SHOWN = 3
"""Number of answers returned for each model."""


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Both models of one setting, loaded."""

    setting: tuple[str, str, int, int]
    tokenizer: WindowTokenizer
    fp32: InferenceSession
    int8: InferenceSession


class BertTaskWork:
    """Has one method for each task, and keeps the models that were loaded for a question."""

    def __init__(self) -> None:
        self._pair: ModelPair | None = None

    def load_models(self, settings: Settings, reporter: TaskReporter) -> LoadResult:
        """See `BertTasks.load_models`."""
        pair = self._load_models(settings, reporter)
        reporter.progress("first call: both models")
        windows = pair.tokenizer.make_windows(["who"], ["nobody"], _window_length(settings))
        for session in (pair.fp32, pair.int8):
            session.compute_logits(windows, settings.batch)
        return LoadResult(loaded_bytes=psutil.Process().memory_info().rss)

    def prepare(self, settings: Settings, reporter: TaskReporter) -> PreparationResult:
        """See `BertTasks.prepare`."""
        lever, precisions = WORKLOAD.lever, [settings.baseline, settings.accelerated]
        if _has_defaults(settings):
            precisions += [value for value in ("openvino-fp32", "openvino-int8") if not lever[value].unavailable()]
        precisions = list(dict.fromkeys(precisions))
        preparation = Preparation(settings.cache, reporter, 1 + len(precisions))
        with preparation.part("reading the model"):
            loaded = checkpoint.load_checkpoint(str(settings.parameters["model"]), preparation.report)
            tokenizer = WindowTokenizer(loaded)
        for precision in precisions:
            with preparation.part(f"making the graph: {lever[precision].label}"):
                made = graphs.write_graph_file(precision, loaded, tokenizer, settings, preparation.report)
            if not made.is_stored:
                preparation.refuse_unstored(f"The graph {lever[precision].label}", graphs.WHY_NOT_STORED)
        return preparation.finish()

    def ask(self, settings: Settings, arguments: AskArguments, reporter: TaskReporter) -> AskResult:
        """See `BertTasks.ask`."""
        question, passage = arguments.question, arguments.passage
        pair = self._load_models(settings, reporter)
        began = time.perf_counter()
        windows = pair.tokenizer.make_windows([question], [passage], _window_length(settings))
        tokenize_s = time.perf_counter() - began
        sessions = {"fp32": pair.fp32, "int8": pair.int8}
        reporter.progress(f"first call: both models, {len(windows):,} windows")
        # The first pass of a new shape takes longer than all others. It is not timed.
        logits = {name: session.compute_logits(windows, settings.batch) for name, session in sessions.items()}
        times: dict[str, list[float]] = {name: [] for name in sessions}
        for done in range(ANSWER_REPEATS):
            reporter.progress(f"answering: pass {done + 1} of {ANSWER_REPEATS}", done / ANSWER_REPEATS)
            for name, session in sessions.items():
                began = time.perf_counter()
                session.compute_logits(windows, settings.batch)
                times[name].append(time.perf_counter() - began)
        answers = {
            name: ModelAnswer(
                best=[
                    _make_span(answer)
                    for answer in pair.tokenizer.find_answers(windows, *found, [passage])[0][:MAX_ANSWERS_SHOWN]
                ],
                inference_s=statistics.median(times[name]),
            )
            for name, found in logits.items()
        }
        return AskResult(
            fp32=answers["fp32"],
            int8=answers["int8"],
            windows=len(windows),
            length=_window_length(settings),
            repeats=ANSWER_REPEATS,
            tokenize_s=tokenize_s,
        )

    def quantize(self, settings: Settings, wanted: Conversion, reporter: TaskReporter) -> QuantizeResult:
        """See `BertTasks.quantize`."""
        # Not imported at the top: it loads Neural Compressor, which a question needs only if nothing is in the cache.
        from workloads.bert.quantization import tuning

        reporter.progress(f"reading model: {settings.parameters['model']}")
        loaded = checkpoint.load_checkpoint(str(settings.parameters["model"]), reporter.progress)
        tokenizer = WindowTokenizer(loaded)
        calibration = wanted.calibration
        windows = tokenizer.make_question_windows(calibration, _window_length(settings))
        cache = settings.cache / "bert"
        reporter.progress("building graph: fp32")
        fp32 = forward.build_frozen_graph(loaded)
        if not loaded.trained:
            file = graph_cache.load_or_quantize(loaded, wanted.config, windows, cache, reporter.progress)
            return QuantizeResult(
                quantization=conversion.save_conversion(wanted.yaml, frozenset(), frozenset(), cache),
                best=None,
                met=None,
                stopped="untrained",
                bytes_fp32=fp32.ByteSize(),
                bytes_int8=file.stat().st_size,
                asked=wanted.config.sampling_size,
                calibrated=len(calibration),
            )
        # A race judges the tuned model by the other questions.
        questions, held_out = squad.split_questions(
            question_file.load_questions(str(settings.parameters["evaluation"]), settings.uploads)
        )
        if not questions or not held_out:
            raise BadInput(
                f"all {len(questions or held_out):,} questions are in the part "
                f"{'for tuning' if questions else 'that judges a tuned model'}: the digest of each passage decides",
                "Use a file with more passages, so that each part has some.",
            )
        passages = {squad.identify_passage(question.passage) for question in questions}
        measured: dict[str, float] = {}

        def evaluate(graph: Any) -> float:
            # With the same graph optimizations as in a race.
            session = InferenceSession(fusion.fuse_graph(graph), settings.cores)
            try:
                began = time.perf_counter()
                answers = evaluation.answer_questions(
                    session, tokenizer, questions, _window_length(settings), reporter.progress
                )
                measured["seconds"] = time.perf_counter() - began
            finally:
                session.close()
            score = squad.score_answers(questions, answers)
            measured["exact_match"] = score.exact_match
            return score.f1

        baseline_f1 = evaluate(fp32)
        reporter.report(
            "baseline",
            BaselineAccuracy(
                f1=baseline_f1,
                exact_match=measured["exact_match"],
                seconds=measured["seconds"],
                questions=len(questions),
                held_out=len(held_out),
            ),
        )
        reporter.report(
            "plan",
            TuningPlan(
                operators=len(convert.list_quantizable_operators(loaded)),
                strategy=wanted.config.strategy,
                max_trials=wanted.config.max_trials,
                relative_loss=wanted.config.relative_loss,
            ),
        )

        def report_trial(trial: tuning.Trial) -> None:
            reporter.report(
                "trial",
                TuningTrial(
                    number=trial.number,
                    fallback=sorted(trial.fallback),
                    operators_int8=trial.operators_int8,
                    operators=trial.operators,
                    f1=trial.f1,
                    exact_match=measured["exact_match"],
                    loss_relative=trial.loss_relative,
                    met=trial.met,
                    seconds=trial.seconds,
                    evaluation_s=measured["seconds"],
                    quantization=conversion.save_conversion(wanted.yaml, trial.fallback, passages, cache),
                ),
            )

        result = tuning.tune_model(
            loaded, wanted.config, windows, evaluate, baseline_f1, reporter.progress, report_trial, cache
        )
        return QuantizeResult(
            quantization=conversion.save_conversion(wanted.yaml, result.best.fallback, passages, cache),
            best=result.best.number,
            met=result.met,
            stopped=result.stopped,
            bytes_fp32=fp32.ByteSize(),
            bytes_int8=result.graph.ByteSize(),
            asked=wanted.config.sampling_size,
            calibrated=len(calibration),
        )

    def operators(self, settings: Settings, precisions: list[Precision], reporter: TaskReporter) -> OperatorsResult:
        """See `BertTasks.operators`."""
        reporter.progress(f"reading model: {settings.parameters['model']}")
        loaded = checkpoint.load_checkpoint(str(settings.parameters["model"]), reporter.progress)
        tokenizer = WindowTokenizer(loaded)
        questions = question_file.load_questions(str(settings.parameters["evaluation"]), settings.uploads)
        windows = tokenizer.make_question_windows(
            questions[: settings.batch * PROFILE_PASSES], _window_length(settings)
        )
        breakdowns, profiles, arms = [], [], []
        for precision in precisions:
            file = graphs.write_graph_file(precision, loaded, tokenizer, settings, reporter.progress).path

            def report_stage(stage: str, number: int, count: int, precision: Precision = precision) -> None:
                text = f"profiling {precision}: {number} of {count}, {stage}, {PROFILE_PASSES} passes"
                reporter.progress(text, (number - 1) / count)

            reporter.progress(f"reading graph: {precision}")
            breakdowns.append(operators.describe_graph(graphdef.read_graph(file)))
            profiles.append(
                profile_graph(
                    file,
                    windows,
                    threads=settings.cores,
                    batch=settings.batch,
                    repeats=PROFILE_PASSES,
                    environment=WORKLOAD.lever[precision].environment,
                    on_stage=report_stage,
                )
            )
            arms.append(_describe_arm(precision, breakdowns[-1], profiles[-1]))
        return OperatorsResult(
            arms=arms,
            changes=[
                OperatorChange(
                    layer=str(change.location),
                    operator=change.operator,
                    before=change.before,
                    after=change.after,
                    count_before=change.count_before,
                    count_after=change.count_after,
                )
                for change in operators.compare_graphs(*breakdowns)
            ],
            limit=_find_limit(profiles) if precisions[1] == "int8" else None,
        )

    def _load_models(self, settings: Settings, reporter: TaskReporter) -> ModelPair:
        """Both models; they stay loaded for the next question."""
        names = str(settings.parameters["model"]), str(settings.parameters["quantization"])
        setting = (*names, _window_length(settings), settings.cores)
        if self._pair is None or self._pair.setting != setting:
            self._pair = None
            reporter.progress(f"reading model: {names[0]}")
            loaded = checkpoint.load_checkpoint(names[0], reporter.progress)
            tokenizer = WindowTokenizer(loaded)
            files = [
                graphs.write_graph_file(name, loaded, tokenizer, settings, reporter.progress).path
                for name in ("fp32", "int8")
            ]
            reporter.progress("loading models: FP32 and INT8")
            sessions = [InferenceSession.load(file, settings.cores) for file in files]
            self._pair = ModelPair(setting, tokenizer, *sessions)
        return self._pair


def _has_defaults(settings: Settings) -> bool:
    """Whether a plan has the default model and the default arms."""
    lever = WORKLOAD.lever
    has_model = settings.parameters["model"] == WORKLOAD.parameter("model").default
    return has_model and (settings.baseline, settings.accelerated) == (lever.baseline, lever.accelerated)


def _window_length(settings: Settings) -> int:
    """Word pieces in a window."""
    return int(settings.parameters["length"])


def _make_span(answer: Answer) -> AnswerSpan:
    return AnswerSpan(
        text=answer.text, start=answer.start, end=answer.end, probability=answer.probability, score=answer.score
    )


def _find_limit(profiles: list[Profile]) -> Int8Limit | None:
    gain = instruction_sets.compare_with_limit(*profiles)
    if gain is None:
        return None
    return Int8Limit(instruction_set=gain.instruction_set, limit=gain.limit, ratio=gain.ratio, share=gain.share)


def _describe_arm(precision: Precision, breakdown: GraphBreakdown, profile: Profile) -> GraphProfile:
    uses_int8 = precision == "int8"
    return GraphProfile(
        precision=precision,
        projections=Int8Count(int8=breakdown.projections.int8, total=breakdown.projections.total),
        attention=Int8Count(int8=breakdown.attention_products.int8, total=breakdown.attention_products.total),
        counts=[OperatorCount(kind=count.kind, operators=count.operators) for count in breakdown.counts()],
        bytes_on_disk=breakdown.bytes_on_disk,
        constants=[
            ConstantBytes(precision=constants.precision, bytes=constants.bytes) for constants in breakdown.constants
        ],
        wall_ms=profile.wall_ms,
        onednn_share=profile.onednn_share,
        thread_times=[
            ThreadTimes(
                threads=times.threads,
                wall_ms=times.wall_ms,
                kernels_ms=times.kernels_ms,
                used_cores=times.used_cores,
            )
            for times in profile.pass_times
        ],
        batch=profile.batch,
        length=profile.length,
        passes=profile.passes,
        kernels=[
            KernelTime(
                primitive=kernel.primitive,
                implementation=kernel.implementation,
                types=kernel.types,
                shape=kernel.shape,
                fused=kernel.fused,
                calls=kernel.calls,
                ms=kernel.ms,
                share=kernel.share,
                gops=kernel.gops,
            )
            for kernel in profile.kernels
        ],
        operators=[OperatorTime(kind=operator.kind, ms=operator.ms) for operator in profile.operators],
        instructions=profile.instructions,
        onednn=profile.version,
        skipped=profile.skipped,
        note=profile.note,
        verdict=instruction_sets.find_int8_instructions(profile.kernels).sentence if uses_int8 else "",
    )
