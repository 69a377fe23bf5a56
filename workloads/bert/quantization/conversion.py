"""How an INT8 model is made: a configuration and the operators that stay in FP32, kept under a name of their own."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from bench.system.cache_entry import write_atomically
from bench.workload.interface import BadInput
from workloads.bert import squad
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import config
from workloads.bert.quantization.config import Recipe
from workloads.bert.quantization.template import QUANTIZATION_YAML

DEFAULT_NAME = "default"
"""The name of what a checkpoint's own `FILE` says, or else of `workloads.bert.quantization.template` with all operators in INT8."""
FILE_NAME = "quantization.json"
"""In a checkpoint's folder: what a tuning of it has found, as `keep` writes it."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a graph is quantized by."""

    yaml: str
    recipe: Recipe
    fallback: frozenset[str]
    """Operators that stay in FP32."""

    @property
    def calibration(self) -> list[squad.Question]:
        """The questions that the FP32 model reads: as many as the configuration asks for and the shipped set has."""
        return squad.read_questions(squad.CALIBRATION_FILE)[: self.recipe.sampling_size]


def load_default(checkpoint: Checkpoint) -> Conversion:
    """See `DEFAULT`. Raises BadInput where the checkpoint's file is damaged."""
    file = checkpoint.vocabulary.parent / FILE_NAME
    # An untrained shape borrows the vocabulary of a model, and nothing else.
    if checkpoint.trained and file.is_file():
        return _read_conversion(file, f"Take {FILE_NAME} out of the folder, and all operators become INT8.")
    return Conversion(QUANTIZATION_YAML, config.parse_recipe(QUANTIZATION_YAML), frozenset())


def save_conversion(yaml: str, fallback: frozenset[str], cache: Path) -> str:
    """Keep what a tuning has found in the folder `cache`; the name by which `load` finds it, the same for the same."""
    content = json.dumps({"yaml": yaml, "fallback": sorted(fallback)}, indent=1)
    name = f"tuned-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    write_atomically(cache / f"{name}.json", content.encode())
    return name


REMEDY = f"Take {DEFAULT_NAME!r}, or tune on the Quantize tab and race what it finds."


def find_conversion_file(name: str, cache: Path) -> Path:
    """The file of the conversion called `name`, which is not the default. Raises BadInput where there is none."""
    file = cache / f"{name}.json"
    if not re.fullmatch("tuned-[0-9a-f]{12}", name) or not file.is_file():
        raise BadInput(f"this machine has no quantization called {name!r}", REMEDY)
    return file


def load_conversion(name: str, cache: Path, checkpoint: Checkpoint) -> Conversion:
    """The conversion of `checkpoint` called `name`. Raises BadInput where this machine has none of that name."""
    return (
        load_default(checkpoint)
        if name == DEFAULT_NAME
        else _read_conversion(find_conversion_file(name, cache), REMEDY)
    )


def _read_conversion(file: Path, remedy: str) -> Conversion:
    try:
        content = json.loads(file.read_text())
        yaml, fallback = content["yaml"], frozenset(content["fallback"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{file} is damaged: {error}", remedy) from error
    return Conversion(yaml, config.parse_recipe(yaml), fallback)
