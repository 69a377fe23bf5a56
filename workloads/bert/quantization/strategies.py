"""Tuning strategies: which operators fall back to FP32 in the next trial."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.workload.interface import ProgressReporter
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import convert, graph_cache, inc_adapter
from workloads.bert.quantization.config import QuantizationConfig, StrategyName
from workloads.bert.quantization.convert import ConversionState

MAX_GROUPS = 26
"""Groups of operators whose sensitivity is measured: for BERT-base two for each layer, the head and the rest."""
PROBE_WINDOWS = 32
"""Calibration windows on which sensitivity is measured."""
MAX_REPEATED_PROPOSALS = 200
"""A strategy has nothing left to try after this many proposals in a row that were tried before."""


@dataclass(slots=True)
class TuningJob:
    """The model that is tuned, and how to convert it."""

    checkpoint: Checkpoint
    config: QuantizationConfig
    calibration: Windows
    progress: ProgressReporter
    operators: list[str]
    """Names of the operators that can become INT8, in the order of the model."""
    cache: Path
    """Folder of the cache of quantized graphs."""
    deadline: float = math.inf
    """Value of time.monotonic() at which the search ends."""
    state: ConversionState = field(default_factory=ConversionState)

    def convert_trial(self, fallback: frozenset[str]) -> Any:
        """Return the GraphDef of a trial. The one with all operators in INT8, the first of every tuning, is cached."""
        if fallback:
            return self.convert(fallback)
        file = graph_cache.load_or_quantize(
            self.checkpoint, self.config, self.calibration, self.cache, self.progress, state=self.state
        )
        return graphdef.read_graph(file)

    def convert(self, fallback: frozenset[str]) -> Any:
        """Return the GraphDef in which the operators `fallback` stay in FP32, without use of the cache."""
        return convert.quantize_graph(
            self.checkpoint, self.config, self.calibration, self.progress, fallback, self.state
        )

    def is_overdue(self) -> bool:
        return time.monotonic() >= self.deadline


class TuningStrategy(inc_adapter.Sampler):
    """A sampler of Neural Compressor that chooses the next fallback after the loss of the previous trial is known.

    The loop that tunes reads `fallback`, the choice, and sets `last_loss`. Each choice is added to Neural Compressor's
    set of configurations, and its index in the set is what the sampler yields.
    """

    def __init__(self, job: TuningJob) -> None:
        self.job = job
        self.fallback: frozenset[str] = frozenset()
        """The fallback of the current trial."""
        self.last_loss: float | None = None
        """Relative loss of F1 in the last trial; None before the first one has ended."""

    def start(self, config_set: Any) -> TuningStrategy:
        """Return this sampler; `inc_adapter.load_configs` calls it with Neural Compressor's set of configurations."""
        self.config_set = config_set
        return self

    def __iter__(self) -> Iterator[int]:
        tried: set[frozenset[str]] = set()
        repeated = 0
        for fallback in self.propose():
            repeated = repeated + 1 if fallback in tried else 0
            if repeated > MAX_REPEATED_PROPOSALS or (self.last_loss is not None and self.job.is_overdue()):
                return
            if repeated:
                continue
            tried.add(fallback)
            self.fallback = fallback
            if fallback:
                yield inc_adapter.add_config(self.config_set, inc_adapter.make_static_config(self.job.config, fallback))
            else:
                # The set begins with the configuration of an empty fallback.
                yield 0

    def propose(self) -> Iterator[frozenset[str]]:
        """Yield fallbacks, the first of them empty. A fallback that was proposed before is not tried again."""
        raise NotImplementedError


