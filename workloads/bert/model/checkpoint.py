"""Reads and checks a BERT checkpoint in the Hugging Face layout.

The layout: config.json, vocab.txt or tokenizer.json, and model.safetensors, or several files that
model.safetensors.index.json names. Everything is checked here, so that the
rest of the code may rely on shapes and values.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  # Adds bfloat16 to NumPy, which safetensors needs to read BF16.
import numpy as np
from safetensors import SafetensorError, safe_open

from bench.workload.interface import BadInput, ProgressReporter
from workloads import ROOT
from workloads.bert.model.architecture import HEAD_TENSORS, SHIPPED_MODEL, UNTRAINED_MODELS, Config
from workloads.bert.model.casing import Casing, choose_casing
from workloads.bert.model.checkpoint_files import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    find_vocabulary,
    find_weight_files,
    read_config,
)
from workloads.bert.model.hub import download_checkpoint

MODELS_FOLDER = ROOT / "assets" / "models"
MAX_LAYERS = 1_000
MAX_SIZE = 10_000_000
"""Limit of every other number of config.json."""
FLOAT_TYPES = ("F16", "F32", "F64", "BF16")
"""Element types of weights that are accepted, as safetensors names them."""
WRAPPER_PREFIX = re.compile(r"^((module|_orig_mod|model)\.)+")
UNUSED_TENSORS = ("pooler.", "cls.", "classifier.", "embeddings.position_ids", "embeddings.token_type_ids")
"""How the names of tensors begin that a checkpoint may hold and question answering does not use: heads for other tasks,
and constants."""
MISMATCH_REMEDY = "Use a config.json and a model.safetensors of the same model."
OTHER_ARCHITECTURES = {
    "albert": "all its layers share their weights",
    "camembert": "it reads byte-pair pieces and no segments",
    "deberta": "it attends by relative positions",
    "deberta-v2": "it attends by relative positions",
    "distilbert": "it reads no segments and names its layers in its own way",
    "electra": "its embeddings may have another size than its layers",
    "mobilebert": "its layers have bottlenecks",
    "modernbert": "it has rotary positions and other layers",
    "roberta": "it reads byte-pair pieces and no segments",
    "xlm-roberta": "it reads sentence pieces and no segments",
    "xlnet": "it attends by relative positions",
}
"""How relatives of BERT differ from it, by their model_type."""
BERT_REMEDY = (
    "Use a checkpoint whose config.json has the model_type 'bert', fine-tuned for extractive question answering, such "
    "as deepset/bert-base-cased-squad2 of the Hugging Face hub."
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checked model."""

    name: str
    config: Config
    weights: Mapping[str, np.ndarray]
    """float32 arrays by the names of `Config.shapes`, and of those shapes."""
    vocabulary: Path
    """tokenizer.json or vocab.txt."""
    casing: Casing
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
            f"Enter a folder that holds {CONFIG_FILE}, {WEIGHTS_FILE} and vocab.txt or tokenizer.json; a model of the "
            f"Hugging Face hub as owner/model; or {SHIPPED_MODEL}.",
        )
    return read_checkpoint(download_checkpoint(name, progress), name)


class _InitialWeights(Mapping[str, np.ndarray]):
    """The weights that training starts from, drawn when the first of them is read: a graph from the cache needs none.

    They are drawn from a normal distribution with standard deviation 0.02 (Devlin et al. 2018).
    """

    def __init__(self, config: Config, seed: int) -> None:
        self._config, self._seed = config, seed

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray]:
        random = np.random.default_rng(self._seed)
        arrays = {}
        for tensor, shape in self._config.shapes().items():
            if tensor.endswith("LayerNorm.weight"):
                arrays[tensor] = np.ones(shape, np.float32)
            elif tensor.endswith("bias"):
                arrays[tensor] = np.zeros(shape, np.float32)
            else:
                arrays[tensor] = random.standard_normal(shape, np.float32) * np.float32(0.02)
        return arrays

    def __getitem__(self, tensor: str) -> np.ndarray:
        return self._arrays[tensor]

    def __iter__(self) -> Iterator[str]:
        return iter(self._config.shapes())

    def __len__(self) -> int:
        return len(self._config.shapes())


