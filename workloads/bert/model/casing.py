"""How a checkpoint reads capital letters, accents and Chinese characters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.formatting import format_percent
from bench.workload.interface import BadInput
from workloads.bert.model.checkpoint_files import read_json

MIN_CASED_SHARE = 0.01
"""A vocabulary with a smaller share of pieces with capital letters is one for text in lower case: those of BERT's
uncased models have none, but a user may have added a few pieces."""


@dataclass(frozen=True, slots=True)
class Casing:
    """How the capital letters of a text are read."""

    lowercase: bool
    """Not used with a tokenizer.json, which has its own rule."""
    reason: str
    """How, and what decided that: `capital letters kept (tokenizer_config.json)`."""
    strip_accents: bool | None = None
    """Whether accents are removed, so that `ü` is read as `u`; None if that is so exactly with `lowercase`. Not used
    with a tokenizer.json."""
    split_chinese: bool = True
    """Whether each Chinese character is a word of its own. Not used with a tokenizer.json."""


def choose_casing(vocabulary: Path) -> Casing:
    """How a model with the vocabulary file `vocabulary` reads capital letters and accents. Raises BadInput.

    tokenizer_config.json beside a vocab.txt decides. Without it the vocabulary decides on capital letters: a model that
    knows pieces with capital letters would never see them in text in lower case.
    """
    file = vocabulary.with_name("tokenizer_config.json")
    content = read_json(file) if file.is_file() else {}
    declared, strip_accents, split_chinese = (
        _read_switch(content, key, file) for key in ("do_lower_case", "strip_accents", "tokenize_chinese_chars")
    )
    if vocabulary.suffix == ".json":
        return Casing(declared is not False, "capital letters as in its tokenizer.json")
    if declared is not None:
        lowercase, reason = declared, f"{_describe(declared)} (tokenizer_config.json)"
    else:
        share = measure_cased_share(vocabulary)
        lowercase = share < MIN_CASED_SHARE
        reason = f"{_describe(lowercase)} ({format_percent(share, 0)} of its vocabulary has them)"
    if strip_accents is not None and strip_accents != lowercase:
        reason += f", accents {'removed' if strip_accents else 'kept'} (tokenizer_config.json)"
    if split_chinese is False:
        reason += ", Chinese characters not split (tokenizer_config.json)"
    return Casing(lowercase, reason, strip_accents, split_chinese is not False)


def _read_switch(content: dict[str, Any], key: str, file: Path) -> bool | None:
    """The value of a switch in `content`, which `file` holds; None if it is not set. Raises BadInput."""
    value = content.get(key)
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{file}: {key} is {value!r}", "Expected true or false.")
    return value


def _describe(lowercase: bool) -> str:
    return "capital letters read as small ones" if lowercase else "capital letters kept"


def measure_cased_share(vocabulary: Path) -> float:
    """The share of the word pieces in a vocab.txt that have a capital letter, without special pieces, 0 to 1."""
    lines = vocabulary.read_text(encoding="utf-8", errors="replace").splitlines()
    pieces = [line.strip() for line in lines if line.strip() and not (line.startswith("[") and line.endswith("]"))]
    return sum(piece != piece.lower() for piece in pieces) / len(pieces) if pieces else 0.0
