"""Tuning to an accuracy criterion: which operators fall back to FP32 until F1 is near enough to FP32's.

Neural Compressor's own loop, autotune, is no use here: it converts the model that the trial before has changed,
samples the calibration data again for every trial, tries no more trials than there are configurations at its start,
which shuts out strategies that learn from results, and knows neither a timeout nor a trial that somebody watches. So
its Sampler and ConfigLoader are used, in a loop of our own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from neural_compressor.common.base_tuning import ConfigLoader, ConfigSet, Sampler

from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import convert, graph_cache
from workloads.bert.quantization.config import Recipe
from workloads.bert.quantization.inc_patches import ConversionState

MAX_GROUPS = 26
"""Measurements of sensitivity: two for each layer of a BERT-base, its head and its rest."""
PROBE_WINDOWS = 32
"""Calibration windows on which sensitivity is measured."""
MAX_REPEATS = 200
"""Proposals in a row that were tried before, until a strategy is taken to have no other."""

StopReason = Literal["met", "max_trials", "timeout", "exhausted"]
"""Why a tuning ended; `exhausted`: the strategy has nothing left to try."""


@dataclass(frozen=True, slots=True)
class TuningTrial:
    """One conversion, evaluated."""

    number: int
    """From 1."""
    fallback: frozenset[str]
    """Operators that stay in FP32."""
    operators_int8: int
    operators: int
    f1: float
    loss_relative: float
    """F1 lost, as a share of FP32's; below 0 where INT8 is better."""
    seconds: float
    """Of conversion and evaluation."""
    met: bool


@dataclass(frozen=True, slots=True)
class TuningResult:
    """What came of a tuning. Without a trial that meets the criterion, `best` is the one that lost least."""

    best: TuningTrial
    graph: Any
    """Of the best trial: a GraphDef, which `quantize.cached` finds too."""
    met: bool
    trials: tuple[TuningTrial, ...]
    stopped: StopReason


@dataclass(slots=True)
class _TuningJob:
    """What all strategies need to know, and to convert a model."""

    checkpoint: Checkpoint
    recipe: Recipe
    calibration: Windows
    progress: ProgressReporter
    operators: list[str]
    deadline: float
    kept: ConversionState
    folder: Path

    def converted(self, fallback: frozenset[str]) -> Any:
        """A trial's graph; the one with all in INT8, which everybody begins with, comes from the cache if it can."""
        if fallback:
            return self.convert(fallback)
        file = graph_cache.load_or_quantize(
            self.checkpoint, self.recipe, self.calibration, self.folder, self.progress, kept=self.kept
        )
        return graphdef.read_graph(file)

    def convert(self, fallback: frozenset[str]) -> Any:
        return convert.quantize_graph(
            self.checkpoint, self.recipe, self.calibration, self.progress, fallback=fallback, kept=self.kept
        )

    def late(self) -> bool:
        return time.monotonic() >= self.deadline


def tune_model(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    evaluate: Callable[[Any], float],
    baseline: float,
    progress: ProgressReporter,
    trial: Callable[[TuningTrial], None],
    folder: Path,
) -> TuningResult:
    """Try conversions by the recipe's strategy, until one meets its criterion or its exit policy ends the search.

    `evaluate` gives a GraphDef's F1, `baseline` is that of FP32. `trial` is called after every trial. The first is
    always made, all in INT8; a timeout ends the search after the trial or measurement under way. The best graph so
    far is left in the cache `folder` after every trial. Raises BadInput where FP32 has no F1 to compare with.
    """
    if not baseline > 0:
        raise BadInput(
            f"FP32 has an F1 of {baseline:.2f}: there is no loss to measure",
            "Tune with a trained model and questions that it can answer.",
        )
    began = time.monotonic()
    job = _TuningJob(
        checkpoint,
        recipe,
        calibration,
        progress,
        convert.list_quantizable_operators(checkpoint),
        began + (recipe.timeout or math.inf),
        ConversionState(),
        folder,
    )
    strategy = STRATEGIES[recipe.strategy](job)
    trials: list[TuningTrial] = []
    best = graph = None
    stopped: StopReason = "exhausted"
    for number, _ in enumerate(ConfigLoader([convert.build_static_config(recipe)], strategy.started), 1):
        fallback = strategy.fallback
        started = time.monotonic()
        progress(f"trial {number}: {len(job.operators) - len(fallback)} of {len(job.operators)} operators in INT8")
        converted = job.converted(fallback)
        f1 = float(evaluate(converted))
        loss = (baseline - f1) / baseline
        made = TuningTrial(
            number=number,
            fallback=fallback,
            operators_int8=len(job.operators) - len(fallback),
            operators=len(job.operators),
            f1=f1,
            loss_relative=loss,
            seconds=time.monotonic() - started,
            met=loss <= recipe.relative_loss,
        )
        trials.append(made)
        if best is None or made.loss_relative < best.loss_relative or made.met:
            best, graph = made, converted
            # At once: whoever stops the search in the middle keeps the best of it.
            graph_cache.store_graph(graph, made.seconds, checkpoint, recipe, calibration, folder, fallback)
        strategy.last = made
        trial(made)
        if made.met:
            stopped = "met"
        elif number >= recipe.max_trials:
            stopped = "max_trials"
        elif job.late():
            stopped = "timeout"
        else:
            continue
        break
    else:
        if job.late():
            stopped = "timeout"
    assert best is not None  # Every strategy begins with a trial.
    return TuningResult(best, graph, best.met, tuple(trials), stopped)