def make_untrained(name: str, seed: int = 0) -> Checkpoint:
    """Return a model of `UNTRAINED_MODELS` with the weights that training starts from."""
    config = UNTRAINED_MODELS[name]
    return Checkpoint(
        name=name,
        config=config,
        weights=_InitialWeights(config, seed),
        vocabulary=find_vocabulary(MODELS_FOLDER / SHIPPED_MODEL),
        casing=Casing(lowercase=True, reason=""),
        trained=False,
        digest=hashlib.sha256(f"{name} seed {seed} {config}".encode()).hexdigest(),
    )


def read_checkpoint(folder: Path, name: str = "", *, head: bool = True) -> Checkpoint:
    """Read and check the checkpoint in `folder`. Raises BadInput.

    With `head=False`, a checkpoint without the question-answering head is accepted, and a head is not read: training
    starts from such a checkpoint.
    """
    config = _parse_config(read_config(folder), folder)
    weights = _read_weights(_locate_weights(folder, config, head))
    vocabulary = find_vocabulary(folder)
    digest = hashlib.sha256(repr(config).encode())
    for tensor in sorted(weights):
        digest.update(tensor.encode())
        digest.update(weights[tensor].tobytes())
    digest.update(vocabulary.read_bytes())
    return Checkpoint(
        name=name or str(folder),
        config=config,
        weights=weights,
        vocabulary=vocabulary,
        casing=choose_casing(vocabulary),
        trained=True,
        digest=digest.hexdigest(),
    )


def check_checkpoint(name: str) -> tuple[Path, Casing, Config] | None:
    """Raise BadInput if `name` is a folder that `load_checkpoint` would refuse.

    Returns the vocabulary of the folder, how it is read, and the shape of the model; None if `name` is no folder.

    Names, types and shapes of tensors are checked. Their values are not read, and nothing is downloaded.
    """
    folder = Path(name.strip()).expanduser()
    if name in (SHIPPED_MODEL, *UNTRAINED_MODELS) or not folder.is_dir():
        return None
    config = _parse_config(read_config(folder), folder)
    _locate_weights(folder, config, head=True)
    vocabulary = find_vocabulary(folder)
    return vocabulary, choose_casing(vocabulary), config


def _parse_config(content: dict[str, Any], folder: Path) -> Config:
    _require_bert(content, folder)
    if content.get("hidden_act", "gelu") != "gelu":
        raise BadInput(
            f"{folder} has the activation {content['hidden_act']!r}", "Use a checkpoint with hidden_act 'gelu'."
        )
    if content.get("position_embedding_type", "absolute") != "absolute":
        raise BadInput(f"{folder} has relative positions", "Use a checkpoint with absolute positions.")
    if content.get("is_decoder"):
        raise BadInput(
            f"config.json of {folder}: is_decoder is {content['is_decoder']!r}",
            "Use a checkpoint in which every piece attends to the pieces on both sides.",
        )
    if content.get("quantization_config"):
        raise BadInput(
            f"config.json of {folder} has a quantization_config, so its weights are quantized",
            "Use the checkpoint that was quantized: Fairlap quantizes it itself.",
        )
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


def _require_bert(content: dict[str, Any], folder: Path) -> None:
    model_type = content.get("model_type", "bert")
    architectures = content.get("architectures")
    if "model_type" not in content and isinstance(architectures, list) and architectures:
        # Old files name only the class: RobertaForQuestionAnswering.
        model_type = str(architectures[0]).partition("For")[0].removesuffix("Model").lower()
    if model_type != "bert":
        why = OTHER_ARCHITECTURES.get(model_type, "") if isinstance(model_type, str) else ""
        raise BadInput(f"{folder} is a {model_type!r} model, not a BERT" + (f": {why}" if why else ""), BERT_REMEDY)


@dataclass(frozen=True, slots=True)
class _StoredTensor:
    """Where a tensor is stored."""

    file: Path
    stored_name: str


