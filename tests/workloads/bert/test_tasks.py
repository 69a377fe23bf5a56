"""BERT's tasks, by a small model in real processes: a question answered, a quantization tuned, operators told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from bench.plan.validation import make_plan
from bench.scheduler.tasks import Job, JobState, Tasks
from tests.support import tiny_bert
from tests.support.tiny_bert import PASSAGE, QUESTIONS
from workloads.bert.quantization.template import QUANTIZATION_YAML


@pytest.fixture
def desk(home) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return tiny_bert.write_task_files(tmp_path)


def run_task(desk: Tasks, task: str, given: dict[str, Any], **parameters: Any) -> Job:
    id = desk.submit(make_plan("bert", cores=1, batch=2, parameters=parameters), task, given)
    deadline = time.monotonic() + 120
    while not ((job := desk.job(id)).state.over and job.ended is not None):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def test_a_model_is_tuned_asked_and_looked_into(desk, settings):
    yaml = QUANTIZATION_YAML.replace("relative: 0.01", "relative: 0.0").replace("max_trials: 20", "max_trials: 3")
    job = run_task(desk, "quantize", {"yaml": yaml}, **settings)
    assert job.state is JobState.DONE, (job.problem, job.log)
    (baseline,), (plan,), trials = job.told("baseline"), job.told("plan"), job.told("trial")
    assert baseline["questions"] == len(QUESTIONS)
    assert (plan["operators"], plan["max_trials"], plan["strategy"]) == (13, 3, "basic")
    assert trials[0]["operators_int8"] == 13 and not trials[0]["fallback"]
    for trial in trials:
        assert trial["met"] == (trial["loss_relative"] <= 0)
        assert trial["loss_relative"] == pytest.approx((baseline["f1"] - trial["f1"]) / baseline["f1"])
        assert len(trial["fallback"]) == 13 - trial["operators_int8"]
    result = job.result
    best = trials[result["best"] - 1]
    assert result["met"] == best["met"]
    assert result["stopped"] == ("met" if best["met"] else "max_trials")
    assert (result["asked"], result["calibrated"]) == (100, 100)
    assert result["quantization"] == best["quantization"]
    assert any(line.share is not None for line in job.lines), "how far the calibration is"

    asked = run_task(
        desk,
        "ask",
        {"question": "what was built", "passage": PASSAGE},
        **settings | {"quantization": result["quantization"]},
    )
    assert asked.state is JobState.DONE, (asked.problem, asked.log)
    for answer in asked.result["answers"].values():
        for span in answer["best"]:
            assert PASSAGE[span["start"] : span["end"]] == span["text"]
        shares = [span["probability"] for span in answer["best"]]
        assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1
        assert answer["inference_s"] > 0
    assert asked.result["windows"] > 1, "the passage is longer than a window"

    looked = run_task(desk, "operators", {"precisions": ["fp32", "int8"]}, **settings)
    assert looked.state is JobState.DONE, (looked.problem, looked.log)
    fp32, int8 = looked.result["arms"]
    assert (fp32["projections"], int8["projections"]) == ({"int8": 0, "total": 13}, {"int8": 13, "total": 13})
    assert int8["bytes_on_disk"] < fp32["bytes_on_disk"]
    assert "13 are INT8" in int8["verdict"]
    changed = {change["operator"] for change in looked.result["changes"] if change["before"] != change["after"]}
    assert {"MatMul query", "MatMul widening", "MatMul narrowing"} <= changed


@pytest.mark.parametrize(
    ("task", "given", "words"),
    [
        ("ask", {"question": "who", "passage": "  "}, "The passage is empty"),
        ("ask", {"question": "", "passage": PASSAGE}, "The question is empty"),
        ("ask", {"question": "who", "passage": "a" * 2**20}, "The passage has 1,048,576 characters"),
        ("quantize", {"yaml": "quantisation: {}"}, "line 1: there is no key quantisation"),
        ("quantize", {"yaml": "model:\n  name: !!python/object/apply:os.system [ls]"}, "line 2: model.name"),
    ],
)
def test_what_cannot_be_done_is_answered_before_anything_is_loaded(desk, task, given, words):
    job = run_task(desk, task, given)
    assert job.state is JobState.FAILED
    assert words in job.problem
    assert job.remedy
    assert len(job.lines) == 1, "nothing but the imports"


def test_a_quantization_of_another_machine_is_refused(desk):
    job = run_task(desk, "operators", {"precisions": ["fp32", "int8"]}, quantization="tuned-0123456789ab")
    assert "no quantization called 'tuned-0123456789ab'" in job.problem
    assert "Quantize" in job.remedy
