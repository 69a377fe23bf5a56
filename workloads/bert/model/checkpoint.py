"""A BERT checkpoint in the Hugging Face layout: config.json, vocab.txt or tokenizer.json, model.safetensors.

Everything is checked here, at the boundary, so that the rest may trust shapes and values.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from bench.workload.declaration import BadInput, Progress
from workloads import ROOT

ASSETS = ROOT / "assets" / "models"
SHIPPED = "fairlap-minilm-squad"
"""Folder, under assets/models, of the model that comes with the project."""
FILES = ("config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json")
"""Of the last three a model may lack some."""
LARGEST_JSON = 16 * 1024**2
LARGEST_MODEL = 4 * 1024**3
MOST_LAYERS = 1_000
FLOATS = ("F16", "F32", "F64", "BF16")
"""Types of weights that are read, in safetensors' words."""


@dataclass(frozen=True, slots=True)
class Config:
    """The shape of a BERT (Devlin et al. 2018), in the words of Hugging Face's config.json."""

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
        """Name to shape of every tensor of a question-answering BERT. Linear weights are (outputs, inputs)."""
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
        """How many numbers the model has."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())


BASE = Config()
LARGE = Config(hidden_size=1_024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4_096)
UNTRAINED = {"bert-base-untrained": BASE, "bert-large-untrained": LARGE}
"""Shapes whose weights are drawn at random: good for speed alone."""
HEAD = ("qa_outputs.weight", "qa_outputs.bias")


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


def load(name: str, progress: Progress = lambda text, share=None: None) -> Checkpoint:
    """The checkpoint called `name`: the shipped one, an untrained shape, a folder, or a hub name (`owner/model`).

    Raises BadInput where there is none, or where it is not a question-answering BERT.
    """
    name = name.strip()
    if name in UNTRAINED:
        return untrained(name)
    if name == SHIPPED:
        return read(ASSETS / SHIPPED, name)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return read(folder, name)
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise BadInput(
            f"there is no folder {name!r}",
            f"Name a folder that holds {', '.join(FILES[:2])} and vocab.txt or tokenizer.json; a model of the Hugging "
            f"Face hub as owner/model; or {SHIPPED}.",
        )
    return read(download(name, progress), name)


def untrained(name: str, seed: int = 0) -> Checkpoint:
    """A shape of `UNTRAINED` with weights drawn as BERT's are at the start: normal, deviation 0.02."""
    config = UNTRAINED[name]
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
        vocabulary=_vocabulary(ASSETS / SHIPPED),
        lowercase=True,
        trained=False,
        digest=hashlib.sha256(f"{name} seed {seed} {config}".encode()).hexdigest(),
        bytes_on_disk=0,
    )


def read(folder: Path, name: str = "", *, head: bool = True) -> Checkpoint:
    """Read and check the checkpoint in `folder`. Without `head`, one that lacks the question-answering head is taken
    too, and gets none: training starts from such."""
    name = name or str(folder)
    stated = _json(folder / "config.json")
    config = _config(stated, folder)
    file = folder / "model.safetensors"
    if not file.is_file():
        raise BadInput(
            f"{folder} has no model.safetensors",
            "Weights are read from safetensors alone, which hold no code. Save the model with "
            "save_pretrained(folder, safe_serialization=True).",
        )
    if (size := file.stat().st_size) > LARGEST_MODEL:
        raise BadInput(f"{file} has {size / 1e9:.1f} GB", f"Up to {LARGEST_MODEL / 1e9:.1f} GB are taken.")
    weights = _weights(file, config, head)
    digest = hashlib.sha256(repr(config).encode())
    for tensor in sorted(weights):
        digest.update(tensor.encode())
        digest.update(weights[tensor].tobytes())
    vocabulary = _vocabulary(folder)
    digest.update(vocabulary.read_bytes())
    return Checkpoint(
        name=name,
        config=config,
        weights=weights,
        vocabulary=vocabulary,
        lowercase=_lowercase(folder),
        trained=True,
        digest=digest.hexdigest(),
        bytes_on_disk=size,
    )


