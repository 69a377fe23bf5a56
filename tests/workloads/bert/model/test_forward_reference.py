"""Our forward pass against two others: one in plain NumPy, and that of transformers on PyTorch.

FAIRLAP_TRANSFORMERS_PYTHON may name the interpreter of an environment that has transformers.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from scipy.special import erf

from tests.support import tiny_bert
from workloads.bert.inference.session import InferenceSession
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint, read_checkpoint

TRANSFORMERS_PYTHON = os.environ.get("FAIRLAP_TRANSFORMERS_PYTHON") or sys.executable
NOT_INSTALLED_EXIT_CODE = 42
TRANSFORMERS_SCRIPT = f"""
import sys
from pathlib import Path
import numpy as np
try:
    import torch
    import transformers
except ImportError:
    sys.exit({NOT_INSTALLED_EXIT_CODE})

torch.set_num_threads(1)
for folder in map(Path, sys.argv[1:]):
    bert = transformers.BertForQuestionAnswering.from_pretrained(folder, dtype=torch.float32).eval()
    feed = {{name: torch.tensor(value, dtype=torch.long) for name, value in np.load(folder / "inputs.npz").items()}}
    with torch.no_grad():
        made = bert(**feed)
    np.savez(folder / "logits.npz", start_logits=made.start_logits.numpy(), end_logits=made.end_logits.numpy())
