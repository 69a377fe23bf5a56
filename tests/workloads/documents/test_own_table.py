"""A user's CSV or Parquet file of texts and labels: which columns are used, what is left out, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.storage.upload_check import check_file
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.own_documents import make_columns, make_own_settings, read_own, write_table
from workloads.documents.input_check import check_inputs
from workloads.documents.own import table as table_module
from workloads.documents.own.classes import draw_documents
from workloads.documents.own.limits import MAX_DOCUMENT_CHARACTERS
from workloads.documents.split import split_documents
from workloads.documents.table import clean_texts, load_documents

KINDS = pytest.mark.parametrize("kind", ["csv", "parquet"])
ROWS = 160


def columns(**changes) -> dict:
    """Texts and labels, with `changes`, of which None leaves a column out."""
    return {name: values for name, values in (make_columns(ROWS) | changes).items() if values is not None}


@KINDS
@pytest.mark.parametrize(("text", "label"), [("text", "label"), ("Review", "Sentiment"), ("CONTENT", "class")])
def test_columns_with_obvious_names_are_found(tmp_path, kind, text, label):
    made = make_columns(ROWS)
    file = write_table(tmp_path / f"own.{kind}", {"id": range(ROWS), label: made["label"], text: made["text"]})
    found, notes = read_own(file)
    assert found.texts == made["text"] and found.labels == made["label"]
    assert f"texts of column {text}, labels of column {label}" in found.description
    assert found.description.startswith(f"own.{kind} (")
    assert notes["Classes"] == "4: garden (40), kitchen (40), sea (40), sky (40)"


@KINDS
def test_columns_are_chosen_by_name_and_numbers_are_labels(tmp_path, kind):
    made = make_columns(ROWS)
    stars = [float(number % 3 + 1) for number in range(ROWS)]
    file = write_table(tmp_path / f"own.{kind}", {"said": made["text"], "stars": stars, "label": made["label"]})
    found, _ = read_own(file, text_column="said", label_column="stars")
    assert set(found.labels) == {"1", "2", "3"}
    with pytest.raises(BadInput, match="no column has a name that is obviously the text, such as") as error:
        read_own(file)
    assert "said" in str(error.value) and error.value.remedy == "Set text_column to the name of one of them."
    with pytest.raises(BadInput, match=r"there is no column 'star'; the columns of own\.\w+ are stars, "):
        read_own(file, text_column="said", label_column="star")


@KINDS
@pytest.mark.parametrize(
    ("changed", "message", "remedy"),
    [
        ({"label": ["one"] * ROWS}, "all 160 documents of the file .* have the label one", "Two classes"),
        ({"label": [f"id {n}" for n in range(ROWS)]}, "160 labels, and none of them with 4 documents", "Two classes"),
        (
            {"label": np.linspace(0, 1, ROWS)},
            "has numbers such as .*, which are quantities",
            "pandas.cut",
        ),
        ({"label": [None] * ROWS}, "no document with a text and a label", "label_column"),
        ({"text": [None] * ROWS}, "the column text of .* has no values", "text_column"),
        ({"text": range(ROWS)}, "the column text of .* has values that are no texts", "text_column"),
        ({"label": ["long " * 100] * ROWS}, "has a value of 499 characters, which is rather a text", "label_column"),
        ({"text": [f"{n} !" for n in range(ROWS)]}, "160 have no letters", "Give more documents"),
        ({"label": None}, "no column has a name that is obviously the label", "label_column"),
    ],
)
def test_a_table_that_cannot_be_raced_is_refused(tmp_path, kind, changed, message, remedy):
    file = write_table(tmp_path / f"own.{kind}", columns(**changed))
    with pytest.raises(BadInput, match=message) as refusal:
        check_inputs(make_own_settings(file, tmp_path))
    assert remedy in refusal.value.remedy


def test_one_column_cannot_be_text_and_label(tmp_path):
    file = write_table(tmp_path / "own.csv", columns())
    with pytest.raises(BadInput, match="cannot be both text and label"):
        read_own(file, text_column="label")


@KINDS
def test_missing_texts_labels_and_rare_labels_are_left_out_and_counted(tmp_path, kind):
    made = make_columns(ROWS)
    text = [None, None, *made["text"][2:]]
    label = [*made["label"][:10], None, "", "rare", *made["label"][13:]]
    found, notes = read_own(write_table(tmp_path / f"own.{kind}", {"text": text, "label": label}))
    assert len(found.texts) == ROWS - 5
    assert notes["Left out"] == (
        "2 rows without a label; 2 rows without a text; 1 document of labels with fewer than 4: rare"
    )


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_of_a_csv_file_is_found(tmp_path, codec):
    made = make_columns(ROWS)
    frame = pd.DataFrame({"text": [f"Größe schön {text}" for text in made["text"]], "label": made["label"]})
    file = tmp_path / "own.csv"
    file.write_bytes(frame.to_csv(index=False, sep=";").encode(codec))
    found, _ = read_own(file)
    assert found.texts[0].startswith("Größe schön ")
    packed = tmp_path / "own.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert read_own(packed)[0].texts == found.texts


@KINDS
def test_of_a_large_table_documents_are_drawn_from_all_of_it(tmp_path, kind):
    file = write_table(tmp_path / f"own.{kind}", make_columns(9_000, words=6))
    found, notes = read_own(file, 240)
    assert len(found.texts) == 240
    assert notes["Drawn"] == "240 of 9,000 documents, by the seed, of each class as its share"
    rows = {text: row for row, text in enumerate(make_columns(9_000, words=6)["text"])}
    drawn = [rows[text] for text in found.texts]
    assert min(drawn) < 1_000 and max(drawn) > 8_000
    assert read_own(file, 240)[0].texts == found.texts


def test_half_a_million_rows_are_read_in_parts(tmp_path, monkeypatch):
    """The labels of all, and the texts of those that are drawn: a part never has more than 4,096 rows."""
    made = make_columns(2_000, words=3)
    many = {name: values * 250 for name, values in made.items()}
    file = write_table(tmp_path / "own.parquet", many)
    sizes = []
    real = table_module._LabelColumn.add

    def add(column, labels, texts):
        sizes.append(len(labels))
        real(column, labels, texts)

    monkeypatch.setattr(table_module._LabelColumn, "add", add)
    found, notes = read_own(file, 600)
    assert sum(sizes) == 500_000 and max(sizes) <= table_module.ROWS_PER_BATCH
    assert len(found.texts) == 600 and notes["Drawn"].startswith("600 of 500,000 documents")


def test_a_text_of_40_mb_is_cut(tmp_path):
    made = make_columns(ROWS)
    made["text"][0] = "abc " * (10 << 20)
    file = write_table(tmp_path / "own.parquet", made)
    found, notes = read_own(file)
    assert len(found.texts[0]) == MAX_DOCUMENT_CHARACTERS
    assert notes["Cut"] == "1 document to the first 20,000 characters"


def test_texts_that_are_too_long_together_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table_module, "MAX_TOTAL_CHARACTERS", 5_000)
    with pytest.raises(BadInput, match="of each of 160 documents are more than 5,000 together") as refusal:
        read_own(write_table(tmp_path / "own.parquet", columns()))
    assert "Choose about" in refusal.value.remedy


def test_the_split_has_no_text_on_both_sides_and_divides_each_class(tmp_path):
    made = make_columns(ROWS)
    made["text"][100:140] = [text.upper() + " 7" for text in made["text"][:40]]
    from workloads.documents.own.read import read_own_documents, write_own_documents

    settings = make_own_settings(write_table(tmp_path / "own.parquet", made), tmp_path)
    corpus = write_own_documents(read_own_documents(settings, lambda *_: None), tmp_path)
    frame = load_documents(pd, corpus.path)
    assert frame["text"].tolist() == clean_texts(pd.Series(made["text"])).drop_duplicates().tolist()
    split = split_documents(frame, 0)
    assert not set(split.train_texts) & set(split.test_texts)
    assert split.classes == corpus.labels == ("garden", "kitchen", "sea", "sky")
    counts, held_out = np.bincount(split.labels), np.bincount(split.test_labels)
    assert (abs(held_out - counts / 4) <= 1).all()


def test_rare_classes_are_drawn_too():
    classes = np.array([0] * 5_000 + [1] * 20 + [-1] * 100 + [2] * 5, np.int64)
    drawn = draw_documents(classes, 240, 0)
    assert np.bincount(classes[drawn]).tolist() == [227, 8, 5] and (np.diff(drawn) > 0).all()
    assert drawn.tolist() == draw_documents(classes, 240, 0).tolist() != draw_documents(classes, 240, 1).tolist()
    assert len(draw_documents(classes, 6_000, 0)) == 5_025


def test_an_upload_is_described_with_its_columns(tmp_path):
    [parameter] = [one for one in load_workloads()["documents"].parameters if one.name == "file"]
    assert parameter.upload
    summary = check_file(parameter.upload.check, str(write_table(tmp_path / "own.csv", columns())), "mine.csv")
    assert summary.columns == ["text", "label"] and summary.text.startswith("160 rows, 2 columns")
    small = write_table(tmp_path / "few.csv", make_columns(20))
    with pytest.raises(BadInput, match=r"the file few\.csv has 20 rows, and 100 documents are needed"):
        check_file(parameter.upload.check, str(small))


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    for name, content in {
        "photo.csv": b"\x89PNG\r\n\x1a\n\x00\x00",
        "empty.csv": b"",
        "cut.parquet": b"PAR1\x00",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput) as refusal:
            check_inputs(make_own_settings(tmp_path / name, tmp_path))
        assert refusal.value.remedy
    for source in ("/nowhere/at/all", "upload:../../../etc/passwd", "x" * 300, "/dev/null"):
        with pytest.raises(BadInput):
            check_inputs(make_own_settings(Path(source) if source.startswith("/") else source, tmp_path))


def test_a_path_without_a_file_is_refused_with_all_that_it_may_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match="There is no file or folder") as refusal:
        check_inputs(make_own_settings("gone/reviews", tmp_path))
    assert str(tmp_path / "gone/reviews") in str(refusal.value)
    assert "folder of text files for each class" in refusal.value.remedy and "Parquet" in refusal.value.remedy
