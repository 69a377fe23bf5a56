"""A BERT checkpoint in the Hugging Face layout: config.json, vocab.txt or tokenizer.json, model.safetensors.

Everything is checked here, at the boundary, so that the rest may trust shapes and values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from bench.workload.interface import BadInput, ProgressReporter
from workloads import ROOT
from workloads.bert.model.architecture import HEAD_TENSORS, SHIPPED_MODEL, UNTRAINED_MODELS, Config
from workloads.bert.model.hub import CHECKPOINT_FILES, download_checkpoint

MODELS_FOLDER = ROOT / "assets" / "models"
MAX_JSON_BYTES = 16 * 1024**2
MAX_MODEL_BYTES = 4 * 1024**3
MAX_LAYERS = 1_000
FLOAT_TYPES = ("F16", "F32", "F64", "BF16")
"""Types of weights that are read, in safetensors' words."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checked model: `weights` maps the names of `Config.shapes` to float32 arrays of those shapes."""

    name: str
    config: Config
    weights: dict[str, np.ndarray]
    vocabulary: Path
    """tokenizer.json or vocab.txt."""
    lowercase: bool
    trained: bool
    digest: str
    """SHA-256 over shape and weights."""
    bytes_on_disk: int


def load_checkpoint(name: str, progress: ProgressReporter = lambda text, share=None: None) -> Checkpoint:
    """The checkpoint called `name`: the shipped one, an untrained shape, a folder, or a hub name (`owner/model`).

    Raises BadInput where there is none, or where it is not a question-answering BERT.
    """
    name = name.strip()
    if name in UNTRAINED_MODELS:
        return make_untrained(name)
    if name == SHIPPED_MODEL:
        return read_checkpoint(MODELS_FOLDER / SHIPPED_MODEL, name)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return read_checkpoint(folder, name)
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise BadInput(
            f"there is no folder {name!r}",
            f"Name a folder that holds {', '.join(CHECKPOINT_FILES[:2])} and vocab.txt or tokenizer.json; a model of the Hugging "
            f"Face hub as owner/model; or {SHIPPED_MODEL}.",
        )
    return read_checkpoint(download_checkpoint(name, progress), name)


def make_untrained(name: str, seed: int = 0) -> Checkpoint:
    """A shape of `UNTRAINED` with weights drawn as BERT's are at the start: normal, deviation 0.02."""
    config = UNTRAINED_MODELS[name]
    random = np.random.default_rng(seed)
    weights = {}
    for tensor, shape in config.shapes().items():
        if tensor.endswith("LayerNorm.weight"):
            weights[tensor] = np.ones(shape, np.float32)
        elif tensor.endswith("bias"):
            weights[tensor] = np.zeros(shape, np.float32)
        else:
            weights[tensor] = random.standard_normal(shape, np.float32) * np.float32(0.02)
    return Checkpoint(
        name=name,
        config=config,
        weights=weights,
        vocabulary=_find_vocabulary(MODELS_FOLDER / SHIPPED_MODEL),
        lowercase=True,
        trained=False,
        digest=hashlib.sha256(f"{name} seed {seed} {config}".encode()).hexdigest(),
        bytes_on_disk=0,
    )


def read_checkpoint(folder: Path, name: str = "", *, head: bool = True) -> Checkpoint:
    """Read and check the checkpoint in `folder`. Without `head`, one that lacks the question-answering head is taken
    too, and gets none: training starts from such."""
    name = name or str(folder)
    stated = _read_json(folder / "config.json")
    config = _check_config(stated, folder)
    file = folder / "model.safetensors"
    if not file.is_file():
        raise BadInput(
            f"{folder} has no model.safetensors",
            "Weights are read from safetensors alone, which hold no code. Save the model with "
            "save_pretrained(folder, safe_serialization=True).",
        )
    if (size := file.stat().st_size) > MAX_MODEL_BYTES:
        raise BadInput(f"{file} has {size / 1e9:.1f} GB", f"Up to {MAX_MODEL_BYTES / 1e9:.1f} GB are taken.")
    weights = _read_weights(file, config, head)
    digest = hashlib.sha256(repr(config).encode())
    for tensor in sorted(weights):
        digest.update(tensor.encode())
        digest.update(weights[tensor].tobytes())
    vocabulary = _find_vocabulary(folder)
    digest.update(vocabulary.read_bytes())
    return Checkpoint(
        name=name,
        config=config,
        weights=weights,
        vocabulary=vocabulary,
        lowercase=_read_lowercase(folder),
        trained=True,
        digest=digest.hexdigest(),
        bytes_on_disk=size,
    )


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise BadInput(f"{file.parent} has no {file.name}", "Name a folder in the Hugging Face layout.")
    if file.stat().st_size > MAX_JSON_BYTES:
        raise BadInput(f"{file} is larger than {MAX_JSON_BYTES >> 20} MiB", "A checkpoint's JSON files are small.")
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not JSON: {error}", "Fetch the checkpoint again.") from error
    if not isinstance(value, dict):
        raise BadInput(f"{file} holds no JSON object", "Fetch the checkpoint again.")
    return value


