"""What BERT does when asked, other than racing: answer a question, be quantized and tuned, tell its operators.

See `workloads.bert.tasks`, which checks what is asked before this, and all that it imports, is loaded.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from typing import Any

from bench.workload.declaration import Settings, Tell
from workloads.bert import WORKLOAD, squad
from workloads.bert.inference import evaluation
from workloads.bert.inference.session import Engine
from workloads.bert.inference.tokenization import Answer, Reader
from workloads.bert.model import checkpoint, forward, fusion, graphdef
from workloads.bert.profiling import operators
from workloads.bert.profiling import profile as profiling_profile
from workloads.bert.profiling.operators import Breakdown
from workloads.bert.profiling.profile import Profile
from workloads.bert.quantization import conversion, convert, graphs
from workloads.bert.quantization.conversion import Conversion

REPEATS = 5
"""How often each model answers, to tell its time."""
PASSES = 10
"""Batches that are run to tell where the time goes."""
BEST = 3
"""Answers that are shown of each model."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both models of one setting, ready to answer."""

    setting: tuple[str, str, int, int]
    reader: Reader
    fp32: Engine
    int8: Engine


class Tasks:
    """One method for each task."""

    def __init__(self) -> None:
        self._pair: Pair | None = None

    def ask(self, settings: Settings, question: str, passage: str, tell: Tell) -> dict[str, Any]:
        """Both models' answers; see `Desk.ask`."""
        pair = self._loaded(settings, tell)
        began = time.perf_counter()
        windows = pair.reader.windows([question], [passage], _length(settings))
        tokenize_s = time.perf_counter() - began
        engines = {"fp32": pair.fp32, "int8": pair.int8}
        # The first pass of a new shape costs more than all others, and is not of interest.
        logits = {name: engine.logits(windows, settings.batch) for name, engine in engines.items()}
        times: dict[str, list[float]] = {name: [] for name in engines}
        for done in range(REPEATS):
            tell.progress("answering", done / REPEATS)
            for name, engine in engines.items():
                began = time.perf_counter()
                engine.logits(windows, settings.batch)
                times[name].append(time.perf_counter() - began)
        return {
            "answers": {
                name: {
                    "best": [_answer(one) for one in pair.reader.answers(windows, *found, [passage])[0][:BEST]],
                    "inference_s": statistics.median(times[name]),
                }
                for name, found in logits.items()
            },
            "windows": len(windows),
            "length": _length(settings),
            "repeats": REPEATS,
            "tokenize_s": tokenize_s,
        }

    def quantize(self, settings: Settings, wanted: Conversion, tell: Tell) -> dict[str, Any]:
        """Quantize and tune; see `Desk.quantize`."""
        # Here and not above: it loads Neural Compressor, which a question needs only where nothing is in the cache.
        from workloads.bert.quantization import tuning

        loaded = checkpoint.load(str(settings.parameters["model"]), tell.progress)
        reader = Reader(loaded)
        calibrated = wanted.calibration
        windows = reader.questions(calibrated, _length(settings))
        cache = settings.cache / "bert"
        about = {"asked": wanted.recipe.sampling_size, "calibrated": len(calibrated)}
        fp32 = forward.frozen(loaded)
        if not loaded.trained:
            file = convert.cached(loaded, wanted.recipe, windows, cache, tell.progress)
            return about | {
                "quantization": conversion.keep(wanted.yaml, frozenset(), cache),
                "best": None,
                "met": None,
                "stopped": "untrained",
                "bytes_fp32": fp32.ByteSize(),
                "bytes_int8": file.stat().st_size,
            }
        questions = squad.named(str(settings.parameters["evaluation"]), settings.uploads)
        measured: dict[str, float] = {}

        def evaluated(graph: Any) -> float:
            # As it would be raced.
            engine = Engine(fusion.fused(graph), settings.cores)
            try:
                began = time.perf_counter()
                best = evaluation.answered(engine, reader, questions, _length(settings), tell.progress)
                measured["seconds"] = time.perf_counter() - began
            finally:
                engine.close()
            score = squad.score(questions, best)
            measured["exact_match"] = score.exact_match
            return score.f1

        baseline = evaluated(fp32)
        tell.event("baseline", {"f1": baseline, "questions": len(questions), **measured})
        tell.event(
            "plan",
            {
                "operators": len(convert.operators(loaded)),
                "strategy": wanted.recipe.strategy,
                "max_trials": wanted.recipe.max_trials,
                "relative_loss": wanted.recipe.relative_loss,
            },
        )

        def told(trial: tuning.Trial) -> None:
            tell.event(
                "trial",
                asdict(trial)
                | {
                    "fallback": sorted(trial.fallback),
                    "exact_match": measured["exact_match"],
                    "evaluation_s": measured["seconds"],
                    "quantization": conversion.keep(wanted.yaml, trial.fallback, cache),
                },
            )

        result = tuning.tune(loaded, wanted.recipe, windows, evaluated, baseline, tell.progress, told, cache)
        return about | {
            "quantization": conversion.keep(wanted.yaml, result.best.fallback, cache),
            "best": result.best.number,
            "met": result.met,
            "stopped": result.stopped,
            "bytes_fp32": fp32.ByteSize(),
            "bytes_int8": result.graph.ByteSize(),
        }

    def operators(self, settings: Settings, precisions: list[str], tell: Tell) -> dict[str, Any]:
        """Operators and kernels of the graphs of two precisions; see `Desk.operators`."""
        loaded = checkpoint.load(str(settings.parameters["model"]), tell.progress)
        reader = Reader(loaded)
        questions = squad.named(str(settings.parameters["evaluation"]), settings.uploads)
        windows = reader.questions(questions[: settings.batch * PASSES], _length(settings))
        breakdowns, profiles, arms = [], [], []
        for place, precision in enumerate(precisions):
            file = graphs.file(precision, loaded, reader, settings, tell.progress)
            tell.progress(f"running {precision} with oneDNN telling its kernels", place / len(precisions))
            breakdowns.append(operators.describe(graphdef.read(file)))
            profiles.append(
                profiling_profile.profile(
                    file,
                    windows,
                    threads=settings.cores,
                    batch=settings.batch,
                    repeats=PASSES,
                    environment=WORKLOAD.lever[precision].environment,
                )
            )
            arms.append(_told(precision, breakdowns[-1], profiles[-1]))
        limit = profiling_profile.share_of_limit(*profiles) if precisions[1] == "int8" else None
        return {
            "arms": arms,
            "changes": [
                {
                    "layer": str(change.place),
                    "operator": change.operator,
                    "before": change.before,
                    "after": change.after,
                    "count_before": change.count_before,
                    "count_after": change.count_after,
                }
                for change in operators.compare(*breakdowns)
            ],
            "limit": None if limit is None else asdict(limit) | {"share": limit.share},
        }

    def _loaded(self, settings: Settings, tell: Tell) -> Pair:
        """Both models, which stay for the next question."""
        named = str(settings.parameters["model"]), str(settings.parameters["quantization"])
        setting = (*named, _length(settings), settings.cores)
        if self._pair is None or self._pair.setting != setting:
            self._pair = None
            loaded = checkpoint.load(named[0], tell.progress)
            reader = Reader(loaded)
            files = [graphs.file(name, loaded, reader, settings, tell.progress) for name in ("fp32", "int8")]
            tell.progress("loading both models")
            self._pair = Pair(setting, reader, *(Engine.load(file, settings.cores) for file in files))
        return self._pair


