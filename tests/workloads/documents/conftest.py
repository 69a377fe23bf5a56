"""Arms of the documents on a small corpus, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")

from bench.plan.validation import make_plan
from bench.workload.interface import Settings
from workloads.documents import arm as arm_module
from workloads.documents import source
from workloads.documents.catalogue import TFIDF
from workloads.documents.corpus.build import CorpusFile

TOPICS = {
    "sea": "ship sail harbour wave captain anchor tide island storm deck",
    "kitchen": "bread oven flour butter sugar knife table plate spoon recipe",
    "garden": "tree flower seed soil water leaf root branch fruit grass",
}
SHARED = "people often talk about things they like when the day is long and nothing else happens around them"


def make_texts(count: int) -> list[tuple[str, str]]:
    """`count` documents in turns of three classes: (text, label). Every text is different."""
    import random

    rng, rows = random.Random(0), []
    for place in range(count):
        label = list(TOPICS)[place % len(TOPICS)]
        words = (
            rng.choices(TOPICS[label].split(), k=6)
            + rng.choices(SHARED.split(), k=10)
            + [f"name{chr(97 + place % 26)}"]
        )
        rng.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def write_corpus(folder: Path, count: int) -> CorpusFile:
    import pyarrow as pa
    from pyarrow import parquet

    rows = make_texts(count)
    file = folder / "documents.parquet"
    table = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    table["source"] = [f"document {place}" for place in range(count)]
    parquet.write_table(pa.table(table), file)
    return CorpusFile(file, "d" * 64, count, tuple(TOPICS), "texts made for a test", {})


@pytest.fixture
def make_arm(tmp_path, monkeypatch):
    """Makes a prepared arm with so many documents of a small corpus."""
    corpus = write_corpus(tmp_path, 600)
    monkeypatch.setattr(source, "load_docstrings", lambda cache, progress: corpus)

    def make(
        lever: str, *, case: str = TFIDF, documents: int = 360, cores: int = 1, **parameters: Any
    ) -> tuple[Any, dict[str, Any]]:
        scratch = tmp_path / lever
        scratch.mkdir(exist_ok=True)
        small = {"components": 10, "topics": 3, "mapped": 100}
        small |= {"features": 200} if case == TFIDF else {"length": 16}
        plan = make_plan("documents", case, cores=cores, batch=documents, parameters=small | parameters)
        settings = Settings(plan.case, lever, cores, documents, plan.parameters, 0, scratch, tmp_path, tmp_path)
        made = arm_module.DocumentPipeline(settings)
        return made, made.prepare(lambda text, share=None: None)

    return make
