"""The oracles of the fuzz test find a table, a picture and questions that were read wrongly."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from PIL import Image

from tests.support.input_oracles import check_picture, check_questions, check_table
from tests.support.questions import make_file, make_question
from tests.support.tables import load_table, write_file
from workloads.bert.question_file import read_question_set
from workloads.colour_quantization import image

ROWS = 1000


@pytest.mark.parametrize("change", ["value", "row", "name"])
def test_a_table_that_differs_from_what_pandas_reads_is_found(tmp_path, change):
    files = load_table(tmp_path, "id;v;town\n" + "".join(f"{i};{i},5;Köln\n" for i in range(50)))
    check_table(tmp_path / "own.csv", files, ROWS)
    frame = pd.read_parquet(files.parquet)
    if change == "value":
        frame.loc[49, "town"] = "Koeln"
    frame = {"value": frame, "row": frame[:49], "name": frame.rename(columns={"v": "w"})}[change]
    frame.to_parquet(files.parquet)
    frame.to_csv(files.csv, index=False)
    with pytest.raises(AssertionError):
        check_table(tmp_path / "own.csv", files, ROWS)


def test_a_picture_of_another_size_is_found(tmp_path):
    Image.effect_noise((60, 40), 90).save(tmp_path / "own.png")
    found = image.check(tmp_path / "own.png")
    check_picture(tmp_path / "own.png", found)
    with pytest.raises(AssertionError):
        check_picture(tmp_path / "own.png", found.model_copy(update={"text": "40 × 60 pixels, 7 colours"}))


def test_questions_that_are_not_in_the_file_are_found(tmp_path):
    file = write_file(tmp_path, make_file(make_question("mill")), "own.json")
    found = read_question_set(file)
    check_questions(file, found)
    [question] = found.questions
    for wrong in (replace(question, question="Why?"), replace(question, starts=(question.starts[0] + 1,))):
        with pytest.raises(AssertionError):
            check_questions(file, replace(found, questions=[wrong]))