def download(name: str, progress: Progress) -> Path:
    """The folder of the hub's model `name`, fetched unless it is cached, file by file with progress."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    remedy = (
        f"Connect to the internet once so that it can be fetched (huggingface-cli download {name}), name a folder that "
        f"holds the checkpoint, or take {SHIPPED}, which comes with the project."
    )
    found = ""
    try:
        # Without a network it would try each file for half a minute.
        absent = not _reachable(name)
    except HFValidationError as error:
        raise BadInput(f"{name!r} is no name of the Hugging Face hub: {error}", remedy) from error
    for file in FILES:
        progress(f"fetching {name}: {file}")
        try:
            bar = _progress_bar(progress, f"{name}: {file}")
            found = huggingface_hub.hf_hub_download(name, file, tqdm_class=bar, local_files_only=absent)
        except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
            # A tokenizer has one of two files; which, only the hub knows.
            if file in FILES[2:] and not isinstance(error, (LocalEntryNotFoundError, OfflineModeIsEnabled)):
                continue
            if file in FILES[2:] and found and any((Path(found).parent / other).is_file() for other in FILES[2:]):
                continue
            if isinstance(error, HfHubHTTPError):
                raise BadInput(f"the hub gives no {file} for {name}: {error}", remedy) from error
            raise BadInput(f"{name} is not cached on this machine and the hub cannot be reached", remedy) from error
    return Path(found).parent


def _reachable(name: str) -> bool:
    """Does the hub answer at all? Raises HFValidationError for what can be no name."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        huggingface_hub.get_hf_file_metadata(huggingface_hub.hf_hub_url(name, FILES[0]))
    except HFValidationError:
        raise
    except HfHubHTTPError:
        return True
    # Errors of its HTTP library, another one with every few versions.
    except Exception:
        return False
    return True


def _progress_bar(progress: Progress, what: str) -> type:
    """A tqdm whose every update becomes a line of our own progress."""
    from tqdm.auto import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options["file"] = open(os.devnull, "w")  # noqa: SIM115 - the bar closes with the process
            super().__init__(*arguments, **options)

        def update(self, n: float | None = 1) -> bool | None:
            drawn = super().update(n)
            if self.total:
                text = f"fetching {what}: {self.n / 1e6:.0f} of {self.total / 1e6:.0f} MB"
                progress(text, min(1.0, self.n / self.total))
            return drawn

    return Bar


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise BadInput(f"{file.parent} has no {file.name}", "Name a folder in the Hugging Face layout.")
    if file.stat().st_size > LARGEST_JSON:
        raise BadInput(f"{file} is larger than {LARGEST_JSON >> 20} MiB", "A checkpoint's JSON files are small.")
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not JSON: {error}", "Fetch the checkpoint again.") from error
    if not isinstance(value, dict):
        raise BadInput(f"{file} holds no JSON object", "Fetch the checkpoint again.")
    return value


def _config(stated: dict[str, Any], folder: Path) -> Config:
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
        most = MOST_LAYERS if field.name == "num_hidden_layers" else 10_000_000
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


def _weights(file: Path, config: Config, head: bool) -> dict[str, np.ndarray]:
    wanted = config.shapes()
    if not head:
        for tensor in HEAD:
            del wanted[tensor]
    weights: dict[str, np.ndarray] = {}
    try:
        with safe_open(file, framework="numpy") as tensors:
            there = dict(_our_names(tensors.keys()))
            missing = [tensor for tensor in wanted if tensor not in there]
            if any(tensor in missing for tensor in HEAD):
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
                if (kind := stored.get_dtype()) not in FLOATS:
                    raise BadInput(
                        f"{file}: {there[tensor]} is of type {kind}", f"Weights of {', '.join(FLOATS)} are read."
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


def _our_names(names: list[str]) -> Iterator[tuple[str, str]]:
    """Our name and the file's, of every tensor: without the model's prefix, and with today's names of LayerNorm."""
    for name in names:
        ours = name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
        yield ours.replace("LayerNorm.beta", "LayerNorm.bias"), name


def _vocabulary(folder: Path) -> Path:
    for name in ("tokenizer.json", "vocab.txt"):
        if (folder / name).is_file():
            if (folder / name).stat().st_size > LARGEST_JSON:
                raise BadInput(f"{folder / name} is larger than {LARGEST_JSON >> 20} MiB", "BERT's has half a MB.")
            return folder / name
    raise BadInput(f"{folder} has neither tokenizer.json nor vocab.txt", "Name a folder in the Hugging Face layout.")


def _lowercase(folder: Path) -> bool:
    file = folder / "tokenizer_config.json"
    return bool(_json(file).get("do_lower_case", True)) if file.is_file() else True
