"""Reads and checks a BERT checkpoint in the Hugging Face layout.

The layout: config.json, vocab.txt or tokenizer.json, and model.safetensors. Everything is checked here, so that the
rest of the code may rely on shapes and values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from bench.workload.interface import BadInput, ProgressReporter
from workloads import ROOT
from workloads.bert.model.architecture import HEAD_TENSORS, SHIPPED_MODEL, UNTRAINED_MODELS, Config
from workloads.bert.model.hub import REQUIRED_FILES, download_checkpoint

MODELS_FOLDER = ROOT / "assets" / "models"
MAX_JSON_BYTES = 16 * 1024**2
MAX_MODEL_BYTES = 4 * 1024**3
MAX_LAYERS = 1_000
MAX_SIZE = 10_000_000
"""Limit of every other number of config.json."""
FLOAT_TYPES = ("F16", "F32", "F64", "BF16")
"""Element types of weights that are accepted, as safetensors names them."""
DOWNLOAD_REMEDY = "Download the checkpoint again."
LAYOUT_REMEDY = "Enter a folder in the Hugging Face layout."
MISMATCH_REMEDY = "Use a config.json and a model.safetensors of the same model."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checked model."""

    name: str
    config: Config
    weights: dict[str, np.ndarray]
    """float32 arrays by the names of `Config.shapes`, and of those shapes."""
    vocabulary: Path
    """tokenizer.json or vocab.txt."""
    lowercase: bool
    trained: bool
    digest: str
    """SHA-256 of shape, weights and vocabulary."""


def _ignore_progress(text: str, share: float | None = None, /) -> None:
    pass


