"""Tuning to an accuracy criterion: conversions of a small model, evaluated by the error of its logits."""

from __future__ import annotations

import math
import time
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from bench.workload.interface import BadInput
from tests.support import tiny_bert
from workloads.bert.inference.session import InferenceSession
from workloads.bert.model import forward
from workloads.bert.quantization import convert, graph_cache, inc_adapter, strategies, tuning
from workloads.bert.quantization.config import QuantizationConfig

INT8_OPERATOR = "QuantizedMatMulWithBiasAndDequantize"
BASELINE_F1 = 90.0


class SmallModel:
    """A model of one layer, seven operators, and a measure that falls with the error of its logits."""

    def __init__(self, folder: Path) -> None:
        self.checkpoint = tiny_bert.make_checkpoint(folder, num_hidden_layers=1)
        self.calibration = tiny_bert.make_windows(self.checkpoint, 20)
        self.evaluated = tiny_bert.make_windows(self.checkpoint, 8, seed=1)
        self.operators = convert.list_quantizable_operators(self.checkpoint)
        self.cache = folder / "cache"
        self.fp32 = self.logits(forward.build_frozen_graph(self.checkpoint))

    def logits(self, graph) -> np.ndarray:
        engine = InferenceSession(graph, 1)
        try:
            return np.stack(engine.compute_logits(self.evaluated, 8))[:, self.evaluated.attention_mask == 1]
        finally:
            engine.close()

    def evaluate(self, graph) -> float:
        return BASELINE_F1 - 100 * float(np.sqrt(np.mean((self.logits(graph) - self.fp32) ** 2)))

    def tune(
        self, config: QuantizationConfig, cache: Path | None = None, **options
    ) -> tuple[tuning.TuningResult, list, list[str]]:
        """Return the result, the reported trials, and the progress."""
        trials: list[tuning.Trial] = []
        progress = tiny_bert.ProgressRecorder()
        defaults = {
            "evaluate": self.evaluate,
            "baseline_f1": BASELINE_F1,
            "progress": progress,
            "on_trial": trials.append,
            "cache": cache or self.cache,
        }
        result = tuning.tune_model(self.checkpoint, config, self.calibration, **(defaults | options))
        assert result.trials == tuple(trials)
        return result, trials, progress

    def propose(
        self, config: QuantizationConfig, count: int = 10_000, operators: list[str] | None = None
    ) -> list[frozenset[str]]:
        """Return what a strategy tries, without conversions, if each operator in INT8 loses its number in percent."""
        operators = operators or self.operators
        job = strategies.TuningJob(self.checkpoint, config, self.calibration, print, operators, self.cache)
        strategy = strategies.STRATEGIES[config.strategy](job)
        first = inc_adapter.make_static_config(config)
        fallbacks = []
        for number, _ in enumerate(inc_adapter.load_configs(first, strategy.start), 1):
            fallbacks.append(strategy.fallback)
            if number == count:
                break
            loss = sum(place for place, name in enumerate(operators, 1) if name not in strategy.fallback) / 100
            strategy.last_loss = loss
        return fallbacks


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> SmallModel:
    return SmallModel(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def searched(small) -> tuning.TuningResult:
    """A search by the basic strategy to its end: the baseline is twice what FP32 reaches, so no trial meets it."""
    result, trials, progress = small.tune(QuantizationConfig(relative_loss=0.0), baseline_f1=2 * BASELINE_F1)
    assert len(trials) == 8
    assert [text for text in progress if text.startswith("tuning: ")][:2] == [
        "tuning: trial 1, 7 of 7 operators in INT8",
        "tuning: trial 2, 6 of 7 operators in INT8",
    ]
    assert sum(text.startswith("measuring sensitivity: ") for text in progress) == 7
    return result


def check_result(result: tuning.TuningResult, baseline: float = BASELINE_F1) -> None:
    """Assert what is true for every result."""
    for number, trial in enumerate(result.trials, 1):
        assert trial.number == number
        assert trial.operators == 7 and trial.operators_int8 == 7 - len(trial.fallback)
        assert trial.loss_relative == pytest.approx((baseline - trial.f1) / baseline)
        assert trial.seconds > 0
    assert result.trials[0].fallback == frozenset()
    assert len({trial.fallback for trial in result.trials}) == len(result.trials)
    assert result.met == result.best.met == (result.stopped == "met")
    if result.met:
        assert result.best is result.trials[-1]
        assert not any(trial.met for trial in result.trials[:-1])
    else:
        assert result.best.loss_relative == min(trial.loss_relative for trial in result.trials)
    products = Counter(node.op for node in result.graph.node if "MatMul" in node.op and "Batch" not in node.op)
    assert products[INT8_OPERATOR] == result.best.operators_int8
    assert {node.name for node in result.graph.node if node.op == "MatMul"} == result.best.fallback


@pytest.mark.parametrize("strategy", strategies.STRATEGIES)
def test_a_criterion_that_int8_meets_ends_the_search_at_once(small, strategy):
    result, trials, _ = small.tune(QuantizationConfig(strategy=strategy, relative_loss=1.0))
    check_result(result)
    assert (len(trials), result.stopped, result.met) == (1, "met", True)
    assert trials[0].operators_int8 == 7
    assert result.best.f1 == small.evaluate(result.graph) < BASELINE_F1


def test_basic_adds_one_group_to_the_fallback_in_each_trial(searched):
    check_result(searched, 2 * BASELINE_F1)
    assert searched.stopped == "exhausted" and not searched.met
    fallbacks = [trial.fallback for trial in searched.trials]
    assert [len(fallback) for fallback in fallbacks] == list(range(8))
    assert all(one < other for one, other in pairwise(fallbacks))
    # With all operators in FP32, only the excess of the baseline is lost.
    assert searched.trials[-1].f1 == pytest.approx(BASELINE_F1, abs=0.01)
    assert searched.trials[0].f1 < searched.trials[-1].f1


def test_basic_orders_groups_by_the_error_with_only_that_group_in_fp32(small, searched):
    calibrated = small.calibration
    read = calibrated.attention_mask == 1

    def logits(graph) -> np.ndarray:
        engine = InferenceSession(graph, 1)
        try:
            return np.stack(engine.compute_logits(calibrated, 8))[:, read]
        finally:
            engine.close()

    true = logits(forward.build_frozen_graph(small.checkpoint))
    state = convert.ConversionState()

    def error(name: str) -> float:
        graph = convert.quantize_graph(
            small.checkpoint, QuantizationConfig(), calibrated, tiny_bert.ProgressRecorder(), frozenset([name]), state
        )
        return float(np.mean((logits(graph) - true) ** 2))

    order = [name for one, other in pairwise(searched.trials) for name in other.fallback - one.fallback]
    assert sorted(order) == sorted(small.operators)
    errors = [error(name) for name in order]
    assert errors == sorted(errors)


def test_a_criterion_is_met_after_some_operators_fell_back(small, searched, tmp_path):
    """The criterion is half of the loss with all operators in INT8."""
    loss = (BASELINE_F1 - searched.trials[0].f1) / BASELINE_F1
    result, trials, _ = small.tune(QuantizationConfig(relative_loss=loss / 2), tmp_path)
    check_result(result)
    assert result.stopped == "met" and 1 < len(trials) <= 8
    assert [trial.fallback for trial in trials] == [trial.fallback for trial in searched.trials[: len(trials)]]
    assert result.best.loss_relative <= loss / 2
    # The best graph is in the cache, under its fallback.
    progress = tiny_bert.ProgressRecorder()
    file = graph_cache.load_or_quantize(
        small.checkpoint, QuantizationConfig(), small.calibration, tmp_path, progress, result.best.fallback
    )
    assert progress == ["quantizing: the quantized model comes from the cache"]
    assert file.read_bytes() == result.graph.SerializeToString()


@pytest.mark.parametrize("strategy", strategies.STRATEGIES)
def test_a_criterion_that_nothing_meets_gives_the_best_of_all_trials(small, strategy):
    result, trials, _ = small.tune(QuantizationConfig(strategy=strategy, max_trials=3), baseline_f1=2 * BASELINE_F1)
    check_result(result, 2 * BASELINE_F1)
    assert (len(trials), result.stopped, result.met) == (3, "max_trials", False)


@pytest.mark.parametrize("strategy", ["basic", "random"])
def test_a_timeout_ends_the_search_after_the_current_trial(small, strategy):
    result, trials, _ = small.tune(QuantizationConfig(strategy=strategy, timeout_s=0.001), baseline_f1=2 * BASELINE_F1)
    check_result(result, 2 * BASELINE_F1)
    assert (len(trials), result.stopped) == (1, "timeout")


def test_a_timeout_ends_the_measurement_of_sensitivity(small):
    """The first trial comes from the cache and ends before the timeout. If it did not, it would end the search."""
    began = time.monotonic()
    measured: list[str] = []

    def progress(text: str, share: float | None = None) -> None:
        if text.startswith("measuring sensitivity: "):
            measured.append(text)
            if len(measured) == 2:
                time.sleep(max(0, began + 4.2 - time.monotonic()))

    graph_cache.load_or_quantize(small.checkpoint, QuantizationConfig(), small.calibration, small.cache, progress)
    result, trials, _ = small.tune(QuantizationConfig(timeout_s=4.0), baseline_f1=2 * BASELINE_F1, progress=progress)
    check_result(result, 2 * BASELINE_F1)
    assert (len(trials), result.stopped) == (1, "timeout")
    assert len(measured) <= 2


def test_a_baseline_without_f1_is_refused(small):
    for baseline in (0.0, -1.0, math.nan):
        with pytest.raises(BadInput, match="no loss to measure") as error:
            small.tune(QuantizationConfig(), baseline_f1=baseline)
        assert error.value.remedy


def test_a_graph_better_than_fp32_meets_every_criterion(small):
    result, _, _ = small.tune(QuantizationConfig(relative_loss=0.0), baseline_f1=BASELINE_F1 / 2)
    assert result.met and result.best.loss_relative < 0


# --- what strategies propose, without conversions ---


def test_a_random_search_repeats_with_its_seed(small):
    def tried(seed: int) -> list[frozenset[str]]:
        return small.propose(QuantizationConfig(strategy="random", random_seed=seed), 20)

    assert tried(3) == tried(3)
    assert tried(3) != tried(4)
    assert tried(3)[0] == frozenset()


def test_a_random_search_of_a_real_model_repeats_with_its_seed(small):
    config = QuantizationConfig(strategy="random", max_trials=3, random_seed=11)
    one, other = (small.tune(config, baseline_f1=2 * BASELINE_F1)[1] for _ in range(2))
    assert [(trial.fallback, trial.f1) for trial in one] == [(trial.fallback, trial.f1) for trial in other]
    assert [trial.fallback for trial in one] == small.propose(config, 3)


@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_a_search_tries_nothing_twice_and_ends_when_it_finds_nothing_new(small, strategy):
    """Three operators allow eight choices."""
    found = small.propose(QuantizationConfig(strategy=strategy, random_seed=2), operators=small.operators[:3])
    assert len(found) == len(set(found)) == 8
    assert found[0] == frozenset()


@pytest.mark.parametrize("seed", [0, 1])
def test_bayesian_tries_nothing_twice_and_finds_one_of_the_best(small, seed):
    """There are 128 choices. The best lose least beyond the criterion; of equal ones, those with fewer in FP32."""

    def cost(fallback: frozenset[str]) -> float:
        loss = sum(place for place, name in enumerate(small.operators, 1) if name not in fallback) / 100
        return max(0.0, loss - 0.1) + 1e-3 * len(fallback) / 7

    found = small.propose(QuantizationConfig(strategy="bayesian", relative_loss=0.1, random_seed=seed), 40)
    # The search ends when the estimator repeats itself.
    assert len(found) == len(set(found)) > 20
    every = [frozenset(chosen) for count in range(8) for chosen in combinations(small.operators, count)]
    assert min(map(cost, found)) <= sorted(map(cost, every))[2]


def test_groups_are_operators_or_halves_of_layers_or_layers():
    parts = ["attention/self/query", "attention/self/key", "attention/self/value", "attention/output/dense"]
    parts += ["intermediate/dense", "output/dense"]

    def operators(layers: int) -> list[str]:
        return [f"encoder/layer/{n}/{part}/MatMul" for n in range(layers) for part in parts] + ["qa_outputs/MatMul"]

    assert strategies.group_operators(operators(4)) == [[name] for name in operators(4)]
    for layers, groups in ((5, 11), (12, 25), (13, 14), (24, 25), (30, 31)):
        made = strategies.group_operators(operators(layers))
        assert len(made) == groups
        assert [name for group in made for name in group] == operators(layers)
    halves = strategies.group_operators(operators(12))
    assert [len(group) for group in halves] == [4, 2] * 12 + [1]
