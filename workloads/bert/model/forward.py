"""BERT's forward pass (Devlin et al. 2018) in TensorFlow, written so that it can be quantized.

Every projection is a 2-D MatMul followed by a BiasAdd: the form that Neural Compressor recognizes and for which oneDNN
has an INT8 kernel. Neural Compressor leaves an Einsum over three dimensions, as in keras-hub, in FP32. Training and
inference share this forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workloads.bert.light_tensorflow import tf
from workloads.bert.model.architecture import Config
from workloads.bert.model.checkpoint import Checkpoint

INPUT_NAMES = ("input_ids", "attention_mask", "token_type_ids")
"""Names of the inputs, each int32 of shape (batch, length)."""
OUTPUT_NAMES = ("start_logits", "end_logits")
"""Names of the outputs, each float32 of shape (batch, length)."""
MASKED_SCORE = -10_000.0
"""What is added to the attention scores of padding, so that its share after the softmax is 0."""

Dropout = Callable[[tf.Tensor], tf.Tensor]


def _keep_all(x: tf.Tensor) -> tf.Tensor:
    """The dropout of inference. Not `tf.identity`: its node would be between a product and the sum to fuse into it."""
    return x


def compute_logits(
    config: Config,
    weights: Mapping[str, Any],
    input_ids: tf.Tensor,
    attention_mask: tf.Tensor,
    token_type_ids: tf.Tensor,
    *,
    compute_type: tf.DType = tf.float32,
    dropout: Dropout = _keep_all,
) -> tf.Tensor:
    """Return the logits of start and end, float32 of shape (batch, length, 2).

    `weights` maps the names of `Config.shapes` to tensors, laid out by `transpose_linear_weights`: linear weights have
    the shape (inputs, outputs). `compute_type` is the type of the projections and of attention, float32 or bfloat16.
    `dropout` is applied to hidden states during training. Attention has no dropout, because drawing its random numbers
    takes as long as a layer.
    """
    batch, length = tf.unstack(tf.shape(input_ids))
    heads, head_size, hidden_size = config.num_attention_heads, config.head_size, config.hidden_size

    def linear(x: tf.Tensor, name: str) -> tf.Tensor:
        with tf.name_scope(name.replace(".", "/")):
            product = tf.matmul(x, tf.cast(weights[f"{name}.weight"], compute_type), name="MatMul")
            return tf.nn.bias_add(product, tf.cast(weights[f"{name}.bias"], compute_type), name="BiasAdd")

    def norm(x: tf.Tensor, name: str) -> tf.Tensor:
        with tf.name_scope(name.replace(".", "/")):
            x = tf.cast(x, tf.float32)
            mean = tf.reduce_mean(x, axis=-1, keepdims=True)
            variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=-1, keepdims=True)
            scale = tf.math.rsqrt(variance + config.layer_norm_eps) * weights[f"{name}.weight"]
            return tf.cast(x * scale + (weights[f"{name}.bias"] - mean * scale), compute_type)

    def residual(output: tf.Tensor, x: tf.Tensor, name: str) -> tf.Tensor:
        with tf.name_scope(name.replace(".", "/")):
            return dropout(output) + x

    def split_heads(x: tf.Tensor) -> tf.Tensor:
        return tf.transpose(tf.reshape(x, (batch, length, heads, head_size)), (0, 2, 1, 3))

    with tf.name_scope("embeddings"):
        ids = tf.reshape(input_ids, (-1,))
        words = tf.gather(weights["embeddings.word_embeddings.weight"], ids)
        types = tf.gather(weights["embeddings.token_type_embeddings.weight"], tf.reshape(token_type_ids, (-1,)))
        positions = tf.tile(weights["embeddings.position_embeddings.weight"][:length], (batch, 1))
        x = dropout(norm(words + types + positions, "embeddings.LayerNorm"))
        padding = 1.0 - tf.cast(attention_mask[:, None, None, :], tf.float32)
        mask = tf.cast(padding * MASKED_SCORE, compute_type)

    for layer in range(config.num_hidden_layers):
        scope = f"encoder.layer.{layer}"
        query, key, value = (
            split_heads(linear(x, f"{scope}.attention.self.{name}")) for name in ("query", "key", "value")
        )
        with tf.name_scope(f"{scope}.attention.scores".replace(".", "/")):
            scores = tf.matmul(query, key, transpose_b=True) * tf.cast(head_size**-0.5, compute_type) + mask
            context = tf.matmul(tf.nn.softmax(scores), value)
            context = tf.reshape(tf.transpose(context, (0, 2, 1, 3)), (-1, hidden_size))
        x = norm(
            residual(linear(context, f"{scope}.attention.output.dense"), x, f"{scope}.attention.output"),
            f"{scope}.attention.output.LayerNorm",
        )
        wide = linear(x, f"{scope}.intermediate.dense")
        with tf.name_scope(f"{scope}.intermediate".replace(".", "/")):
            wide = tf.nn.gelu(wide)
        x = norm(residual(linear(wide, f"{scope}.output.dense"), x, f"{scope}.output"), f"{scope}.output.LayerNorm")
    logits = tf.cast(linear(x, "qa_outputs"), tf.float32)
    return tf.reshape(logits, (batch, length, 2))


def transpose_linear_weights(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the weights as `compute_logits` expects them: linear ones of shape (inputs, outputs), transposed.

    Checkpoints store (outputs, inputs). The function is its own inverse.
    """
    return {name: value.T if is_linear(name) else value for name, value in weights.items()}


def is_linear(name: str) -> bool:
    """Return whether the tensor `name` is the weight matrix of a projection, and not an embedding or a scale."""
    return name.endswith(".weight") and "embeddings" not in name and "LayerNorm" not in name


def _is_projected(name: str) -> bool:
    """Return whether the tensor `name` is the weight matrix or the bias of a projection."""
    return "embeddings" not in name and "LayerNorm" not in name


def build_frozen_graph(checkpoint: Checkpoint, compute_type: tf.DType = tf.float32) -> Any:
    """Return the forward pass from `INPUT_NAMES` to `OUTPUT_NAMES` as a GraphDef with the weights as constants."""
    with tf.Graph().as_default() as graph:
        inputs = [tf.compat.v1.placeholder(tf.int32, (None, None), name=name) for name in INPUT_NAMES]
        weights = {
            name: tf.constant(value.astype(compute_type.as_numpy_dtype) if _is_projected(name) else value, name=name)
            for name, value in transpose_linear_weights(checkpoint.weights).items()
        }
        logits = compute_logits(checkpoint.config, weights, *inputs, compute_type=compute_type)
        for index, name in enumerate(OUTPUT_NAMES):
            tf.identity(logits[:, :, index], name=name)
    return graph.as_graph_def()
