"""How an INT8 model is made: a configuration and the operators that stay in FP32, stored under a name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bench.system.cache_entry import write_atomically
from bench.workload.interface import BadInput
from workloads.bert import question_file, squad
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import QuantizationConfig, parse_config
from workloads.bert.quantization.template import QUANTIZATION_YAML

DEFAULT_NAME = "default"
"""The conversion in a checkpoint's own `FILE_NAME`, or else `template.QUANTIZATION_YAML` with all operators in INT8."""
FILE_NAME = "quantization.json"
"""In a checkpoint's folder: the result of a tuning, in the format that `save_conversion` writes."""
REMEDY = f"Choose {DEFAULT_NAME!r}, or tune on the Quantize tab and race the result."


@dataclass(frozen=True, slots=True)
class Conversion:
    """What decides how a graph is quantized."""

    yaml: str
    config: QuantizationConfig
    """What `yaml` says."""
    fallback: frozenset[str]
    """Operators that stay in FP32."""
    tuning_passages: frozenset[str] | None = frozenset()
    """Passages by whose questions a tuning chose `fallback`, ids of `squad.identify_passage`; empty if it was not
    tuned, None if it was tuned on passages that are not known."""

    @property
    def calibration(self) -> list[squad.Question]:
        """The calibration questions: as many as the configuration asks for, but no more than the shipped set has."""
        return question_file.read_questions(question_file.CALIBRATION_FILE)[: self.config.sampling_size]


class _ConversionFile(BaseModel):
    """The content of a stored conversion."""

    model_config = ConfigDict(strict=True)

    yaml: str
    fallback: list[str]
    tuning_passages: list[str] | None = None
    """Missing in files of Fairlap 0.1.0, whose tuning read all questions of the set that the race was judged by."""


def load_default(checkpoint: Checkpoint) -> Conversion:
    """Return the conversion `DEFAULT_NAME` of `checkpoint`. Raises BadInput if the checkpoint's file is damaged."""
    file = checkpoint.vocabulary.parent / FILE_NAME
    # An untrained model borrows the vocabulary of the shipped one, but not its quantization.
    if checkpoint.trained and file.is_file():
        return _read_conversion(file, f"Remove {FILE_NAME} from the folder; then all operators become INT8.")
    return Conversion(QUANTIZATION_YAML, parse_config(QUANTIZATION_YAML), frozenset())


def save_conversion(yaml: str, fallback: frozenset[str], tuning_passages: Collection[str], cache: Path) -> str:
    """Store a conversion in the folder `cache`, and return the name by which `load_conversion` finds it.

    The same conversion, tuned on the same passages, always gets the same name.
    """
    fields = {"yaml": yaml, "fallback": sorted(fallback), "tuning_passages": sorted(tuning_passages)}
    content = json.dumps(fields, indent=1)
    name = f"tuned-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    write_atomically(cache / f"{name}.json", content.encode())
    return name


def find_conversion_file(name: str, cache: Path) -> Path:
    """Return the file of a conversion other than the default. Raises BadInput if this machine does not have it."""
    file = cache / f"{name}.json"
    if not re.fullmatch("tuned-[0-9a-f]{12}", name) or not file.is_file():
        raise BadInput(f"this machine has no quantization called {name!r}", REMEDY)
    return file


def load_conversion(name: str, cache: Path, checkpoint: Checkpoint) -> Conversion:
    """Return the conversion `name` for `checkpoint`. Raises BadInput if it does not exist or its file is damaged."""
    if name == DEFAULT_NAME:
        return load_default(checkpoint)
    return _read_conversion(find_conversion_file(name, cache), REMEDY)


def _read_conversion(file: Path, remedy: str) -> Conversion:
    try:
        content = _ConversionFile.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise BadInput(f"{file} is damaged: {error.errors()[0]['msg']}", remedy) from error
    passages = content.tuning_passages
    return Conversion(
        content.yaml,
        parse_config(content.yaml),
        frozenset(content.fallback),
        None if passages is None else frozenset(passages),
    )
