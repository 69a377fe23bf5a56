"""BERT's tasks with a small model in real processes: answer a question, tune a quantization, list operators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.measurement import MeasurementRecord
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.interactive import InteractiveTasks, Request, RequestState
from bench.workload.interface import BadInput
from tests.support import tiny_bert
from tests.support.dispatching import wait_until_over
from tests.support.tiny_bert import PASSAGE, QUESTIONS, TUNING_PASSAGE
from tests.support.waiting import wait_for
from workloads.bert import squad
from workloads.bert.measurements import (
    AskResult,
    BaselineAccuracy,
    Int8Count,
    OperatorsResult,
    QuantizeResult,
    TuningPlan,
    TuningTrial,
)
from workloads.bert.quantization import conversion
from workloads.bert.quantization.template import QUANTIZATION_YAML

TIMEOUT_S = 300
"""Limit of one task, for machines that are busy with other tests."""


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return tiny_bert.write_task_files(tmp_path)


def measure(task: str, arguments: dict[str, Any], **parameters: Any) -> MeasurementRecord:
    dispatcher = Dispatcher()
    plan = make_plan("bert", cores=1, batch=2, parameters=parameters)
    job_id = dispatcher.submit_measurement(plan, task, arguments, origin="command line")
    return wait_until_over(dispatcher, job_id, TIMEOUT_S).measurement


def ask(arguments: dict[str, Any], **parameters: Any) -> Request:
    tasks = InteractiveTasks()
    try:
        request_id = tasks.submit(make_plan("bert", cores=1, batch=2, parameters=parameters), "ask", arguments)
        return wait_for(lambda: (request := tasks.find(request_id)).state.over and request, TIMEOUT_S)
    finally:
        tasks.close()


@pytest.mark.timeout(3 * TIMEOUT_S)
def test_a_model_is_tuned_asked_and_profiled(home, settings):
    yaml = QUANTIZATION_YAML.replace("relative: 0.01", "relative: 0.0").replace("max_trials: 20", "max_trials: 3")
    record = measure("quantize", {"yaml": yaml}, **settings)
    assert record.state is State.FINISHED, record.failure
    (baseline,) = record.reports_as("baseline", BaselineAccuracy)
    (plan,) = record.reports_as("plan", TuningPlan)
    trials = record.reports_as("trial", TuningTrial)
    assert baseline.questions == baseline.held_out == len(QUESTIONS), "half of the passages tune, the others judge"
    assert (plan.operators, plan.max_trials, plan.strategy) == (13, 3, "basic")
    assert trials[0].operators_int8 == 13 and not trials[0].fallback
    for trial in trials:
        assert trial.met == (trial.loss_relative <= 0)
        assert trial.loss_relative == pytest.approx((baseline.f1 - trial.f1) / baseline.f1)
        assert len(trial.fallback) == 13 - trial.operators_int8
    result = record.result_as(QuantizeResult)
    best = trials[result.best - 1]
    assert result.met == best.met
    assert result.stopped == ("met" if best.met else "max_trials")
    assert (result.asked, result.calibrated) == (100, 100)
    assert result.quantization == best.quantization
    assert any(line.share is not None for line in record.progress), "the progress of the calibration"

    file = conversion.find_conversion_file(result.quantization, home / "cache" / "bert")
    assert json.loads(file.read_text())["tuning_passages"] == [squad.identify_passage(TUNING_PASSAGE)]
    quantized = settings | {"quantization": result.quantization}
    request = ask({"question": "what was built", "passage": PASSAGE}, **quantized)
    assert request.state is RequestState.FINISHED, request.failure
    answered = request.result_as(AskResult)
    for answer in (answered.fp32, answered.int8):
        for span in answer.best:
            assert PASSAGE[span.start : span.end] == span.text
        shares = [span.probability for span in answer.best]
        assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1
        assert answer.inference_s > 0
    assert answered.windows > 1, "the passage is longer than a window"

    record = measure("operators", {"precisions": ["fp32", "int8"]}, **settings)
    assert record.state is State.FINISHED, record.failure
    profiled = record.result_as(OperatorsResult)
    fp32, int8 = profiled.arms
    assert (fp32.projections, int8.projections) == (Int8Count(int8=0, total=13), Int8Count(int8=13, total=13))
    assert int8.bytes_on_disk < fp32.bytes_on_disk
    assert "13 are INT8" in int8.verdict
    for profile in profiled.arms:
        threads = [1] if record.plan.cores == 1 else [1, record.plan.cores]
        assert [times.threads for times in profile.thread_times] == threads
        assert all(times.kernels_ms and times.kernels_ms > 0 for times in profile.thread_times)
    changed = {change.operator for change in profiled.changes if change.before != change.after}
    assert {"MatMul query", "MatMul widening", "MatMul narrowing"} <= changed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"question": "who", "passage": "  "}, "The passage is empty"),
        ({"question": "", "passage": PASSAGE}, "The question is empty"),
        ({"question": "who", "passage": "a" * 2**20}, "The passage has 1,048,576 characters"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_before_anything_is_started(home, arguments, words):
    with pytest.raises(BadInput, match=words) as refused:
        ask(arguments)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("quantisation: {}", "line 1: there is no key quantisation"),
        ("model:\n  name: !!python/object/apply:os.system [ls]", "line 2: model.name"),
    ],
)
def test_a_wrong_configuration_is_refused_before_anything_starts(home, yaml, words):
    with pytest.raises(BadInput, match=words) as refusal:
        measure("quantize", {"yaml": yaml})
    assert refusal.value.remedy


def test_a_quantization_of_another_machine_is_refused(home):
    record = measure("operators", {"precisions": ["fp32", "int8"]}, quantization="tuned-0123456789ab")
    assert "no quantization called 'tuned-0123456789ab'" in record.failure.what
    assert "Quantize" in record.failure.remedy
