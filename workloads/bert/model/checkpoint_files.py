"""The files of a checkpoint in the Hugging Face layout: which hold the weights, and what is wrong with the others."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from bench.formatting import format_bytes
from bench.workload.git_lfs import POINTER_REMEDY, is_pointer_file
from bench.workload.interface import BadInput

MAX_JSON_BYTES = 16 * 1024**2
MAX_MODEL_BYTES = 4 * 1024**3
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
"""Which file has which tensor, if the weights are in several files."""
DOWNLOAD_REMEDY = "Download the checkpoint again."
LAYOUT_REMEDY = (
    "Enter a folder in the Hugging Face layout: config.json, model.safetensors, and vocab.txt or tokenizer.json."
)
SAVE_REMEDY = (
    "Weights are read from safetensors only, because other formats can run code. Load the model once with the library "
    "transformers and save it with save_pretrained(folder, safe_serialization=True)"
)
OTHER_WEIGHTS = {
    "pytorch_model.bin": ("PyTorch", f"{SAVE_REMEDY}."),
    "pytorch_model.bin.index.json": ("PyTorch", f"{SAVE_REMEDY}."),
    "tf_model.h5": ("TensorFlow", f"{SAVE_REMEDY}; AutoModelForQuestionAnswering.from_pretrained needs from_tf=True."),
    "model.ckpt.index": ("TensorFlow 1", f"{SAVE_REMEDY}; convert it first with transformers' BERT converter."),
    "bert_model.ckpt.index": ("TensorFlow 1", f"{SAVE_REMEDY}; convert it first with transformers' BERT converter."),
    "saved_model.pb": ("TensorFlow SavedModel", "Use the checkpoint that the SavedModel was exported from."),
    "flax_model.msgpack": (
        "Flax",
        f"{SAVE_REMEDY}; AutoModelForQuestionAnswering.from_pretrained needs from_flax=True.",
    ),
    "model.onnx": ("ONNX", "Use the checkpoint that the ONNX model was exported from."),
}
"""Files with weights of other libraries: what they are, and what to do."""
OTHER_SUFFIXES = {".gguf": "llama.cpp", ".pt": "PyTorch", ".pth": "PyTorch", ".ckpt": "PyTorch"}
"""Libraries by the ends of names that users choose."""


def read_json(file: Path) -> dict[str, Any]:
    """The JSON object in a file of a checkpoint. Raises BadInput."""
    if not file.is_file():
        raise BadInput(f"{file.parent} has no {file.name}", LAYOUT_REMEDY)
    if file.stat().st_size > MAX_JSON_BYTES:
        raise BadInput(f"{file} is larger than {format_bytes(MAX_JSON_BYTES)}", DOWNLOAD_REMEDY)
    require_content(file)
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not JSON: {error}", DOWNLOAD_REMEDY) from error
    if not isinstance(value, dict):
        raise BadInput(f"{file} does not contain a JSON object", DOWNLOAD_REMEDY)
    return value


def read_config(folder: Path) -> dict[str, Any]:
    """The content of config.json. Raises BadInput, which names what the folder holds instead."""
    if not (folder / CONFIG_FILE).is_file():
        _refuse_other_layout(folder, CONFIG_FILE)
    return read_json(folder / CONFIG_FILE)


def require_content(file: Path) -> None:
    """Raise BadInput if `file` is a pointer of Git LFS, which stands for a file that was not downloaded."""
    if is_pointer_file(file):
        raise BadInput(f"{file} is a pointer of Git LFS, not the file itself", POINTER_REMEDY)


def find_weight_files(folder: Path) -> list[Path]:
    """The files with the weights of the checkpoint in `folder`: one, or those that its index names.

    Raises BadInput if there are none, or if one is missing, a pointer of Git LFS, or too large.
    """
    if (folder / WEIGHTS_FILE).is_file():
        files = [folder / WEIGHTS_FILE]
    elif (folder / INDEX_FILE).is_file():
        files = [folder / name for name in list_shards(read_json(folder / INDEX_FILE), folder / INDEX_FILE)]
    else:
        _refuse_other_weights(folder)
    for file in files:
        if not file.is_file():
            raise BadInput(f"{INDEX_FILE} names {file.name}, which is not in {folder}", DOWNLOAD_REMEDY)
        require_content(file)
    if (size_bytes := sum(file.stat().st_size for file in files)) > MAX_MODEL_BYTES:
        raise BadInput(
            f"the weights in {folder} have {format_bytes(size_bytes)}",
            f"Use a model of at most {format_bytes(MAX_MODEL_BYTES)}.",
        )
    return files


def list_shards(index: dict[str, Any], file: Path) -> list[str]:
    """The names of the files in the index of a checkpoint, sorted. Raises BadInput."""
    names = index.get("weight_map")
    if not isinstance(names, dict) or not names:
        raise BadInput(f"{file} has no object 'weight_map' that names files", DOWNLOAD_REMEDY)
    shards: set[str] = set()
    for name in names.values():
        # The index comes from outside: it may name files of this folder only.
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise BadInput(f"{file} names {name!r}, expected a safetensors file in the same folder", DOWNLOAD_REMEDY)
        shards.add(name)
    return sorted(shards)


def _refuse_other_weights(folder: Path) -> NoReturn:
    for name, (library, remedy) in OTHER_WEIGHTS.items():
        if (folder / name).is_file():
            raise BadInput(f"{folder} has weights of {library} only ({name}), no {WEIGHTS_FILE}", remedy)
    _refuse_other_layout(folder, WEIGHTS_FILE)
    raise BadInput(f"{folder} has no {WEIGHTS_FILE}", LAYOUT_REMEDY)


def _refuse_other_layout(folder: Path, missing: str) -> None:
    """Raise BadInput if a folder without the file `missing` holds an adapter, or weights with other names."""
    names = sorted(file.name for file in folder.iterdir())
    if "adapter_config.json" in names:
        raise BadInput(
            f"{folder} has an adapter (adapter_config.json), no {missing}",
            "Load it with the library peft, call merge_and_unload(), and save the result with save_pretrained(folder).",
        )
    for name in names:
        if library := OTHER_SUFFIXES.get(Path(name).suffix):
            remedy = f"{SAVE_REMEDY}." if library == "PyTorch" else "Use the checkpoint that this file was made from."
            raise BadInput(f"{folder} has weights of {library} ({name}), no {missing}", remedy)
    if missing != WEIGHTS_FILE:
        return
    if parts := [name for name in names if re.search(r"-\d+-of-\d+\.safetensors$", name)]:
        raise BadInput(f"{folder} has weights in parts ({parts[0]}), but no {INDEX_FILE}", f"Add {INDEX_FILE}.")
    if other := next((name for name in names if name.endswith(".safetensors")), ""):
        raise BadInput(f"{folder} has {other}, but no {WEIGHTS_FILE}", f"Rename {other} to {WEIGHTS_FILE}.")


def find_vocabulary(folder: Path) -> Path:
    """The file with the word pieces of a checkpoint. Raises BadInput."""
    for name in ("tokenizer.json", "vocab.txt"):
        if (file := folder / name).is_file():
            if file.stat().st_size > MAX_JSON_BYTES:
                raise BadInput(f"{file} is larger than {format_bytes(MAX_JSON_BYTES)}", DOWNLOAD_REMEDY)
            require_content(file)
            return file
    if (folder / "vocab.json").is_file() or (folder / "merges.txt").is_file():
        raise BadInput(
            f"{folder} has the byte-pair vocabulary of another architecture, neither tokenizer.json nor vocab.txt",
            "Use a BERT with its own vocabulary of word pieces.",
        )
    raise BadInput(
        f"{folder} has neither tokenizer.json nor vocab.txt",
        "Add the vocabulary that the model was trained with: tokenizer.save_pretrained(folder).",
    )