def load_checkpoint(name: str, progress: ProgressReporter = _ignore_progress) -> Checkpoint:
    """Return the checkpoint `name`: the shipped one, an untrained shape, a folder, or a hub name (`owner/model`).

    Raises BadInput if it does not exist or is not a BERT for extractive question answering.
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
            f"Enter a folder that holds {', '.join(REQUIRED_FILES)} and vocab.txt or tokenizer.json; a model of the "
            f"Hugging Face hub as owner/model; or {SHIPPED_MODEL}.",
        )
    return read_checkpoint(download_checkpoint(name, progress), name)


def make_untrained(name: str, seed: int = 0) -> Checkpoint:
    """Return a model of `UNTRAINED_MODELS` with the weights that training starts from.

    They are drawn from a normal distribution with standard deviation 0.02 (Devlin et al. 2018).
    """
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
    )


def read_checkpoint(folder: Path, name: str = "", *, head: bool = True) -> Checkpoint:
    """Read and check the checkpoint in `folder`. Raises BadInput.

    With `head=False`, a checkpoint without the question-answering head is accepted, and a head is not read: training
    starts from such a checkpoint.
    """
    name = name or str(folder)
    config = _parse_config(_read_json(folder / "config.json"), folder)
    file = folder / "model.safetensors"
    if not file.is_file():
        raise BadInput(
            f"{folder} has no model.safetensors",
            "Weights are read from safetensors only, because other formats can run code. Save the model with "
            "save_pretrained(folder, safe_serialization=True).",
        )
    if (size_bytes := file.stat().st_size) > MAX_MODEL_BYTES:
        raise BadInput(
            f"{file} has {size_bytes / 1e9:.1f} GB", f"Use a model of at most {MAX_MODEL_BYTES / 1e9:.1f} GB."
        )
    weights = _read_weights(file, config, head)
    vocabulary = _find_vocabulary(folder)
    digest = hashlib.sha256(repr(config).encode())
    for tensor in sorted(weights):
        digest.update(tensor.encode())
        digest.update(weights[tensor].tobytes())
    digest.update(vocabulary.read_bytes())
    return Checkpoint(
        name=name,
        config=config,
        weights=weights,
        vocabulary=vocabulary,
        lowercase=_read_lowercase(folder),
        trained=True,
        digest=digest.hexdigest(),
    )


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise BadInput(f"{file.parent} has no {file.name}", LAYOUT_REMEDY)
    if file.stat().st_size > MAX_JSON_BYTES:
        raise BadInput(f"{file} is larger than {MAX_JSON_BYTES >> 20} MiB", DOWNLOAD_REMEDY)
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not JSON: {error}", DOWNLOAD_REMEDY) from error
    if not isinstance(value, dict):
        raise BadInput(f"{file} does not contain a JSON object", DOWNLOAD_REMEDY)
    return value


def _parse_config(content: dict[str, Any], folder: Path) -> Config:
    if content.get("model_type", "bert") != "bert":
        raise BadInput(
            f"{folder} is a {content['model_type']!r} model, not a BERT",
            "Use a checkpoint with model_type 'bert' in its config.json.",
        )
    if content.get("hidden_act", "gelu") != "gelu":
        raise BadInput(
            f"{folder} has the activation {content['hidden_act']!r}", "Use a checkpoint with hidden_act 'gelu'."
        )
    if content.get("position_embedding_type", "absolute") != "absolute":
        raise BadInput(f"{folder} has relative positions", "Use a checkpoint with absolute positions.")
    values: dict[str, Any] = {}
    for field in fields(Config):
        value = content.get(field.name, field.default)
        limit = MAX_LAYERS if field.name == "num_hidden_layers" else MAX_SIZE
        in_range = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < limit
        if not in_range or (field.name != "layer_norm_eps" and not isinstance(value, int)):
            kind = "a number" if field.name == "layer_norm_eps" else "an integer"
            raise BadInput(
                f"config.json of {folder}: {field.name} is {value!r}",
                f"Expected {kind} greater than 0 and less than {limit:,}.",
            )
        values[field.name] = value
    config = Config(**values)
    if config.hidden_size % config.num_attention_heads:
        raise BadInput(
            f"config.json of {folder}: hidden_size {config.hidden_size} is not a multiple of num_attention_heads "
            f"{config.num_attention_heads}",
            "All attention heads must have the same size.",
        )
    return config


def _read_weights(file: Path, config: Config, head: bool) -> dict[str, np.ndarray]:
    shapes = {name: shape for name, shape in config.shapes().items() if head or name not in HEAD_TENSORS}
    weights: dict[str, np.ndarray] = {}
    try:
        with safe_open(file, framework="numpy") as tensors:
            stored_names = dict(_normalize_names(tensors.keys()))
            missing = [name for name in shapes if name not in stored_names]
            if any(name in missing for name in HEAD_TENSORS):
                raise BadInput(
                    f"{file.parent} has no question-answering head (qa_outputs)",
                    "Use a checkpoint fine-tuned for extractive question answering, for example on SQuAD; or train "
                    "one: python -m workloads.bert.training.train",
                )
            if missing:
                raise BadInput(
                    f"{file} lacks {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else ""),
                    MISMATCH_REMEDY,
                )
            for name, shape in shapes.items():
                stored = tensors.get_slice(stored_names[name])
                if (element_type := stored.get_dtype()) not in FLOAT_TYPES:
                    raise BadInput(
                        f"{file}: {stored_names[name]} is of type {element_type}",
                        f"Use weights of one of the types {', '.join(FLOAT_TYPES)}.",
                    )
                if (stored_shape := tuple(stored.get_shape())) != shape:
                    raise BadInput(
                        f"{file}: {stored_names[name]} has shape {stored_shape}, but config.json requires {shape}",
                        MISMATCH_REMEDY,
                    )
                weights[name] = np.ascontiguousarray(tensors.get_tensor(stored_names[name]), np.float32)
    except (SafetensorError, OSError, TypeError) as error:
        raise BadInput(
            f"{file} cannot be read: {error}",
            "The file is truncated or not in the safetensors format. Download or save it again.",
        ) from error
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise BadInput(
                f"{file}: {name} holds values that are infinite or not numbers", "Download or train the model again."
            )
    return weights


def _normalize_names(stored_names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the name in `Config.shapes` and the stored name of every tensor.

    Some checkpoints prefix the names with `bert.`, and old ones call LayerNorm's tensors gamma and beta.
    """
    for stored_name in stored_names:
        name = stored_name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
        yield name.replace("LayerNorm.beta", "LayerNorm.bias"), stored_name


def _find_vocabulary(folder: Path) -> Path:
    for name in ("tokenizer.json", "vocab.txt"):
        if (folder / name).is_file():
            if (folder / name).stat().st_size > MAX_JSON_BYTES:
                raise BadInput(f"{folder / name} is larger than {MAX_JSON_BYTES >> 20} MiB", DOWNLOAD_REMEDY)
            return folder / name
    raise BadInput(f"{folder} has neither tokenizer.json nor vocab.txt", LAYOUT_REMEDY)


def _read_lowercase(folder: Path) -> bool:
    file = folder / "tokenizer_config.json"
    return bool(_read_json(file).get("do_lower_case", True)) if file.is_file() else True