def _length(settings: Settings) -> int:
    return int(settings.parameters["length"])


def _told(precision: str, breakdown: Breakdown, profile: Profile) -> dict[str, Any]:
    """One arm of `Desk.operators`."""
    return {
        "precision": precision,
        "projections": asdict(breakdown.projections),
        "attention": asdict(breakdown.attention_products),
        "counts": [asdict(count) for count in breakdown.counts()],
        "bytes_on_disk": breakdown.bytes_on_disk,
        "constants": [asdict(constants) for constants in breakdown.constants],
        "wall_ms": profile.wall_ms,
        "onednn_ms": profile.onednn_ms,
        "onednn_share": profile.onednn_share,
        "operators_ms": profile.operators_ms,
        "batch": profile.batch,
        "length": profile.length,
        "passes": profile.passes,
        "kernels": [asdict(kernel) | {"gops": kernel.gops} for kernel in profile.kernels],
        "operators": [asdict(operator) for operator in profile.operators],
        "products": [asdict(product) for product in profiling_profile.products(profile)],
        "instructions": profile.instructions,
        "onednn": profile.version,
        "skipped": profile.skipped,
        "note": profile.note,
        "verdict": profiling_profile.vnni(profile.kernels).sentence if precision == "int8" else "",
    }


def _answer(one: Answer) -> dict[str, Any]:
    return {"text": one.text, "start": one.start, "end": one.end, "probability": one.probability}
