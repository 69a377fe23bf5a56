"""A user's own documents for tests: texts of classes that differ, as a folder or a table, and what is read of them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.plan.validation import make_plan
from bench.workload.interface import Settings
from tests.support.tables import ignore_progress
from workloads.documents.catalogue import TFIDF
from workloads.documents.own.read import OwnDocuments, read_own_documents

WORDS = {
    "sea": "ship sail harbour wave captain anchor tide island storm deck",
    "kitchen": "bread oven flour butter sugar knife table plate spoon recipe",
    "garden": "tree flower seed soil water leaf root branch fruit grass",
    "sky": "cloud sun moon star wind rain bird plane comet night",
}
SHARED = ["".join(random.Random(place).choices("abcdefghijklmnoprstu", k=5)) for place in range(600)]


def make_documents(count: int, words: int = 20, labels: Sequence[str] = tuple(WORDS)) -> list[tuple[str, str]]:
    """`count` different documents in turns of the classes: (text, label)."""
    rng, topics = random.Random(0), list(WORDS.values())
    rows = []
    for place in range(count):
        number = place % len(labels)
        topic = topics[number % len(topics)].split()
        rows.append((" ".join(rng.choices(topic, k=words // 3) + rng.choices(SHARED, k=words)), labels[number]))
    return rows


def write_folder(folder: Path, count: int, **options: Any) -> Path:
    """A folder of class folders with `count` text files."""
    for place, (text, label) in enumerate(make_documents(count, **options)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / f"{place}.txt").write_text(text, encoding="utf-8")
    return folder


def write_table(file: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """A CSV or Parquet file, by the ending of its name."""
    import pandas as pd

    frame = pd.DataFrame(dict(columns))
    if file.suffix == ".csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file)
    return file


def make_columns(count: int, **options: Any) -> dict[str, list[str]]:
    """Columns `text` and `label` of `count` documents."""
    rows = make_documents(count, **options)
    return {"text": [text for text, _ in rows], "label": [label for _, label in rows]}


def make_own_settings(source: Path | str, folder: Path, documents: int = 3_600, **parameters: Any) -> Settings:
    """Settings of the stock arm with the documents of `source`, and all its folders below `folder`."""
    chosen = {"file": str(source), "components": 10, "topics": 4, "mapped": 100} | parameters
    plan = make_plan("documents", TFIDF, cores=1, batch=documents, parameters=chosen)
    return Settings(plan.case, "stock", 1, plan.batch, plan.parameters, plan.seed, folder, folder, folder)


def read_own(source: Path, documents: int = 3_600, **parameters: Any) -> tuple[OwnDocuments, dict[str, str]]:
    """The documents of a folder or table, and the notes on them by label."""
    settings = make_own_settings(source, source.parent, documents, **parameters)
    found = read_own_documents(settings, ignore_progress)
    return found, {note.label: note.text for note in found.notes}
