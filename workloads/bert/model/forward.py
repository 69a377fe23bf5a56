"""BERT's forward pass (Devlin et al. 2018) for TensorFlow, written so that it can be quantized.

Every projection is a 2-D MatMul followed by BiasAdd: the form in which Neural Compressor finds it and oneDNN has an
INT8 kernel for it. (An Einsum over three dimensions, as in keras-hub, it leaves in FP32.) Training and inference share
this one forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from workloads.bert.model.architecture import Config
from workloads.bert.model.checkpoint import Checkpoint

INPUT_NAMES = ("input_ids", "attention_mask", "token_type_ids")
"""Each int32 of shape (batch, length)."""
OUTPUT_NAMES = ("start_logits", "end_logits")
"""Each float32 of shape (batch, length)."""

Dropout = Callable[[tf.Tensor], tf.Tensor]


def compute_logits(
    config: Config,
    weights: Mapping[str, Any],
    input_ids: tf.Tensor,
    attention_mask: tf.Tensor,
    token_type_ids: tf.Tensor,
    *,
    compute: tf.DType = tf.float32,
    keep: Dropout = tf.identity,
) -> tf.Tensor:
    """Logits of start and end, float32 of shape (batch, length, 2).

    `weights` maps the names of `Config.shapes` to tensors, laid as by `laid_out`: linear weights are (inputs, outputs).
    `compute` is the type of the projections and of attention: float32 or bfloat16. `keep` is the dropout of hidden
    states, in training; attention has none, since drawing its random numbers takes as long as a layer.
    """
    batch, length = tf.unstack(tf.shape(input_ids))
    heads, size, hidden = config.num_attention_heads, config.head_size, config.hidden_size

    def linear(x: tf.Tensor, name: str) -> tf.Tensor:
        with tf.name_scope(name.replace(".", "/")):
            product = tf.matmul(x, tf.cast(weights[f"{name}.weight"], compute), name="MatMul")
            return tf.nn.bias_add(product, tf.cast(weights[f"{name}.bias"], compute), name="BiasAdd")

    def norm(x: tf.Tensor, name: str) -> tf.Tensor:
        with tf.name_scope(name.replace(".", "/")):
            x = tf.cast(x, tf.float32)
            mean = tf.reduce_mean(x, axis=-1, keepdims=True)
            variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=-1, keepdims=True)
            scale = tf.math.rsqrt(variance + config.layer_norm_eps) * weights[f"{name}.weight"]
            return tf.cast(x * scale + (weights[f"{name}.bias"] - mean * scale), compute)

    def residual(made: tf.Tensor, x: tf.Tensor, name: str) -> tf.Tensor:
        with tf.name_scope(name.replace(".", "/")):
            return keep(made) + x

    def split(x: tf.Tensor) -> tf.Tensor:
        return tf.transpose(tf.reshape(x, (batch, length, heads, size)), (0, 2, 1, 3))

    with tf.name_scope("embeddings"):
        ids = tf.reshape(input_ids, (-1,))
        words = tf.gather(weights["embeddings.word_embeddings.weight"], ids)
        types = tf.gather(weights["embeddings.token_type_embeddings.weight"], tf.reshape(token_type_ids, (-1,)))
        positions = tf.tile(weights["embeddings.position_embeddings.weight"][:length], (batch, 1))
        x = keep(norm(words + types + positions, "embeddings.LayerNorm"))
        masked = tf.cast((1.0 - tf.cast(attention_mask[:, None, None, :], tf.float32)) * -10_000.0, compute)

    for layer in range(config.num_hidden_layers):
        at = f"encoder.layer.{layer}"
        query, key, value = (split(linear(x, f"{at}.attention.self.{name}")) for name in ("query", "key", "value"))
        with tf.name_scope(f"{at}.attention.scores".replace(".", "/")):
            scores = tf.matmul(query, key, transpose_b=True) * tf.cast(size**-0.5, compute) + masked
            context = tf.matmul(tf.nn.softmax(scores), value)
            context = tf.reshape(tf.transpose(context, (0, 2, 1, 3)), (-1, hidden))
        x = norm(
            residual(linear(context, f"{at}.attention.output.dense"), x, f"{at}.attention.output"),
            f"{at}.attention.output.LayerNorm",
        )
        wide = linear(x, f"{at}.intermediate.dense")
        with tf.name_scope(f"{at}.intermediate".replace(".", "/")):
            wide = tf.nn.gelu(wide)
        x = norm(residual(linear(wide, f"{at}.output.dense"), x, f"{at}.output"), f"{at}.output.LayerNorm")
    logits = tf.cast(linear(x, "qa_outputs"), tf.float32)
    return tf.reshape(logits, (batch, length, 2))


def transpose_linear_weights(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights as `forward` multiplies with them: each linear one transposed, since checkpoints hold (outputs,
    inputs). Laying them out twice gives the checkpoint's own again."""
    return {name: value.T if is_linear(name) else value for name, value in weights.items()}


def is_linear(name: str) -> bool:
    """Is this the weight matrix of a projection, and no embedding or scale?"""
    return name.endswith(".weight") and "embeddings" not in name and "LayerNorm" not in name


def build_frozen_graph(checkpoint: Checkpoint, compute: tf.DType = tf.float32) -> Any:
    """The forward pass as a GraphDef with its weights as constants, from `INPUTS` to `OUTPUTS`."""
    with tf.Graph().as_default() as graph:
        inputs = [tf.compat.v1.placeholder(tf.int32, (None, None), name=name) for name in INPUT_NAMES]
        weights = {
            name: tf.constant(value.astype(compute.as_numpy_dtype) if is_linear(name) else value, name=name)
            for name, value in transpose_linear_weights(checkpoint.weights).items()
        }
        logits = compute_logits(checkpoint.config, weights, *inputs, compute=compute)
        for place, name in enumerate(OUTPUT_NAMES):
            tf.identity(logits[:, :, place], name=name)
    return graph.as_graph_def()
