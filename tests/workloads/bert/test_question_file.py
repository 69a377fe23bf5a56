"""Files of questions: SQuAD 1.1 and 2.0, rows and JSON lines, valid and broken."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.workload.interface import BadInput
from tests.support.questions import PASSAGE, make_file, make_question
from workloads.bert import question_entries, question_file, question_layouts, scripts, squad


def parse(data: bytes) -> question_file.QuestionSet:
    return question_file.parse_question_set(data)


def parse_questions(data: bytes) -> list[squad.Question]:
    return parse(data).questions


def assert_refused(data: bytes, words: str) -> BadInput:
    with pytest.raises(BadInput, match=words) as error:
        parse(data)
    assert error.value.remedy
    return error.value


def test_a_file_is_read_in_its_order_with_all_answers(tmp_path):
    answers = [{"text": text, "answer_start": PASSAGE.index(text)} for text in ("the river", "by the river")]
    file = tmp_path / "some.json"
    file.write_bytes(
        make_file(
            make_question("mill"),
            make_question("the river", id="2", answers=answers),
            make_question("near the mill.", id="3"),
        )
    )
    found = question_file.read_questions(file)
    assert [question.id for question in found] == ["1", "2", "3"]
    assert found[1].answers == ("the river", "by the river")
    assert found[1].starts == (23, 20)
    assert found[0].passage == PASSAGE and found[0].question == "Where?"


@pytest.mark.parametrize("text", ["Müller", "📚", "near the mill.", PASSAGE])
def test_offsets_count_characters(text):
    assert parse_questions(make_file(make_question(text)))[0].starts == (PASSAGE.index(text),)


def test_a_byte_order_mark_and_utf_16_are_read():
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert parse_questions(make_file(make_question("Müller")).decode().encode(encoding))[0].answers == ("Müller",)


def test_the_digest_depends_on_the_questions_and_not_on_white_space():
    def digest(**fields) -> str:
        return squad.digest_questions(parse_questions(make_file(make_question("mill", **fields))))

    spaced = json.dumps(json.loads(make_file(make_question("mill"))), indent=4).encode()
    assert squad.digest_questions(parse_questions(spaced)) == digest()
    assert len({digest(), digest(question="Who?"), digest(id="2"), digest(start=PASSAGE.rindex("mill"))}) == 4


# --- what is refused ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            make_question("mill", start=len(PASSAGE)),
            rf"answer_start is {len(PASSAGE)}, but the passage has",
        ),
        (make_question("mill", start=len(PASSAGE) - 3), "but the passage has"),
        (make_question("mill", start=-1), "answer_start is -1"),
        (make_question("mill", start=0), "the passage has 'The ' at 0, not 'mill'"),
        # The offset in bytes: é has two in UTF-8.
        (
            make_question("Müller", start=PASSAGE.encode().index("Müller".encode())),
            "the passage has 'üller ' at 40, not 'Müller'",
        ),
        (make_question("mill", start="8.5"), "answer_start is '8.5'"),
        (make_question("mill", start="9" * 5_000), "answer_start is '999"),
        (make_question("mill", start=True), "answer_start is True"),
        (make_question("mill", start=8.5), r"answer_start is 8\.5"),
        (make_question("mill", start=float("nan")), "answer_start is nan"),
        (make_question("mill", is_impossible="maybe"), "is_impossible is 'maybe', not true or false"),
        (make_question("mill", start=10**30), "but the passage has"),
        (make_question("mill", answers=[]), "has (no|an) answer"),
        (make_question("mill", answers=[], is_impossible=True), "has (no|an) answer"),
        (make_question("mill", answers=[{"text": "", "answer_start": 0}]), "no text 'text'"),
        (make_question("mill", answers=[{"answer_start": 0}]), "no text 'text'"),
        (make_question("mill", answers=[{"text": "mill"}]), "answer_start is None"),
        (make_question("mill", answers=["mill"]), "no text 'text'"),
        (make_question("mill", answers=None), "no list 'answers'"),
        (make_question("mill", answers={"text": ["mill"], "answer_start": []}), "1 answer and 0 values"),
        (make_question("mill", answers={"text": ["mill"]}), "no list 'answer_start'"),
        (make_question("mill", question=""), "no text 'question'"),
        (make_question("mill", question="  \n"), "no text 'question'"),
        (make_question("mill", question=7), "no text 'question'"),
        (make_question("mill", question="Who \ud83d?"), r"its text 'question' has half of a character, '\\ud83d'"),
        (make_question("mill", id="a\udc41"), r"its text 'id' has half of a character, '\\udc41'"),
        (make_question("mill", id=True), "no text 'id'"),
        ("no object", "no list 'answers'"),
    ],
)
def test_a_wrong_question_is_left_out_and_named(change, words):
    read = question_file.parse_question_set(make_file(make_question("river", id="0"), change))
    assert [question.id for question in read.questions] == ["0"]
    [entry] = read.left_out
    assert entry.place == "data[0].paragraphs[0].qas[1]"
    assert re.search(words, str(entry))
    assert_refused(make_file(change), words)


def test_a_second_question_with_the_same_id_is_left_out():
    read = parse(
        make_file(make_question("mill", id="x1"), make_question("river", id="x2"), make_question("old", id="x1"))
    )
    assert [question.answers for question in read.questions] == [("mill",), ("river",)]
    assert [str(entry) for entry in read.left_out] == [
        "question 'x1' (data[0].paragraphs[0].qas[2]): another question before it has the same id"
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"{", "not JSON"),
        (b"data: []", "not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        (b"\x00" * 100, "not JSON"),
        (b'{"data": NaN}', "no list 'data'"),
        (b"[" * 200_000, "not JSON"),
        (b'{"data":' * 200_000, "not JSON"),
        (b"[]", "no list 'data'"),
        (b"null", "no list 'data'"),
        (b'"data"', "no list 'data'"),
        (b"{}", "no list 'data'"),
        (b'{"data": {}}', "no list 'data'"),
        (b'{"data": []}', "holds no question"),
        (b'{"data": [null]}', r"data\[0\]: it has no list 'paragraphs'"),
        (b'{"data": [{"paragraphs": []}]}', "holds no question"),
        (b'{"data": [{"paragraphs": [{"context": "", "qas": []}]}]}', r"paragraphs\[0\]: it has no text 'context'"),
        (b'{"data": [{"paragraphs": [{"context": "some"}]}]}', "no list 'qas'"),
        (b'{"data": [{"paragraphs": [{"context": "some", "qas": []}]}]}', "holds no question"),
        (b"9" * 10_000, "not JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n", "is a pointer of Git LFS"),
        (b"\n<!doctype html><html></html>", "is a web page or XML"),
        (b"id,context,question\n1,x,y\n", "is a table, not JSON"),
        (b'"id"\t"question"\n', "is a table, not JSON"),
        (b'{"train": [], "validation": []}', "has several splits: train, validation"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_squad_file_is_refused(data, words):
    assert_refused(data, words)


@pytest.mark.parametrize(
    ("damage", "remedy"),
    [
        (lambda data: data[:-1] + b",}", "commas between entries only"),
        (lambda data: data[:-20], "Correct the file there"),
        (lambda data: data.replace("ü".encode(), b"\xfc"), "iconv"),
    ],
    ids=["comma at the end", "cut", "another encoding"],
)
def test_json_that_cannot_be_parsed_is_refused_with_what_to_correct(damage, remedy):
    data = json.dumps(json.loads(make_file(make_question("mill"))), ensure_ascii=False).encode()
    assert remedy in assert_refused(damage(data), "is not JSON").remedy


def test_a_paragraph_without_questions_is_skipped():
    value = json.loads(make_file(make_question("mill")))
    value["data"][0]["paragraphs"].insert(0, {"context": "Nothing is asked of this.", "qas": []})
    assert len(parse_questions(json.dumps(value).encode())) == 1


def test_a_zip_bomb_named_json_is_refused_unopened(tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("train.json", bytes(50_000_000))
    file = tmp_path / "questions.json"
    file.write_bytes(archive.getvalue())
    assert file.stat().st_size < 100_000
    with pytest.raises(BadInput, match=r"questions.json is a compressed archive") as error:
        question_file.read_questions(file)
    assert "Unpack" in error.value.remedy
    for compress in (gzip.compress, bz2.compress, lzma.compress):
        assert_refused(compress(make_file(make_question("mill"))), "compressed archive")


@pytest.mark.parametrize(
    "give", [lambda file: question_file.read_questions(file), lambda file: parse_questions(file.read_bytes())]
)
def test_a_file_too_large_is_refused(tmp_path, give: Callable):
    file = tmp_path / "large.json"
    with file.open("wb") as out:
        out.truncate(question_file.MAX_FILE_BYTES + 1)
    with pytest.raises(BadInput, match="has 67 MB") as error:
        give(file)
    assert "64 MiB" in error.value.remedy


def test_a_missing_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for file, words in (
        (tmp_path / "nothing.json", "there is no file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "is a device, a pipe or a socket"),
        (Path("/dev/zero"), "is a device, a pipe or a socket"),
    ):
        with pytest.raises(BadInput, match=words) as error:
            question_file.read_questions(file)
        assert error.value.remedy


# --- other layouts ---


def make_row(text: str = "mill", row_id: object = "1", **fields) -> dict:
    answers = {"text": [text], "answer_start": [PASSAGE.index(text)]}
    return {"id": row_id, "title": "t", "context": PASSAGE, "question": "Where?", "answers": answers} | fields


ROWS = [
    make_row("mill", "1"),
    make_row("Café Müller", 2),
    make_row(row_id="3", answers={"text": [], "answer_start": []}),
]


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(ROWS),
        json.dumps({"version": "2.0", "data": ROWS}),
        "\n".join(map(json.dumps, ROWS)),
        "\ufeff" + "\r\n\r\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n",
        "\n".join(json.dumps(entry) for entry in ({"context": PASSAGE, "qas": ROWS[:2]}, ROWS[2])),
        "\n".join(json.dumps(entry) for entry in ({"paragraphs": [{"context": PASSAGE, "qas": ROWS}]}, {"qas": []})),
    ],
    ids=[
        "list",
        "list under data",
        "lines",
        "lines with a byte order mark",
        "paragraphs as lines",
        "articles as lines",
    ],
)
def test_rows_of_the_library_datasets_are_read(data):
    read = parse(data.encode())
    assert [(question.id, question.answers) for question in read.questions] == [
        ("1", ("mill",)),
        ("2", ("Café Müller",)),
    ]
    assert {question.passage for question in read.questions} == {PASSAGE}
    assert [entry.reason for entry in read.left_out if entry.question_id == "3"] == [question_entries.UNANSWERABLE]


@pytest.mark.parametrize(
    "value",
    [
        {"train": ROWS},
        {"validation": ROWS, "version": "1"},
        {"features": [], "rows": [{"row_idx": number, "row": row} for number, row in enumerate(ROWS)]},
        {"rows": ROWS},
    ],
    ids=["split", "split and version", "rows of the hub", "rows"],
)
def test_other_names_of_the_list_are_accepted(value):
    assert [question.id for question in parse_questions(json.dumps(value).encode())] == ["1", "2"]


@pytest.mark.parametrize("change", [{"id": None}, {"id": ""}, {}])
def test_a_question_without_an_id_is_called_by_its_place(change):
    questions = [make_question(text, **change) for text in ("mill", "river")]
    for question in questions:
        if not change:
            del question["id"]
    found = parse_questions(make_file(*questions))
    assert [question.id for question in found] == ["data[0].paragraphs[0].qas[0]", "data[0].paragraphs[0].qas[1]"]


@pytest.mark.parametrize("start", [8.0, "8"])
def test_offsets_of_tables_are_read(start):
    assert parse_questions(make_file(make_question("mill", start=start)))[0].starts == (8,)


def test_a_wrong_answer_does_not_drop_the_others():
    answers = [{"text": "mill", "answer_start": start} for start in (7, 8)]
    read = parse(make_file(make_question("mill", answers=answers)))
    assert read.questions[0].starts == (8,)
    assert read.describe() == "1 question about 1 passage"
    place = "question '1' (data[0].paragraphs[0].qas[0])"
    assert read.list_left_out() == [f"Left out: {place}: one of its answers: the passage has ' mil' at 7, not 'mill'."]


@pytest.mark.parametrize(
    "change",
    [
        {"answers": [{"text": "", "answer_start": -1}]},
        {"answers": {"text": [""], "answer_start": [-1]}},
        {"is_impossible": "true"},
        {"is_impossible": 1},
    ],
)
def test_every_mark_of_an_unanswerable_question_is_known(change):
    read = parse(make_file(make_question("river", id="0", is_impossible="false"), make_question("mill", **change)))
    assert [question.id for question in read.questions] == ["0"]
    assert [entry.reason for entry in read.left_out] == [question_entries.UNANSWERABLE]


@pytest.mark.parametrize(
    ("start", "remedy"),
    [(7, question_file.OFFSET_REMEDY), (9_999, question_file.OFFSET_REMEDY), (None, question_layouts.LAYOUT_REMEDY)],
)
def test_the_remedy_about_bytes_is_given_for_wrong_offsets_only(start, remedy):
    answers = [{"text": "mill", "answer_start": start}]
    assert assert_refused(make_file(make_question("mill", answers=answers)), ".").remedy == remedy


def test_one_row_is_a_file():
    assert len(parse(json.dumps(make_row()).encode()).questions) == 1


def test_a_line_that_is_not_json_is_left_out():
    lines = [json.dumps(make_row(row_id=str(number))) for number in range(3)]
    lines[1] = lines[1][:40]
    read = parse("\n".join(lines).encode())
    assert [question.id for question in read.questions] == ["0", "2"]
    assert read.left_out[0].place == "line 2" and "not JSON" in read.left_out[0].reason


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"], ids=ascii)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=ascii)
def test_lines_end_at_line_feeds_only(character, end):
    passage = PASSAGE + character + "It is old."
    lines = [json.dumps(make_row(row_id=str(n), context=passage), ensure_ascii=False) for n in range(3)]
    read = parse(end.join(lines).encode())
    assert [question.passage for question in read.questions] == [passage] * 3
    assert not read.left_out


def test_unanswerable_questions_are_left_out_and_counted():
    impossible = [make_question("mill", id=str(n), answers=[], is_impossible=True) for n in range(40)]
    # Some files repeat plausible answers of unanswerable questions under `answers`.
    impossible[0]["answers"] = make_question("mill")["answers"]
    read = parse(make_file(make_question("river", id="sound"), *impossible))
    assert read.describe() == "1 question about 1 passage; 40 of 41 left out"
    assert read.list_left_out() == ["Left out: 40 questions without an answer in the passage (SQuAD 2.0)."]
    assert_refused(make_file(*impossible), "none of the 40 questions of the file has an answer")


def test_many_unusable_questions_are_counted_and_the_first_are_listed():
    wrong = [make_question("mill", start=0, id=str(number)) for number in range(15)]
    listed = parse(make_file(make_question("river", id="sound"), *wrong)).list_left_out()
    assert len(listed) == question_file.MAX_LISTED + 1
    place = "question '0' (data[0].paragraphs[0].qas[1])"
    assert listed[0] == f"Left out: {place}: the passage has 'The ' at 0, not 'mill'."
    assert listed[-1] == "Left out: 5 more."


def test_a_parquet_file_is_refused_with_what_to_do():
    assert "to_json" in assert_refused(b"PAR1" + bytes(100), "is a Parquet file").remedy


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["北京", "两千多万"], "Chinese"),
        (["東京タワー", "きょうと"], "Japanese"),
        (["กรุงเทพ"], "Thai"),
        (["ວຽງຈັນ"], "Lao"),
        (["ភ្នំពេញ"], "Khmer"),
        (["ရန်ကုန်"], "Burmese"),
        (["the old mill", "Müller"], ""),
        (["Москва", "Αθήνα", "서울", "دمشق"], ""),
        (["the 北京 road of the town"], ""),
        (["1932", "?"], ""),
        ([], ""),
    ],
)
def test_a_language_without_spaces_between_words_is_named(texts, language):
    assert scripts.find_language_without_spaces(texts) == language


def test_the_summary_says_what_a_race_will_lack(tmp_path):
    passage = "北京是中华人民共和国的首都。"
    file = tmp_path / "some.json"
    file.write_bytes(
        make_file(
            {"id": "1", "question": "中国的首都是哪里？", "answers": [{"text": "北京", "answer_start": 0}]},
            context=passage,
        )
    )
    summary = question_file.check(file)
    assert summary.text == "1 question about 1 passage"
    assert any("in Chinese" in note and "F1 splits at spaces" in note for note in summary.notes)
    assert any("Only 1 question, and an accuracy needs at least 30" in note for note in summary.notes)
    assert not question_file.check(question_file.EVALUATION_FILE).notes


# --- what the project ships ---

TRAINING_FILE = question_file.DATA_FOLDER / "fairlap-qa-training.json"


@pytest.mark.parametrize(
    ("file", "least", "most"),
    [
        (TRAINING_FILE, 1_000, 100_000),
        (question_file.EVALUATION_FILE, 380, 1_000),
        (question_file.CALIBRATION_FILE, 100, 100),
    ],
)
def test_the_shipped_questions_are_valid_and_enough(file, least, most):
    questions = question_file.read_questions(file)
    assert least <= len(questions) <= most
    for question in questions:
        given = {question.id: question.answers[0]}
        assert squad.score_answers([question], given).exact_match == 100, question.id
        assert all(text == text.strip() and squad.normalize_answer(text) for text in question.answers), question.id


def test_no_passage_is_shared_between_training_evaluation_and_calibration():
    sets = [
        question_file.read_questions(file)
        for file in (TRAINING_FILE, question_file.EVALUATION_FILE, question_file.CALIBRATION_FILE)
    ]
    for one, other in itertools.combinations(sets, 2):
        assert not {" ".join(q.passage.split()) for q in one} & {" ".join(q.passage.split()) for q in other}
        assert not {q.id for q in one} & {q.id for q in other}