class BasicStrategy(TuningStrategy):
    """First all operators in INT8; then the most sensitive groups of operators fall back, one more in every trial."""

    def propose(self) -> Iterator[frozenset[str]]:
        yield frozenset()
        fallback: frozenset[str] = frozenset()
        for group in self._sort_by_sensitivity():
            fallback |= frozenset(group)
            yield fallback

    def _sort_by_sensitivity(self) -> list[list[str]]:
        """Return the groups of operators, the most sensitive first.

        That is the group whose fallback, alone, leaves the smallest mean square error of the logits.
        """
        job = self.job
        rows = np.unique(np.linspace(0, len(job.calibration) - 1, PROBE_WINDOWS).astype(int))
        windows = job.calibration[rows]
        expected = _compute_logits(forward.build_frozen_graph(job.checkpoint), windows)
        groups = group_operators(job.operators)
        errors: list[tuple[float, list[str]]] = []
        for number, group in enumerate(groups, 1):
            if job.is_overdue():
                break
            job.progress(
                f"measuring sensitivity: {number} of {len(groups)} groups of operators, now {_describe_group(group)}",
                (number - 1) / len(groups),
            )
            logits = _compute_logits(job.convert(frozenset(group)), windows)
            errors.append((float(np.mean((logits - expected) ** 2)), group))
        return [group for _, group in sorted(errors, key=lambda pair: pair[0])]


class RandomStrategy(TuningStrategy):
    """First all operators in INT8; then any number of operators, drawn with the configuration's seed, falls back."""

    def propose(self) -> Iterator[frozenset[str]]:
        yield frozenset()
        random = np.random.default_rng(self.job.config.random_seed)
        operators = self.job.operators
        while True:
            count = int(random.integers(1, len(operators) + 1))
            yield frozenset(operators[index] for index in random.choice(len(operators), count, replace=False))


class BayesianStrategy(TuningStrategy):
    """First all operators in INT8; then what Optuna's tree-structured Parzen estimator (TPE) proposes.

    Each operator is a yes-or-no parameter. The cost of a trial is its loss beyond the criterion; among trials that
    meet it, the one with fewer operators in FP32 costs less.
    """

    def propose(self) -> Iterator[frozenset[str]]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        config, operators = self.job.config, self.job.operators
        study = optuna.create_study(
            direction="minimize", sampler=optuna.samplers.TPESampler(seed=config.random_seed, multivariate=False)
        )
        study.enqueue_trial(dict.fromkeys(operators, False))
        costs: dict[frozenset[str], float] = {}
        while True:
            trial = study.ask()
            fallback = frozenset(name for name in operators if trial.suggest_categorical(name, [False, True]))
            yield fallback
            if fallback not in costs:
                assert self.last_loss is not None
                excess = max(0.0, self.last_loss - config.relative_loss)
                costs[fallback] = excess + 1e-3 * len(fallback) / len(operators)
            study.tell(trial, costs[fallback])


STRATEGIES: dict[StrategyName, type[TuningStrategy]] = {
    "basic": BasicStrategy,
    "random": RandomStrategy,
    "bayesian": BayesianStrategy,
}


def group_operators(operators: list[str]) -> list[list[str]]:
    """Return the operators in groups that fall back together, at most `MAX_GROUPS` if the number of layers allows it.

    A group is an operator, or the attention or the feed-forward part of a layer, or a layer: the first of these that
    gives few enough groups.
    """
    groups: dict[str, list[str]] = {}
    for name_group in (str, _layer_half, _layer_name):
        groups = {}
        for name in operators:
            groups.setdefault(name_group(name), []).append(name)
        if len(groups) <= MAX_GROUPS:
            break
    return list(groups.values())


def _layer_name(name: str) -> str:
    return "/".join(name.split("/")[:3])


def _layer_half(name: str) -> str:
    return f"{_layer_name(name)} {'attention' if '/attention/' in name else 'feed-forward'}"


def _describe_group(group: list[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]} and {len(group) - 1} more"


def _compute_logits(graph: Any, windows: Windows) -> np.ndarray:
    """Return the logits of start and end of all positions that are not padding, of shape (2, positions)."""
    session = InferenceSession(graph, 0)
    try:
        start, end = session.compute_logits(windows, PROBE_WINDOWS)
    finally:
        session.close()
    return np.stack([start, end])[:, windows.attention_mask.astype(bool)]