"""


def make_feed(checkpoint: Checkpoint, batch: int, length: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Windows of any pieces, with questions and padding of any length."""
    random = np.random.default_rng(seed)
    ends = random.integers(length // 2, length + 1, (batch, 1))
    places = np.arange(length)[None, :]
    return {
        "input_ids": random.integers(0, checkpoint.config.vocab_size, (batch, length)).astype(np.int32),
        "attention_mask": (places < ends).astype(np.int32),
        "token_type_ids": ((places >= ends // 3) & (places < ends)).astype(np.int32),
    }


def compute_logits(checkpoint: Checkpoint, feed: dict[str, np.ndarray]) -> np.ndarray:
    """Return the logits of start and end, of shape (2, windows, length), from our graph with one thread."""
    engine = InferenceSession(forward.build_frozen_graph(checkpoint), 1)
    try:
        return np.stack(engine.run(*(feed[name] for name in forward.INPUT_NAMES)))
    finally:
        engine.close()


def compute_with_numpy(checkpoint: Checkpoint, feed: dict[str, np.ndarray]) -> np.ndarray:
    """Return the same in float64, from BERT as in Devlin et al. 2018, one window and one head at a time."""
    config, weights = checkpoint.config, {name: value.astype(float) for name, value in checkpoint.weights.items()}

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + config.layer_norm_eps)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    found = []
    for ids, mask, types in zip(*(feed[name] for name in forward.INPUT_NAMES), strict=True):
        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.token_type_embeddings.weight"][types]
        x = norm(x + weights["embeddings.position_embeddings.weight"][: len(ids)], "embeddings.LayerNorm")
        for layer in range(config.num_hidden_layers):
            at = f"encoder.layer.{layer}"
            query, key, value = (linear(x, f"{at}.attention.self.{name}") for name in ("query", "key", "value"))
            context = np.empty_like(x)
            for head in range(config.num_attention_heads):
                part = slice(head * config.head_size, (head + 1) * config.head_size)
                scores = query[:, part] @ key[:, part].T / np.sqrt(config.head_size)
                scores = np.where(mask[None, :] == 1, scores, -np.inf)
                shares = np.exp(scores - scores.max(-1, keepdims=True))
                context[:, part] = shares / shares.sum(-1, keepdims=True) @ value[:, part]
            x = norm(linear(context, f"{at}.attention.output.dense") + x, f"{at}.attention.output.LayerNorm")
            wide = linear(x, f"{at}.intermediate.dense")
            wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
            x = norm(linear(wide, f"{at}.output.dense") + x, f"{at}.output.LayerNorm")
        found.append(linear(x, "qa_outputs").T)
    return np.stack(found, axis=1)


SHAPES = [
    {},
    {"num_hidden_layers": 1, "num_attention_heads": 1},
    {"num_attention_heads": 8, "intermediate_size": 96, "layer_norm_eps": 1e-3},
    {"num_hidden_layers": 4, "hidden_size": 48, "num_attention_heads": 3, "type_vocab_size": 4},
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: ",".join(shape) or "tiny")
def test_the_graph_computes_what_plain_numpy_does(tmp_path, shape):
    checkpoint = tiny_bert.make_checkpoint(tmp_path, **shape)
    feed = make_feed(checkpoint, 5, 40)
    ours, theirs = compute_logits(checkpoint, feed), compute_with_numpy(checkpoint, feed)
    assert ours.shape == (2, 5, 40)
    # The logits of padding have no meaning.
    read = feed["attention_mask"] == 1
    assert np.abs(ours - theirs)[:, read].max() < 1e-5
    assert theirs[:, read].std() > 0.1


def test_padding_changes_no_logit(tmp_path):
    checkpoint = tiny_bert.make_checkpoint(tmp_path)
    feed = make_feed(checkpoint, 4, 30)
    feed["attention_mask"][:] = 1
    alone = compute_logits(checkpoint, feed)
    random = np.random.default_rng(1)
    padded = {name: np.pad(value, ((0, 0), (0, 25))) for name, value in feed.items()}
    padded["input_ids"][:, 30:] = random.integers(0, checkpoint.config.vocab_size, (4, 25))
    padded["token_type_ids"][:, 30:] = 1
    assert np.abs(compute_logits(checkpoint, padded)[:, :, :30] - alone).max() < 1e-5
    # Without the mask, padding does change them.
    padded["attention_mask"][:] = 1
    assert np.abs(compute_logits(checkpoint, padded)[:, :, :30] - alone).max() > 1e-2


def test_a_session_computes_the_same_in_batches_of_any_size(tmp_path):
    checkpoint = tiny_bert.make_checkpoint(tmp_path / "model")
    windows = tiny_bert.make_windows(checkpoint, 11)
    file = tmp_path / "graph.pb"
    file.write_bytes(forward.build_frozen_graph(checkpoint).SerializeToString())
    engine = InferenceSession.load(file, 2)
    try:
        wanted = compute_logits(checkpoint, windows.feed())
        for batch in (1, 4, 11, 100):
            found = np.stack(engine.compute_logits(windows, batch))
            assert found.shape == wanted.shape
            assert np.abs(found - wanted).max() < 1e-5
    finally:
        engine.close()


def test_the_graph_computes_what_transformers_does(tmp_path):
    deeper = {"num_hidden_layers": 5, "hidden_size": 96, "num_attention_heads": 4}
    made = []
    for kind, shape in itertools.product((np.float16, np.float32), ({}, deeper)):
        folder = tiny_bert.save_model(
            tmp_path / str(len(made)),
            kind=kind,
            seed=3,
            config={"architectures": ["BertForQuestionAnswering"]},
            **shape,
        )
        checkpoint = read_checkpoint(folder)
        feed = make_feed(checkpoint, 6, 48, seed=3)
        np.savez(folder / "inputs.npz", **feed)
        made.append((folder, checkpoint, feed))
    done = subprocess.run(
        [TRANSFORMERS_PYTHON, "-c", TRANSFORMERS_SCRIPT, *(str(folder) for folder, _, _ in made)],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode == NOT_INSTALLED_EXIT_CODE:
        pytest.skip(
            f"{TRANSFORMERS_PYTHON} has no torch and transformers. Set FAIRLAP_TRANSFORMERS_PYTHON to an interpreter "
            "that has both."
        )
    assert done.returncode == 0, done.stderr[-2000:]
    for folder, checkpoint, feed in made:
        stored = np.load(folder / "logits.npz")
        theirs = np.stack([stored[name] for name in forward.OUTPUT_NAMES])
        read = feed["attention_mask"] == 1
        assert np.abs(compute_logits(checkpoint, feed) - theirs)[:, read].max() < 1e-4
        assert theirs[:, read].std() > 0.1
