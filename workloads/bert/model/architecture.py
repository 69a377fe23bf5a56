"""Shapes of BERT models for extractive question answering (Devlin et al. 2018), and the models known by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHIPPED_MODEL = "fairlap-minilm-squad"
"""Name of the model that comes with Fairlap; its folder is in assets/models."""


@dataclass(frozen=True, slots=True)
class Config:
    """The shape of a BERT, with the names of Hugging Face's config.json. The defaults are those of BERT-base."""

    vocab_size: int = 30_522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3_072
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor of a question-answering BERT by its name.

        Linear weights have the shape (outputs, inputs).
        """
        hidden, wide = self.hidden_size, self.intermediate_size
        shapes: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (self.vocab_size, hidden),
            "embeddings.position_embeddings.weight": (self.max_position_embeddings, hidden),
            "embeddings.token_type_embeddings.weight": (self.type_vocab_size, hidden),
            "embeddings.LayerNorm.weight": (hidden,),
            "embeddings.LayerNorm.bias": (hidden,),
        }
        linear = {
            "attention.self.query": (hidden, hidden),
            "attention.self.key": (hidden, hidden),
            "attention.self.value": (hidden, hidden),
            "attention.output.dense": (hidden, hidden),
            "intermediate.dense": (wide, hidden),
            "output.dense": (hidden, wide),
        }
        for layer in range(self.num_hidden_layers):
            for name, shape in linear.items():
                shapes[f"encoder.layer.{layer}.{name}.weight"] = shape
                shapes[f"encoder.layer.{layer}.{name}.bias"] = shape[:1]
            for name in ("attention.output.LayerNorm", "output.LayerNorm"):
                shapes[f"encoder.layer.{layer}.{name}.weight"] = (hidden,)
                shapes[f"encoder.layer.{layer}.{name}.bias"] = (hidden,)
        shapes["qa_outputs.weight"] = (2, hidden)
        shapes["qa_outputs.bias"] = (2,)
        return shapes

    def parameters(self) -> int:
        """Return the number of parameters of the model."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())


BASE = Config()
LARGE = Config(hidden_size=1_024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4_096)
UNTRAINED_MODELS = {"bert-base-untrained": BASE, "bert-large-untrained": LARGE}
"""Models with random weights by name: they measure speed, and have no accuracy."""
HEAD_TENSORS = ("qa_outputs.weight", "qa_outputs.bias")
"""The question-answering head: one projection to the logits of start and end."""
