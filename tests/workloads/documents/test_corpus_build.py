"""The default corpus as it is built: masked, in an order of its own, and once for all processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from workloads import ROOT
from workloads.documents.corpus import build
from workloads.documents.corpus.libraries import LIBRARIES
from workloads.documents.split import split_documents
from workloads.documents.table import load_documents

LABELS = ("Streamlit", "Hugging Face Hub", "Pydantic", "Authlib")
MAX_CANDIDATES = 200
"""Of each, for speed."""
SCRIPT = """
import sys
from pathlib import Path
from tests.workloads.documents.test_corpus_build import load_small_corpus

texts = []
corpus = load_small_corpus(Path(sys.argv[1]), lambda text, share=None: texts.append(text))
print(corpus.digest, "leaving out near-duplicates" in texts)
"""


def load_small_corpus(cache: Path, progress=lambda text, share=None: None) -> build.CorpusFile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "list_installed", lambda: tuple(one for one in LIBRARIES if one.label in LABELS))
        patch.setattr(build, "MAX_CANDIDATES", MAX_CANDIDATES)
        return build.load_docstrings(cache, progress)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def corpus(cache):
    return load_small_corpus(cache)


def test_no_name_is_left_after_cleaning(corpus):
    frame = load_documents(pd, corpus.path)
    assert set(frame["label"]) == set(corpus.labels) == set(LABELS) and len(frame) > 500
    names = {name for library in LIBRARIES for name in library.names}
    modules = build.list_module_names(library for library in LIBRARIES if library.label in LABELS)
    assert "sklearn" in names and "elements" in modules
    left = {word for text in frame["text"] for word in text.split()} & (names | modules)
    assert not left


def test_documents_have_sources_and_whole_ones_are_held_out(corpus):
    frame = load_documents(pd, corpus.path)
    assert all(source.startswith(f"{label}/") for source, label in zip(frame["source"], frame["label"], strict=True))
    split = split_documents(frame, 0)
    assert not set(split.sources[: split.train_count]) & set(split.sources[split.train_count :])
    assert 0.2 < 1 - split.train_count / len(split.texts) <= 0.26


def test_two_processes_build_it_once_and_the_same_whatever_the_seed_of_hashes(tmp_path, corpus):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [answer[0] for answer in answers] == [corpus.digest] * 2
    assert sorted(answer[1] for answer in answers) == ["False", "True"], "one of them waited for the other"


def test_a_damaged_file_is_made_again(cache, corpus):
    corpus.path.write_bytes(b"damaged")
    texts = []
    again = load_small_corpus(cache, lambda text, share=None: texts.append(text))
    assert again.digest == corpus.digest and "leaving out near-duplicates" in texts
    assert len(pd.read_parquet(again.path)) == again.documents
