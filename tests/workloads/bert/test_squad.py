"""SQuAD v1.1 files, valid and broken, and the metric against cases worked out by the official script's rules."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import zipfile
from collections.abc import Callable

import pytest

from bench.workload.interface import BadInput
from workloads.bert import squad

PASSAGE = "The old mill stands by the river. Café Müller opened in 1921 📚 near the mill."


def make_question(text: str, start: int | None = None, **fields) -> dict:
    place = PASSAGE.index(text) if start is None else start
    return {"id": "1", "question": "Where?", "answers": [{"text": text, "answer_start": place}]} | fields


def make_file(*qas: dict, context: str = PASSAGE) -> bytes:
    return json.dumps({"version": "1.1", "data": [{"paragraphs": [{"context": context, "qas": list(qas)}]}]}).encode()


def assert_refused(data: bytes, words: str) -> BadInput:
    with pytest.raises(BadInput, match=words) as error:
        squad.parse_questions(data)
    assert error.value.remedy
    return error.value


# --- the metric ---


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The  Old\tMill.", "old mill"),
        ("a an the", ""),
        ("another theatre", "another theatre"),
        ("the-river", "theriver"),
        ("U.S.", "us"),
        ("A.", ""),
        ("1,000 $", "1000"),
        ("Café “Müller”", "café “müller”"),
        ("the\u00a0river", "river"),
        ("'An' apple", "apple"),
    ],
)
def test_answers_are_normalized_as_the_official_script_does(text, wanted):
    assert squad.normalize_answer(text) == wanted


@pytest.mark.parametrize(
    ("answer", "truth", "exact", "f1"),
    [
        ("the old mill", "Old mill!", 1, 1),
        ("old mill", "mill old", 0, 1),
        # 1 of 2 words right, 1 of 1 found: 2 * 0.5 * 1 / 1.5
        ("old mill", "mill", 0, 2 / 3),
        # 2 of 4 right, 2 of 3 found: 2 * 0.5 * 0.667 / 1.167
        ("by the old mill river", "old mill house", 0, 4 / 7),
        # A word counts as often as both texts have it: 1 of 3, 1 of 1.
        ("mill mill mill", "mill", 0, 1 / 2),
        ("river", "mill", 0, 0),
        ("", "mill", 0, 0),
        # The official script gives these scores when no word is left.
        ("the", "an", 1, 0),
    ],
)
def test_exact_match_and_f1_of_one_answer(answer, truth, exact, f1):
    assert squad.exact_match(answer, truth) == exact
    assert squad.f1_score(answer, truth) == pytest.approx(f1)


def test_a_score_takes_the_best_of_several_true_answers_and_the_mean_in_percent():
    def question(name: str, *answers: str) -> squad.Question:
        return squad.Question(name, "?", "", answers, (0,) * len(answers))

    questions = [
        question("exact by the second", "the river", "by the river"),
        question("two thirds", "mill", "house"),
        question("none given", "mill"),
        question("wrong", "mill"),
    ]
    answers = {"exact by the second": "By the River.", "two thirds": "old mill", "wrong": "river", "other": "mill"}
    score = squad.score_answers(questions, answers)
    assert score.exact_match == pytest.approx(25)
    assert score.f1 == pytest.approx(100 * (1 + 2 / 3) / 4)
    assert score.questions == 4


def test_a_passage_is_either_for_tuning_or_held_out_in_every_file():
    questions = squad.read_questions(squad.EVALUATION_FILE)
    tuning, held_out = squad.split_questions(questions)
    assert (len(tuning), len(held_out)) == (201, 224), "the split of the shipped questions must not change"
    assert not {question.passage for question in tuning} & {question.passage for question in held_out}
    assert squad.split_questions(questions[::-3])[0] == [q for q in questions[::-3] if q in tuning]
    ids = {squad.identify_passage(question.passage) for question in tuning}
    assert squad.select_held_out(questions, ids) == held_out


def test_a_question_that_is_repeated_under_other_ids_is_one():
    repeated = [make_question("river", id=str(number), question="Where is it?" + "?" * number) for number in range(500)]
    questions = squad.parse_questions(make_file(*repeated, make_question("mill", id="other", question="What stands?")))
    assert [question.id for question in squad.drop_repeated(questions)] == ["0", "other"]
    shipped = squad.read_questions(squad.EVALUATION_FILE)
    assert squad.drop_repeated(shipped) == shipped


def test_a_passage_with_other_case_and_white_space_is_the_same_passage():
    same = squad.identify_passage("The old  Mill.")
    assert squad.identify_passage("the old mill") == same != squad.identify_passage("the new mill")


def test_the_score_is_the_mean_of_the_scores_of_the_questions():
    first, second = (make_question("river", id=name) for name in "ab")
    questions = squad.parse_questions(make_file(first, second))
    scores = squad.score_each(questions, {"a": "the river"})
    assert [score.f1 for score in scores] == [100, 0]
    assert squad.score_answers(questions, {"a": "the river"}).f1 == 50


def test_no_questions_have_no_score():
    with pytest.raises(ValueError, match="no questions"):
        squad.score_answers([], {})


# --- what is accepted ---


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
    found = squad.read_questions(file)
    assert [question.id for question in found] == ["1", "2", "3"]
    assert found[1].answers == ("the river", "by the river")
    assert found[1].starts == (23, 20)
    assert found[0].passage == PASSAGE and found[0].question == "Where?"


@pytest.mark.parametrize("text", ["Müller", "📚", "near the mill.", PASSAGE])
def test_offsets_count_characters(text):
    assert squad.parse_questions(make_file(make_question(text)))[0].starts == (PASSAGE.index(text),)


def test_a_byte_order_mark_and_utf_16_are_read():
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert squad.parse_questions(make_file(make_question("Müller")).decode().encode(encoding))[0].answers == (
            "Müller",
        )


def test_the_digest_depends_on_the_questions_and_not_on_white_space():
    def digest(**fields) -> str:
        return squad.digest_questions(squad.parse_questions(make_file(make_question("mill", **fields))))

    spaced = json.dumps(json.loads(make_file(make_question("mill"))), indent=4).encode()
    assert squad.digest_questions(squad.parse_questions(spaced)) == digest()
    assert len({digest(), digest(question="Who?"), digest(id="2"), digest(start=PASSAGE.rindex("mill"))}) == 4


# --- what is refused ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            make_question("mill", start=len(PASSAGE)),
            rf"qas\[1\].answers\[0\].answer_start is {len(PASSAGE)}, but the passage has",
        ),
        (make_question("mill", start=len(PASSAGE) - 3), "but the passage has"),
        (make_question("mill", start=-1), "answer_start is -1"),
        (make_question("mill", start=0), "the passage has 'The ' at 0, not 'mill'"),
        # The offset in bytes: é has two in UTF-8.
        (
            make_question("Müller", start=PASSAGE.encode().index("Müller".encode())),
            "the passage has 'üller ' at 40, not 'Müller'",
        ),
        (make_question("mill", start="8"), "answer_start is '8'"),
        (make_question("mill", start=True), "answer_start is True"),
        (make_question("mill", start=8.0), r"answer_start is 8\.0"),
        (make_question("mill", start=10**30), "but the passage has"),
        (make_question("mill", answers=[]), r"qas\[1\] has no answer"),
        (make_question("mill", answers=[], is_impossible=True), "has no answer"),
        (make_question("mill", answers=[{"text": "", "answer_start": 0}]), "no text 'text'"),
        (make_question("mill", answers=[{"answer_start": 0}]), "no text 'text'"),
        (make_question("mill", answers=[{"text": "mill"}]), "answer_start is None"),
        (make_question("mill", answers=["mill"]), "no text 'text'"),
        (make_question("mill", answers=None), "no list 'answers'"),
        (make_question("mill", answers={"text": ["mill"], "answer_start": [8]}), "no list 'answers'"),
        (make_question("mill", question=""), "no text 'question'"),
        (make_question("mill", question="  \n"), "no text 'question'"),
        (make_question("mill", question=7), "no text 'question'"),
        (make_question("mill", id=""), "no text 'id'"),
        (make_question("mill", id=None), "no text 'id'"),
        ("no object", "no list 'answers'"),
    ],
)
def test_a_wrong_question_is_named(change, words):
    assert_refused(make_file(make_question("river", id="0"), change), words)


def test_a_duplicate_id_is_named():
    assert_refused(
        make_file(make_question("mill", id="x1"), make_question("river", id="x2"), make_question("old", id="x1")),
        "2 questions have the id 'x1'",
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
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
        (b'{"data": [null]}', r"data\[0\] has no list 'paragraphs'"),
        (b'{"data": [{"paragraphs": []}]}', "holds no question"),
        (b'{"data": [{"paragraphs": [{"context": "", "qas": []}]}]}', r"paragraphs\[0\] has no text 'context'"),
        (b'{"data": [{"paragraphs": [{"context": "some"}]}]}', "no list 'qas'"),
        (b'{"data": [{"paragraphs": [{"context": "some", "qas": []}]}]}', "holds no question"),
        (b"9" * 10_000, "not JSON"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_squad_file_is_refused(data, words):
    assert_refused(data, words)


def test_a_paragraph_without_questions_is_skipped():
    value = json.loads(make_file(make_question("mill")))
    value["data"][0]["paragraphs"].insert(0, {"context": "Nothing is asked of this.", "qas": []})
    assert len(squad.parse_questions(json.dumps(value).encode())) == 1


def test_a_zip_bomb_named_json_is_refused_unopened(tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("train.json", bytes(50_000_000))
    file = tmp_path / "questions.json"
    file.write_bytes(archive.getvalue())
    assert file.stat().st_size < 100_000
    with pytest.raises(BadInput, match=r"questions.json is a compressed archive") as error:
        squad.read_questions(file)
    assert "Unpack" in error.value.remedy
    assert_refused(gzip.compress(make_file(make_question("mill"))), "compressed archive")


@pytest.mark.parametrize(
    "give", [lambda file: squad.read_questions(file), lambda file: squad.parse_questions(file.read_bytes())]
)
def test_a_file_too_large_is_refused(tmp_path, give: Callable):
    file = tmp_path / "large.json"
    with file.open("wb") as out:
        out.truncate(squad.MAX_FILE_BYTES + 1)
    with pytest.raises(BadInput, match="has 67 MB") as error:
        give(file)
    assert "64 MiB" in error.value.remedy


def test_a_missing_file_is_refused(tmp_path):
    for file in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(BadInput, match="there is no file") as error:
            squad.read_questions(file)
        assert error.value.remedy


# --- what the project ships ---

TRAINING_FILE = squad.DATA_FOLDER / "fairlap-qa-training.json"


@pytest.mark.parametrize(
    ("file", "least", "most"),
    [(TRAINING_FILE, 1_000, 100_000), (squad.EVALUATION_FILE, 380, 1_000), (squad.CALIBRATION_FILE, 100, 100)],
)
def test_the_shipped_questions_are_valid_and_enough(file, least, most):
    questions = squad.read_questions(file)
    assert least <= len(questions) <= most
    for question in questions:
        given = {question.id: question.answers[0]}
        assert squad.score_answers([question], given).exact_match == 100, question.id
        assert all(text == text.strip() and squad.normalize_answer(text) for text in question.answers), question.id


def test_no_passage_is_shared_between_training_evaluation_and_calibration():
    sets = [squad.read_questions(file) for file in (TRAINING_FILE, squad.EVALUATION_FILE, squad.CALIBRATION_FILE)]
    for one, other in itertools.combinations(sets, 2):
        assert not {" ".join(q.passage.split()) for q in one} & {" ".join(q.passage.split()) for q in other}
        assert not {q.id for q in one} & {q.id for q in other}
