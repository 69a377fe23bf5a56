"""Training a tiny BERT in a process of its own, since TensorFlow's thread pools are set once in a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import numpy as np

from bench.paths import ROOT
from tests.support import tiny_bert
from workloads.bert.model import architecture, checkpoint

PASSAGE = "the stone bridge was built near the mill. the town is by the river."


def write_questions(file: Path, passage: str) -> Path:
    answers = ["stone bridge", "the river"]
    qas = [
        {"id": answer, "question": "what is near", "answers": [{"text": answer, "answer_start": passage.index(answer)}]}
        for answer in answers
    ]
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": passage, "qas": qas}]}]}))
    return file


def train(folder: Path, epochs: int, validation: Path, *more: str) -> subprocess.CompletedProcess[str]:
    options = ["--epochs", str(epochs), "--batch", "2", "--length", "64", "--threads", "1", "--fp32", "--rate", "1e-2"]
    return subprocess.run(
        [
            *(sys.executable, "-m", "workloads.bert.training.train", "--train", str(folder / "training.json")),
            *("--validation", str(validation), "--init", str(folder / "initial"), "--out", str(folder / "out")),
            *options,
            *more,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a model without a head and with training questions."""
    made = tiny_bert.make_config(num_hidden_layers=1)
    weights = {
        name: value for name, value in tiny_bert.make_weights(made).items() if name not in architecture.HEAD_TENSORS
    }
    tiny_bert.save_model(tmp_path / "initial", tensors=weights, num_hidden_layers=1)
    write_questions(tmp_path / "training.json", PASSAGE)
    return tmp_path


@pytest.mark.slow
def test_training_writes_a_checkpoint_and_resumes_after_the_last_epoch(folder):
    validation = write_questions(folder / "validation.json", f"{PASSAGE} the old mill is near.")
    first = train(folder, 1, validation)
    assert first.returncode == 0, first.stderr[-2000:]
    assert "epoch 1: F1 " in first.stdout
    trained = checkpoint.read_checkpoint(folder / "out")
    initial = checkpoint.read_checkpoint(folder / "initial", head=False)
    assert trained.config == initial.config
    name = "encoder.layer.0.output.dense.weight"
    assert trained.weights[name].shape == initial.weights[name].shape
    assert not np.allclose(trained.weights[name], initial.weights[name], atol=1e-4)
    second = train(folder, 2, validation)
    assert second.returncode == 0, second.stderr[-2000:]
    assert "resuming after epoch 1" in second.stdout and "epoch 2: F1 " in second.stdout
    history = json.loads((folder / "out" / "training.json").read_text())
    assert [entry["epoch"] for entry in history["epochs"]] == [1, 2]
    assert history["settings"]["epochs"] == 2


@pytest.mark.slow
def test_frozen_layers_stay_as_they_are(folder):
    tiny_bert.save_model(folder / "initial", num_hidden_layers=1)
    validation = write_questions(folder / "validation.json", f"{PASSAGE} the old mill is near.")
    done = train(folder, 1, validation, "--frozen-layers", "1")
    assert done.returncode == 0, done.stderr[-2000:]
    trained = checkpoint.read_checkpoint(folder / "out").weights
    initial = checkpoint.read_checkpoint(folder / "initial").weights
    changed = {name for name in initial if not np.allclose(trained[name], initial[name], atol=2e-3)}
    assert changed
    assert changed <= set(architecture.HEAD_TENSORS)


def test_passages_of_both_sets_are_refused(folder):
    done = train(folder, 1, write_questions(folder / "validation.json", PASSAGE))
    assert done.returncode == 2
    assert "1 passages are in both the training and the validation files. Use a validation file" in done.stderr
