"""Cleaning and splitting: what counts as a document, and which documents are held out: whole sources."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pyarrow import Table, parquet

from bench.workload.interface import BadInput
from workloads.documents.quality import count_confusions, measure_macro_f1
from workloads.documents.split import split_documents
from workloads.documents.table import load_documents


def test_cleaning_keeps_letters_of_all_alphabets_and_drops_empty_and_repeated_texts(tmp_path):
    file = tmp_path / "documents.parquet"
    texts = ["Größe, ÄNDERN 12!", "größe ändern", "123 !?", "Привет_мир", "plain"]
    parquet.write_table(Table.from_pydict({"text": texts, "label": list("abcde"), "source": texts}), file)
    frame = load_documents(pd, file)
    assert frame["text"].tolist() == ["größe ändern", "привет мир", "plain"]
    assert frame["label"].tolist() == ["a", "d", "e"]


def make_frame(labels: str, sources: list[str] | None = None) -> pd.DataFrame:
    texts = [f"text {place}" for place in range(len(labels))]
    return pd.DataFrame({"text": texts, "label": list(labels), "source": sources or texts})


def test_the_split_depends_on_the_seed_only_and_holds_out_a_quarter_of_each_class():
    frame = make_frame("a" * 40 + "b" * 8)
    first, again, other = (split_documents(frame, seed) for seed in (0, 0, 1))
    assert first.digest == again.digest != other.digest
    assert np.bincount(first.test_labels).tolist() == [10, 2]


def test_no_source_has_documents_on_both_sides():
    """Of class a, one source has half of the documents, and the others two each."""
    frame = make_frame("a" * 40 + "b" * 8, ["big"] * 20 + [f"a{n // 2}" for n in range(20)] + list("ccddeeff"))
    for seed in range(5):
        split = split_documents(frame, seed)
        learned, held_out = split.sources[: split.train_count], split.sources[split.train_count :]
        assert not set(learned) & set(held_out)
        assert np.bincount(split.test_labels).tolist() == [10, 2]


def test_the_smallest_source_is_held_out_if_all_have_more_than_a_quarter():
    split = split_documents(make_frame("a" * 20 + "b" * 8, ["x"] * 8 + ["y"] * 12 + list("bcdefghi")), 0)
    assert np.bincount(split.test_labels).tolist() == [8, 2]


def test_a_class_with_one_source_is_refused():
    with pytest.raises(BadInput, match="all documents of class a have the same source"):
        split_documents(make_frame("a" * 20 + "b" * 8, ["x"] * 20 + list("bcdefghi")), 0)


@pytest.mark.parametrize(
    ("labels", "message"),
    [("a" * 20, "all 20 documents have the same label"), ("a" * 20 + "bbb", "class b has only 3 different documents")],
)
def test_labels_that_cannot_be_learned_are_refused(labels, message):
    with pytest.raises(BadInput, match=message):
        split_documents(make_frame(labels), 0)


def test_the_f1_of_classes_is_averaged_without_weights():
    expected, predicted = np.array([0, 0, 0, 0, 1, 2]), np.array([0, 0, 0, 1, 1, 0])
    matrix = count_confusions(expected, predicted, 3)
    assert matrix.tolist() == [[3, 1, 0], [0, 1, 0], [1, 0, 0]]
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    assert measure_macro_f1(matrix) == pytest.approx(sklearn_metrics.f1_score(expected, predicted, average="macro"))