def _check_config(stated: dict[str, Any], folder: Path) -> Config:
    if stated.get("model_type", "bert") != "bert":
        raise BadInput(
            f"{folder} is a {stated['model_type']!r} model, not a BERT",
            "Take a checkpoint whose config.json says model_type 'bert'.",
        )
    if stated.get("hidden_act", "gelu") != "gelu":
        raise BadInput(f"{folder} has the activation {stated['hidden_act']!r}", "Only BERT's own, gelu, is built here.")
    if stated.get("position_embedding_type", "absolute") != "absolute":
        raise BadInput(f"{folder} has relative positions", "Only BERT's absolute positions are built here.")
    values: dict[str, Any] = {}
    for field in fields(Config):
        value = stated.get(field.name, field.default)
        most = MAX_LAYERS if field.name == "num_hidden_layers" else 10_000_000
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < most
        if not good or (field.name != "layer_norm_eps" and not isinstance(value, int)):
            raise BadInput(
                f"config.json of {folder}: {field.name} is {value!r}", f"It must be a positive number below {most:,}."
            )
        values[field.name] = value
    config = Config(**values)
    if config.hidden_size % config.num_attention_heads:
        raise BadInput(
            f"config.json of {folder}: hidden_size {config.hidden_size} is no multiple of num_attention_heads "
            f"{config.num_attention_heads}",
            "Every head must have the same width.",
        )
    return config


def _read_weights(file: Path, config: Config, head: bool) -> dict[str, np.ndarray]:
    wanted = config.shapes()
    if not head:
        for tensor in HEAD_TENSORS:
            del wanted[tensor]
    weights: dict[str, np.ndarray] = {}
    try:
        with safe_open(file, framework="numpy") as tensors:
            there = dict(_translate_names(tensors.keys()))
            missing = [tensor for tensor in wanted if tensor not in there]
            if any(tensor in missing for tensor in HEAD_TENSORS):
                raise BadInput(
                    f"{file.parent} has no question-answering head (qa_outputs)",
                    "Take a checkpoint fine-tuned for extractive question answering, for example on SQuAD; or train "
                    "one: python -m workloads.bert.training.train",
                )
            if missing:
                raise BadInput(
                    f"{file} lacks {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else ""),
                    "config.json and model.safetensors must belong together.",
                )
            for tensor, shape in wanted.items():
                stored = tensors.get_slice(there[tensor])
                if (kind := stored.get_dtype()) not in FLOAT_TYPES:
                    raise BadInput(
                        f"{file}: {there[tensor]} is of type {kind}", f"Weights of {', '.join(FLOAT_TYPES)} are read."
                    )
                if (found := tuple(stored.get_shape())) != shape:
                    raise BadInput(
                        f"{file}: {there[tensor]} has shape {found}, and config.json asks for {shape}",
                        "config.json and model.safetensors must belong together.",
                    )
                weights[tensor] = np.ascontiguousarray(tensors.get_tensor(there[tensor]), np.float32)
    except (SafetensorError, OSError, TypeError) as error:
        raise BadInput(
            f"{file} cannot be read: {error}",
            "The file is truncated or no safetensors. Fetch or save it again.",
        ) from error
    for tensor, value in weights.items():
        if not np.isfinite(value).all():
            raise BadInput(f"{file}: {tensor} holds values that are no numbers", "Fetch or train the checkpoint again.")
    return weights


def _translate_names(names: list[str]) -> Iterator[tuple[str, str]]:
    """Our name and the file's, of every tensor: without the model's prefix, and with today's names of LayerNorm."""
    for name in names:
        ours = name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
        yield ours.replace("LayerNorm.beta", "LayerNorm.bias"), name


def _find_vocabulary(folder: Path) -> Path:
    for name in ("tokenizer.json", "vocab.txt"):
        if (folder / name).is_file():
            if (folder / name).stat().st_size > MAX_JSON_BYTES:
                raise BadInput(f"{folder / name} is larger than {MAX_JSON_BYTES >> 20} MiB", "BERT's has half a MB.")
            return folder / name
    raise BadInput(f"{folder} has neither tokenizer.json nor vocab.txt", "Name a folder in the Hugging Face layout.")


def _read_lowercase(folder: Path) -> bool:
    file = folder / "tokenizer_config.json"
    return bool(_read_json(file).get("do_lower_case", True)) if file.is_file() else True
