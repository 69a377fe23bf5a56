"""What BERT does when asked, other than racing: answer a question, be quantized and tuned, tell its operators.

See `workloads.bert.tasks`, which checks what is asked before this, and all that it imports, is loaded.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from typing import Any

from bench.workload.interface import Settings, TaskReporter
from workloads.bert import WORKLOAD, squad
from workloads.bert.inference import evaluation
from workloads.bert.inference.answer_search import Answer
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.model import checkpoint, forward, fusion, graphdef
from workloads.bert.profiling import instruction_sets, operators
from workloads.bert.profiling.operators import GraphBreakdown
from workloads.bert.profiling.profile import Profile, profile_graph
from workloads.bert.quantization import conversion, convert, graph_cache, graphs
from workloads.bert.quantization.conversion import Conversion

ANSWER_REPEATS = 5
"""How often each model answers, to tell its time."""
PROFILE_PASSES = 10
"""Batches that are run to tell where the time goes."""
MAX_ANSWERS_SHOWN = 3
"""Answers that are shown of each model."""


@dataclass(frozen=True, slots=True)
class ModelPair:
    """Both models of one setting, ready to answer."""

    setting: tuple[str, str, int, int]
    tokenizer: WindowTokenizer
    fp32: InferenceSession
    int8: InferenceSession


class BertTaskWork:
    """One method for each task."""

    def __init__(self) -> None:
        self._pair: ModelPair | None = None

    def ask(self, settings: Settings, question: str, passage: str, tell: TaskReporter) -> dict[str, Any]:
        """Both models' answers; see `Desk.ask`."""
        pair = self._loaded(settings, tell)
        began = time.perf_counter()
        windows = pair.tokenizer.make_windows([question], [passage], _window_length(settings))
        tokenize_s = time.perf_counter() - began
        engines = {"fp32": pair.fp32, "int8": pair.int8}
        # The first pass of a new shape costs more than all others, and is not of interest.
        logits = {name: engine.compute_logits(windows, settings.batch) for name, engine in engines.items()}
        times: dict[str, list[float]] = {name: [] for name in engines}
        for done in range(ANSWER_REPEATS):
            tell.progress("answering", done / ANSWER_REPEATS)
            for name, engine in engines.items():
                began = time.perf_counter()
                engine.compute_logits(windows, settings.batch)
                times[name].append(time.perf_counter() - began)
        return {
            "answers": {
                name: {
                    "best": [
                        _answer_fields(one)
                        for one in pair.tokenizer.find_answers(windows, *found, [passage])[0][:MAX_ANSWERS_SHOWN]
                    ],
                    "inference_s": statistics.median(times[name]),
                }
                for name, found in logits.items()
            },
            "windows": len(windows),
            "length": _window_length(settings),
            "repeats": ANSWER_REPEATS,
            "tokenize_s": tokenize_s,
        }

    def quantize(self, settings: Settings, wanted: Conversion, tell: TaskReporter) -> dict[str, Any]:
        """Quantize and tune; see `Desk.quantize`."""
        # Here and not above: it loads Neural Compressor, which a question needs only where nothing is in the cache.
        from workloads.bert.quantization import tuning

        loaded = checkpoint.load_checkpoint(str(settings.parameters["model"]), tell.progress)
        tokenizer = WindowTokenizer(loaded)
        calibrated = wanted.calibration
        windows = tokenizer.make_question_windows(calibrated, _window_length(settings))
        cache = settings.cache / "bert"
        about = {"asked": wanted.config.sampling_size, "calibrated": len(calibrated)}
        fp32 = forward.build_frozen_graph(loaded)
        if not loaded.trained:
            file = graph_cache.load_or_quantize(loaded, wanted.config, windows, cache, tell.progress)
            return about | {
                "quantization": conversion.save_conversion(wanted.yaml, frozenset(), cache),
                "best": None,
                "met": None,
                "stopped": "untrained",
                "bytes_fp32": fp32.ByteSize(),
                "bytes_int8": file.stat().st_size,
            }
        questions = squad.load_questions(str(settings.parameters["evaluation"]), settings.uploads)
        measured: dict[str, float] = {}

        def evaluated(graph: Any) -> float:
            # As it would be raced.
            engine = InferenceSession(fusion.fuse_graph(graph), settings.cores)
            try:
                began = time.perf_counter()
                best = evaluation.answer_questions(
                    engine, tokenizer, questions, _window_length(settings), tell.progress
                )
                measured["seconds"] = time.perf_counter() - began
            finally:
                engine.close()
            score = squad.score_answers(questions, best)
            measured["exact_match"] = score.exact_match
            return score.f1

        baseline = evaluated(fp32)
        tell.event("baseline", {"f1": baseline, "questions": len(questions), **measured})
        tell.event(
            "plan",
            {
                "operators": len(convert.list_quantizable_operators(loaded)),
                "strategy": wanted.config.strategy,
                "max_trials": wanted.config.max_trials,
                "relative_loss": wanted.config.relative_loss,
            },
        )

        def told(trial: tuning.TuningTrial) -> None:
            tell.event(
                "trial",
                asdict(trial)
                | {
                    "fallback": sorted(trial.fallback),
                    "exact_match": measured["exact_match"],
                    "evaluation_s": measured["seconds"],
                    "quantization": conversion.save_conversion(wanted.yaml, trial.fallback, cache),
                },
            )

        result = tuning.tune_model(loaded, wanted.config, windows, evaluated, baseline, tell.progress, told, cache)
        return about | {
            "quantization": conversion.save_conversion(wanted.yaml, result.best.fallback, cache),
            "best": result.best.number,
            "met": result.met,
            "stopped": result.stopped,
            "bytes_fp32": fp32.ByteSize(),
            "bytes_int8": result.graph.ByteSize(),
        }

    def operators(self, settings: Settings, precisions: list[str], tell: TaskReporter) -> dict[str, Any]:
        """Operators and kernels of the graphs of two precisions; see `Desk.operators`."""
        loaded = checkpoint.load_checkpoint(str(settings.parameters["model"]), tell.progress)
        tokenizer = WindowTokenizer(loaded)
        questions = squad.load_questions(str(settings.parameters["evaluation"]), settings.uploads)
        windows = tokenizer.make_question_windows(
            questions[: settings.batch * PROFILE_PASSES], _window_length(settings)
        )
        breakdowns, profiles, arms = [], [], []
        for place, precision in enumerate(precisions):
            file = graphs.write_graph_file(precision, loaded, tokenizer, settings, tell.progress)
            tell.progress(f"running {precision} with oneDNN telling its kernels", place / len(precisions))
            breakdowns.append(operators.describe_graph(graphdef.read_graph(file)))
            profiles.append(
                profile_graph(
                    file,
                    windows,
                    threads=settings.cores,
                    batch=settings.batch,
                    repeats=PROFILE_PASSES,
                    environment=WORKLOAD.lever[precision].environment,
                )
            )
            arms.append(_describe_arm(precision, breakdowns[-1], profiles[-1]))
        limit = instruction_sets.compare_with_limit(*profiles) if precisions[1] == "int8" else None
        return {
            "arms": arms,
            "changes": [
                {
                    "layer": str(change.location),
                    "operator": change.operator,
                    "before": change.before,
                    "after": change.after,
                    "count_before": change.count_before,
                    "count_after": change.count_after,
                }
                for change in operators.compare_graphs(*breakdowns)
            ],
            "limit": None if limit is None else asdict(limit) | {"share": limit.share},
        }

    def _loaded(self, settings: Settings, tell: TaskReporter) -> ModelPair:
        """Both models, which stay for the next question."""
        named = str(settings.parameters["model"]), str(settings.parameters["quantization"])
        setting = (*named, _window_length(settings), settings.cores)
        if self._pair is None or self._pair.setting != setting:
            self._pair = None
            loaded = checkpoint.load_checkpoint(named[0], tell.progress)
            tokenizer = WindowTokenizer(loaded)
            files = [
                graphs.write_graph_file(name, loaded, tokenizer, settings, tell.progress) for name in ("fp32", "int8")
            ]
            tell.progress("loading both models")
            self._pair = ModelPair(setting, tokenizer, *(InferenceSession.load(file, settings.cores) for file in files))
        return self._pair


