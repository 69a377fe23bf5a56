"""Tuning to an accuracy criterion: operators fall back to FP32 until F1 is near enough to FP32's.

The loop is not Neural Compressor's autotune: that converts the model that the previous trial has changed, samples the
calibration data again in every trial, ends after as many trials as there were configurations at its start (which
excludes strategies that learn from results), and has neither a timeout nor a callback for a trial. Its Sampler and
ConfigLoader are used.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import convert, graph_cache, inc_adapter
from workloads.bert.quantization.config import QuantizationConfig
from workloads.bert.quantization.strategies import STRATEGIES, TuningJob

StopReason = Literal["met", "max_trials", "timeout", "exhausted"]
"""Why a tuning ended. `exhausted`: the strategy has nothing left to try."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A conversion and its accuracy."""

    number: int
    """From 1."""
    fallback: frozenset[str]
    """Operators that stay in FP32."""
    operators_int8: int
    operators: int
    f1: float
    loss_relative: float
    """F1 lost, as a share of FP32's; negative if INT8 is better."""
    seconds: float
    """Time of conversion and evaluation."""
    met: bool
    """Whether the trial meets the accuracy criterion."""


@dataclass(frozen=True, slots=True)
class TuningResult:
    """The result of a tuning."""

    best: Trial
    """The trial that meets the criterion, or else the one with the smallest loss."""
    graph: Any
    """The GraphDef of the best trial; it is in the cache as well."""
    met: bool
    trials: tuple[Trial, ...]
    stopped: StopReason


def tune_model(
    checkpoint: Checkpoint,
    config: QuantizationConfig,
    calibration: Windows,
    evaluate: Callable[[Any], float],
    baseline_f1: float,
    progress: ProgressReporter,
    on_trial: Callable[[Trial], None],
    cache: Path,
) -> TuningResult:
    """Try conversions until one meets the criterion, or until the exit policy ends the search.

    `evaluate` returns the F1 of a GraphDef; `baseline_f1` is that of FP32. `on_trial` is called after every trial. The
    first trial, all operators in INT8, always takes place; a timeout ends the search after the current trial or
    measurement. After every trial the best graph so far is stored in the folder `cache`. Raises BadInput if FP32 has no
    F1 to compare with.
    """
    if not baseline_f1 > 0:
        raise BadInput(
            f"FP32 has an F1 of {baseline_f1:.2f}: there is no loss to measure",
            "Tune with a trained model and questions that it can answer.",
        )
    deadline = time.monotonic() + (config.timeout_s or math.inf)
    operators = convert.list_quantizable_operators(checkpoint)
    job = TuningJob(checkpoint, config, calibration, progress, operators, cache, deadline)
    strategy = STRATEGIES[config.strategy](job)
    trials: list[Trial] = []
    best: Trial | None = None
    graph: Any = None
    stopped: StopReason | None = None
    for number, _ in enumerate(inc_adapter.load_configs(inc_adapter.make_static_config(config), strategy.start), 1):
        began = time.monotonic()
        operators_int8 = len(operators) - len(strategy.fallback)
        progress(f"tuning: trial {number}, {operators_int8} of {len(operators)} operators in INT8")
        trial_graph = job.convert_trial(strategy.fallback)
        f1 = float(evaluate(trial_graph))
        loss = (baseline_f1 - f1) / baseline_f1
        trial = Trial(
            number=number,
            fallback=strategy.fallback,
            operators_int8=operators_int8,
            operators=len(operators),
            f1=f1,
            loss_relative=loss,
            seconds=time.monotonic() - began,
            met=loss <= config.relative_loss,
        )
        trials.append(trial)
        if best is None or trial.loss_relative < best.loss_relative or trial.met:
            best, graph = trial, trial_graph
            # Now and not at the end, so that the best graph remains if the search is stopped.
            graph_cache.store_graph(graph, trial.seconds, checkpoint, config, calibration, cache, trial.fallback)
        strategy.last_loss = trial.loss_relative
        on_trial(trial)
        if trial.met:
            stopped = "met"
        elif number >= config.max_trials:
            stopped = "max_trials"
        elif job.is_overdue():
            stopped = "timeout"
        if stopped:
            break
    if stopped is None:
        stopped = "timeout" if job.is_overdue() else "exhausted"
    assert best is not None  # Every strategy begins with a trial.
    return TuningResult(best, graph, best.met, tuple(trials), stopped)