def _locate_weights(folder: Path, config: Config, head: bool) -> dict[str, _StoredTensor]:
    """The place of every tensor of `Config.shapes`, after checking its type and shape. Raises BadInput."""
    shapes = {name: shape for name, shape in config.shapes().items() if head or name not in HEAD_TENSORS}
    located: dict[str, _StoredTensor] = {}
    extra: list[str] = []
    files = find_weight_files(folder)
    for file in files:
        with _translate_errors(file), safe_open(file, framework="numpy") as tensors:
            for name, stored_name in _normalize_names(tensors.keys()):
                if name in located:
                    raise BadInput(
                        f"{folder} has {name} twice: as {located[name].stored_name} and as {stored_name}",
                        "Remove one of them, or save the checkpoint again.",
                    )
                if name in shapes:
                    located[name] = _StoredTensor(file, stored_name)
                    _check_tensor(tensors.get_slice(stored_name), stored_name, shapes[name], file)
                elif name not in HEAD_TENSORS and not name.startswith(UNUSED_TENSORS):
                    extra.append(stored_name)
    missing = [name for name in shapes if name not in located]
    # If other tensors are missing too, the head is not what is wrong with the checkpoint.
    if missing and set(missing) <= set(HEAD_TENSORS):
        raise BadInput(
            f"{folder} has no question-answering head (qa_outputs)",
            "Use a checkpoint fine-tuned for extractive question answering, for example on SQuAD; or train "
            "one: python -m workloads.bert.training.train",
        )
    if missing:
        where = str(files[0]) if len(files) == 1 else f"the {len(files)} weight files in {folder}"
        raise BadInput(f"{where} {'lacks' if len(files) == 1 else 'lack'} {_name_first(missing)}", MISMATCH_REMEDY)
    if extra:
        raise BadInput(
            f"the weights in {folder} have {_name_first(extra)}, which a BERT with this config.json does not use",
            f"{MISMATCH_REMEDY} Adapters and added layers are not supported: merge them into the weights first.",
        )
    return {name: located[name] for name in shapes}


def _name_first(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _check_tensor(stored: Any, stored_name: str, shape: tuple[int, ...], file: Path) -> None:
    if (element_type := stored.get_dtype()) not in FLOAT_TYPES:
        raise BadInput(
            f"{file}: {stored_name} is of type {element_type}",
            f"Use weights of one of the types {', '.join(FLOAT_TYPES)}.",
        )
    if (stored_shape := tuple(stored.get_shape())) != shape:
        raise BadInput(
            f"{file}: {stored_name} has shape {stored_shape}, but config.json requires {shape}", MISMATCH_REMEDY
        )


def _read_weights(located: Mapping[str, _StoredTensor]) -> dict[str, np.ndarray]:
    """The values of located tensors, in the same order. Raises BadInput."""
    read: dict[str, np.ndarray] = {}
    for file in dict.fromkeys(tensor.file for tensor in located.values()):
        with _translate_errors(file), safe_open(file, framework="numpy") as tensors:
            for name, tensor in located.items():
                if tensor.file == file:
                    read[name] = np.ascontiguousarray(tensors.get_tensor(tensor.stored_name), np.float32)
    for name, value in read.items():
        if not np.isfinite(value).all():
            raise BadInput(
                f"{located[name].file}: {name} holds values that are infinite or not numbers",
                "Download or train the model again.",
            )
    return {name: read[name] for name in located}


@contextlib.contextmanager
def _translate_errors(file: Path) -> Iterator[None]:
    """Raise BadInput for what is raised when the safetensors file `file` cannot be read."""
    try:
        yield
    except (SafetensorError, OSError, TypeError) as error:
        raise BadInput(
            f"{file} cannot be read: {error}",
            "The file is truncated or not in the safetensors format. Download or save it again.",
        ) from error


def _normalize_names(stored_names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the name in `Config.shapes` and the stored name of every tensor.

    Some checkpoints prefix the names with `bert.`, old ones call LayerNorm's tensors gamma and beta, and PyTorch's
    wrappers for training prefix all names (DataParallel: `module.`, torch.compile: `_orig_mod.`, Lightning: `model.`).
    """
    for stored_name in stored_names:
        name = WRAPPER_PREFIX.sub("", stored_name).removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
        yield name.replace("LayerNorm.beta", "LayerNorm.bias"), stored_name