def _window_length(settings: Settings) -> int:
    return int(settings.parameters["length"])


def _describe_arm(precision: str, breakdown: GraphBreakdown, profile: Profile) -> dict[str, Any]:
    """One arm of `Desk.operators`."""
    return {
        "precision": precision,
        "projections": asdict(breakdown.projections),
        "attention": asdict(breakdown.attention_products),
        "counts": [asdict(count) for count in breakdown.counts()],
        "bytes_on_disk": breakdown.bytes_on_disk,
        "constants": [asdict(constants) for constants in breakdown.constants],
        "wall_ms": profile.wall_ms,
        "onednn_share": profile.onednn_share,
        "batch": profile.batch,
        "length": profile.length,
        "passes": profile.passes,
        "kernels": [asdict(kernel) | {"gops": kernel.gops} for kernel in profile.kernels],
        "operators": [asdict(operator) for operator in profile.operators],
        "instructions": profile.instructions,
        "onednn": profile.version,
        "skipped": profile.skipped,
        "note": profile.note,
        "verdict": instruction_sets.find_int8_instructions(profile.kernels).sentence if precision == "int8" else "",
    }


def _answer_fields(one: Answer) -> dict[str, Any]:
    return {"text": one.text, "start": one.start, "end": one.end, "probability": one.probability}