class TuningStrategy(Sampler):
    """A Sampler that chooses the next fallback when the trial before is known.

    It adds each choice to Neural Compressor's set of configurations and yields its place there, so that ConfigLoader
    hands it on. `proposals` begins with nothing in fallback, which is where every tuning starts.
    """

    def __init__(self, job: _TuningJob) -> None:
        self.job = job
        self.fallback: frozenset[str] = frozenset()
        """The one that is tried now."""
        self.last: TuningTrial | None = None
        """The trial that was made last."""

    def started(self, source: ConfigSet) -> TuningStrategy:
        """ConfigLoader's way to make its sampler."""
        self.source = source
        return self

    def __iter__(self) -> Iterator[int]:
        tried: set[frozenset[str]] = set()
        repeats = 0
        for fallback in self.proposals():
            repeats = repeats + 1 if fallback in tried else 0
            if repeats > MAX_REPEATS or (self.last and self.job.late()):
                return
            if repeats:
                continue
            tried.add(fallback)
            self.fallback = fallback
            if fallback:
                self.source.config_list.append(convert.build_static_config(self.job.recipe, fallback))
            yield len(self.source) - 1

    def proposals(self) -> Iterator[frozenset[str]]:
        raise NotImplementedError


class BasicStrategy(TuningStrategy):
    """All in INT8 first. Then the operators that hurt most fall back, one group more in every trial."""

    def proposals(self) -> Iterator[frozenset[str]]:
        yield frozenset()
        fallback: frozenset[str] = frozenset()
        for group in self._by_sensitivity():
            fallback |= frozenset(group)
            yield fallback

    def _by_sensitivity(self) -> list[list[str]]:
        """The groups, the one first whose return to FP32 brings the logits nearest to FP32's."""
        job = self.job
        rows = np.unique(np.linspace(0, len(job.calibration) - 1, PROBE_WINDOWS).astype(int))
        probed = Windows(**{name: getattr(job.calibration, name)[rows] for name in Windows.__slots__})
        true = _run_windows(forward.build_frozen_graph(job.checkpoint), probed)
        groups = group_operators(job.operators)
        errors: list[tuple[float, list[str]]] = []
        for place, group in enumerate(groups, 1):
            if job.late():
                break
            job.progress(f"sensitivity: {place} of {len(groups)} groups of operators, now {_describe_group(group)}")
            found = _run_windows(job.convert(frozenset(group)), probed)
            errors.append((float(np.mean((found - true) ** 2)), group))
        return [group for _, group in sorted(errors, key=lambda pair: pair[0])]


class RandomStrategy(TuningStrategy):
    """All in INT8 first. Then any number of operators, any of them, by the recipe's seed."""

    def proposals(self) -> Iterator[frozenset[str]]:
        yield frozenset()
        random = np.random.default_rng(self.job.recipe.random_seed)
        operators = self.job.operators
        while True:
            count = int(random.integers(1, len(operators) + 1))
            yield frozenset(operators[place] for place in random.choice(len(operators), count, replace=False))


class BayesianStrategy(TuningStrategy):
    """All in INT8 first. Then what Optuna's tree-structured Parzen estimator takes to do best, a yes or no for every
    operator."""

    def proposals(self) -> Iterator[frozenset[str]]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        recipe, operators = self.job.recipe, self.job.operators
        study = optuna.create_study(
            direction="minimize", sampler=optuna.samplers.TPESampler(seed=recipe.random_seed, multivariate=False)
        )
        study.enqueue_trial(dict.fromkeys(operators, False))
        known: dict[frozenset[str], float] = {}
        while True:
            asked = study.ask()
            fallback = frozenset(name for name in operators if asked.suggest_categorical(name, [False, True]))
            yield fallback
            if fallback not in known:
                assert self.last is not None
                # What is lost beyond the criterion counts; among equals, what keeps more in INT8.
                over = max(0.0, self.last.loss_relative - recipe.relative_loss)
                known[fallback] = over + 1e-3 * len(fallback) / len(operators)
            study.tell(asked, known[fallback])


STRATEGIES: dict[str, type[TuningStrategy]] = {
    "basic": BasicStrategy,
    "random": RandomStrategy,
    "bayesian": BayesianStrategy,
}


def group_operators(operators: list[str]) -> list[list[str]]:
    """Operators in groups that are tried together, at most `MOST_GROUPS` if layers allow: each alone, or attention and
    feed-forward of a layer, or a layer."""
    for part in (str, _layer_half, _layer_name):
        groups: dict[str, list[str]] = {}
        for name in operators:
            groups.setdefault(part(name), []).append(name)
        if len(groups) <= MAX_GROUPS:
            break
    return list(groups.values())


def _layer_name(name: str) -> str:
    return "/".join(name.split("/")[:3])


def _layer_half(name: str) -> str:
    return f"{_layer_name(name)} {'attention' if '/attention/' in name else 'feed-forward'}"


def _describe_group(group: list[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]} and {len(group) - 1} more"


def _run_windows(graph: Any, windows: Windows) -> np.ndarray:
    """Start and end logits of the positions that hold a piece."""
    engine = InferenceSession(graph, 0)
    try:
        start, end = engine.compute_logits(windows, PROBE_WINDOWS)
    finally:
        engine.close()
    return np.stack([start, end])[:, windows.attention_mask.astype(bool)]
