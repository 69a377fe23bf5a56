"""Finds the articles, paragraphs and rows in a file of questions, in each layout that such files have.

- SQuAD: `{"data": [{"paragraphs": [{"context", "qas": [{"id", "question", "answers": [{"text", "answer_start"}]}]}]}]}`
- rows: `{"id", "context", "question", "answers": {"text": [...], "answer_start": [...]}}`, as a list, or as the list
  `data`, `rows` (each perhaps as `{"row": ...}`) or a split such as `train` of an object
- JSON lines: one article, paragraph or row per line
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from bench.workload.git_lfs import POINTER_REMEDY, POINTER_START
from bench.workload.interface import BadInput
from workloads.bert.question_entries import LeftOut

LAYOUT_REMEDY = (
    "Use a file in the SQuAD layout, data[].paragraphs[].{context, qas[].{id, question, answers[].{text, "
    "answer_start}}}, or rows of the library datasets, {id, context, question, answers: {text: [], answer_start: []}}."
)
ARCHIVE_STARTS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf")
"""How files begin that ZIP, gzip, bzip2, xz, zstd and 7z write."""
SPLITS = ("train", "validation", "dev", "test")
"""What the parts of a data set are called."""


def check_format(data: bytes, name: str) -> None:
    """Raise BadInput if a file is empty, or of a kind that holds no JSON."""
    if not data.strip():
        raise BadInput(f"{name} is empty ({len(data):,} bytes)", LAYOUT_REMEDY)
    if data.startswith(ARCHIVE_STARTS):
        raise BadInput(f"{name} is a compressed archive, not JSON", "Unpack it and use the JSON file in it.")
    if data[:4] == b"PAR1":
        raise BadInput(
            f"{name} is a Parquet file, not JSON",
            "Save its rows as JSON lines, with the library datasets: dataset.to_json('questions.jsonl').",
        )


def list_entries(data: bytes, name: str, left_out: list[LeftOut]) -> Iterator[tuple[str, Any]]:
    """Yield the place and the value of every article, paragraph or row. Raises BadInput if there can be none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        lines = _split_json_lines(data)
        if not lines:
            _refuse_other_text(data, name)
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise BadInput(f"{name} is not JSON: {reason}", _choose_remedy(data, error)) from error
        yield from _parse_lines(lines, left_out)
        return
    if isinstance(value, dict) and value.keys() & {"paragraphs", "qas", "question"}:
        yield "its only object", value
    elif isinstance(value, dict):
        yield from _list_members(value, name)
    elif isinstance(value, list) and value:
        yield from ((f"row {number}", entry) for number, entry in enumerate(value, 1))
    else:
        raise BadInput(f"{name} has no list 'data'", LAYOUT_REMEDY)


def _choose_remedy(data: bytes, error: ValueError | RecursionError) -> str:
    """What to do about a file that cannot be parsed as JSON."""
    if isinstance(error, UnicodeDecodeError):
        return "Save it in UTF-8, for example: iconv -f ENCODING -t UTF-8, with the encoding that it has."
    if isinstance(error, json.JSONDecodeError) and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return "Correct the file there: names and texts in double quotes, commas between entries only, no comments."
    return LAYOUT_REMEDY


def _refuse_other_text(data: bytes, name: str) -> None:
    """Raise BadInput if a file that is not JSON is a pointer of Git LFS, a web page or a table."""
    start = data[:1_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(POINTER_START):
        raise BadInput(f"{name} is a pointer of Git LFS, not the file itself", POINTER_REMEDY)
    if start.startswith(b"<"):
        raise BadInput(f"{name} is a web page or XML, not JSON", "Download the file itself, not the page about it.")
    line = start.partition(b"\n")[0].lower()
    if re.match(rb"[\w\"' .]+[,;\t]", line) and (b"question" in line or b"context" in line):
        raise BadInput(
            f"{name} is a table, not JSON",
            "Save its rows as JSON lines, {id, context, question, answers: {text: [], answer_start: []}}.",
        )


def _list_members(value: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Yield the place and the value of every entry of the list in a file's only object.

    The list is called data, rows as the server of the Hugging Face hub sends it (its rows are {"row": …}), or by the
    only split of a data set. Raises BadInput.
    """
    lists = [key for key, entries in value.items() if isinstance(entries, list)]
    splits = [key for key in lists if key in SPLITS]
    key = next((key for key in ("data", "rows") if key in lists), splits[0] if len(splits) == 1 else "")
    if not key:
        if splits:
            names = ", ".join(splits)
            raise BadInput(f"{name} has several splits: {names}", "Use a file with one of them.")
        raise BadInput(f"{name} has no list 'data'", LAYOUT_REMEDY)
    for number, entry in enumerate(value[key]):
        is_wrapped = key == "rows" and isinstance(entry, dict) and isinstance(entry.get("row"), dict)
        yield f"{key}[{number}]", entry["row"] if is_wrapped else entry


def _split_json_lines(data: bytes) -> list[str]:
    """The lines of a file of JSON lines; none if its first line is not a JSON object."""
    try:
        # Not splitlines, which also splits at characters that JSON allows inside texts, such as U+2028.
        lines = data.decode(json.detect_encoding(data)).split("\n")
        first = next((line for line in lines if line.strip()), "")
        return lines if isinstance(json.loads(first), dict) else []
    except (ValueError, RecursionError):
        return []


def _parse_lines(lines: Iterable[str], left_out: list[LeftOut]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield f"line {number:,}", json.loads(line)
        except (ValueError, RecursionError) as error:
            left_out.append(LeftOut(f"line {number:,}", f"it is not JSON: {error}"))
