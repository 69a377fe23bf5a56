"""The map as a table of the run: what both arms made of the same documents."""

from __future__ import annotations

import numpy as np
import pytest

from bench.values.base import Arm
from tests.support.document_runs import make_map
from tests.support.estimator_paths import NoClock
from workloads.documents import arm as arm_module
from workloads.documents.document_map import MAP_TABLE, make_map_table, read_map_table
from workloads.documents.table import find_beginnings


def test_a_table_has_the_whole_map_and_one_of_another_kind_is_refused():
    content = make_map()
    table = make_map_table(content)
    assert read_map_table(table) == content
    assert content.list_wrong(Arm.BASELINE) == [False] * 4
    assert content.list_wrong(Arm.ACCELERATED) == [False, False, False, True]
    with pytest.raises(ValueError, match="has the columns text"):
        read_map_table(table.model_copy(update={"columns": ["text"]}))
    with pytest.raises(ValueError, match="could not convert"):
        read_map_table(table.model_copy(update={"rows": [["a", "b", "left", "0", "1", "", "0", "0", "1", ""]]}))


def test_the_map_of_a_race_has_the_documents_of_both_arms_as_they_were_written(make_arm, monkeypatch):
    monkeypatch.setattr(arm_module, "MAX_DRAWN_DOCUMENTS", 60)
    arms = {}
    for lever in ("stock", "accelerated"):
        arms[lever], _ = make_arm(lever)
        arms[lever].repeat(0, NoClock())
        arms[lever].conclude()
    _, tables = arms["accelerated"].compare(arms["stock"].settings.scratch)
    [table] = [table for table in tables if table.name == MAP_TABLE]
    content = read_map_table(table)
    assert len(content.texts) == 60 < len(arms["stock"].result.places), "the table is bounded"
    for arm, made in zip(Arm, arms.values(), strict=True):
        result, drawn = made.result, content.arms[arm]
        documents = result.documents
        for row, place in enumerate(result.places[:60]):
            assert content.texts[row] == documents.texts[place], "these texts are clean already"
            assert content.labels[row] == documents.classes[documents.labels[place]]
            assert drawn.topics[row] == result.kmeans.labels_[place] + 1
            held_out = place - documents.train_count
            expected = documents.classes[result.predictions[held_out]] if held_out >= 0 else ""
            assert drawn.predicted[row] == expected
        assert any(drawn.predicted) and not all(drawn.predicted)
        positions = np.column_stack([drawn.x, drawn.y])
        assert np.allclose(positions, result.tsne.embedding_[:60], atol=0.006)


def test_the_beginning_of_a_document_is_found_by_its_cleaned_text(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    texts = ["\n  <b>One</b>\t1!", "two", "ONE b one B", "é" * 400, "  " * 4_000 + "last"]
    file = tmp_path / "documents.parquet"
    parquet.write_table(pa.table({"text": texts}), file)
    found = find_beginnings(file, {"b one b", "é" * 400, "last", "not there"}, 40)
    assert found == {"b one b": "<b>One</b> 1!", "é" * 400: "é" * 40 + "…", "last": "last"}
