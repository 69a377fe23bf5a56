"""Compares what Fairlap reads from a file with what pandas, Pillow and json read from it.

A difference that Fairlap announces in a note, such as a comment that it leaves out, is no fault.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from bench.tables.csv_table import EXTRA_NAME
from bench.workload.file_summary import FileSummary
from workloads.bert.question_file import QuestionSet
from workloads.modin.dataset_cache import DatasetFiles


def check_table(file: Path, files: DatasetFiles, max_rows: int) -> None:
    """Assert that the table has the rows, columns and texts that pandas reads, but for what its notes announce."""
    notes = {note.label: note.text for note in files.notes}
    read = pd.read_parquet(files.parquet)
    assert list(pd.read_csv(files.csv, dtype=files.dtypes or None).columns) == list(read.columns)
    if {"Encoding", "Header", "Left out", "Renamed"} & notes.keys():
        return  # pandas reads such files only with the options that the notes describe.
    if files.layout.startswith("Parquet"):
        expected = pd.read_parquet(file).reset_index(drop=True).head(max_rows)
    else:
        options: dict[str, Any] = {"sep": _find_separator(files.layout), "encoding": _find_encoding(files.layout)}
        decimal = "," if "decimal comma," in files.layout else "."
        if "decimal comma and point" in files.layout:
            return  # Columns with a sign each are two readings of pandas.
        expected = pd.read_csv(file, **options, decimal=decimal, nrows=max_rows, low_memory=False)
    added = [name for name in read.columns if name not in expected.columns and "Added by Fairlap" in notes]
    read = read.drop(columns=added)
    assert list(map(str, expected.columns)) == list(read.columns), (list(expected.columns), list(read.columns))
    assert len(expected) == len(read) == files.rows
    assert EXTRA_NAME not in read.columns
    for name in read.columns:
        if f"column {name}:" not in notes.get("Converted", "") or files.layout.startswith("separator"):
            _assert_equal_column(expected[name], read[name])


def _assert_equal_column(expected: pd.Series, read: pd.Series) -> None:
    same = (expected.isna().to_numpy() & read.isna().to_numpy()) | (
        expected.astype(object).to_numpy() == read.astype(object).to_numpy()
    )
    row = next((number for number, equal in enumerate(same) if not equal), None)
    assert row is None, f"column {read.name!r}, row {row}: pandas {expected.iloc[row]!r}, read {read.iloc[row]!r}"


def _find_separator(layout: str) -> str:
    name = layout.removeprefix("separator ").partition(",")[0]
    return {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}[name]


def _find_encoding(layout: str) -> str:
    name = layout.rpartition(", ")[2]
    return "utf-8-sig" if name == "UTF-8" else name


def check_picture(file: Path, found: FileSummary) -> None:
    """Assert that a picture has the size that Pillow finds, upright."""
    with Image.open(file) as image:
        width, height = image.size
    sizes = {f"{width:,} × {height:,} pixels"}
    if any(note.startswith("Turned upright") for note in found.notes):
        sizes = {f"{height:,} × {width:,} pixels", *sizes}
    assert found.text.rpartition(", ")[0] in sizes or found.text.partition(" pixels")[0] + " pixels" in sizes, (
        found.text,
        sizes,
    )


def check_questions(file: Path, found: QuestionSet) -> None:
    """Assert that every question, passage and answer is a text of the file, and every answer is in its passage."""
    data = file.read_bytes()
    text = data.decode(json.detect_encoding(data))
    try:
        documents = [json.loads(text.removeprefix("\ufeff"))]
    except ValueError:
        documents = [json.loads(line) for line in text.split("\n") if line.strip() and _is_json(line)]
    texts = {value for document in documents for value in _list_texts(document)}
    for question in found.questions:
        assert {question.question, question.passage, *question.answers} <= texts, question.id
        for answer, start in zip(question.answers, question.starts, strict=True):
            assert question.passage[start : start + len(answer)] == answer, question.id


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _list_texts(root: Any) -> list[str]:
    """All texts of a document, without recursion: mutated documents may be nested deeply."""
    found: list[str] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict | list):
            waiting += node.values() if isinstance(node, dict) else node
    return found
