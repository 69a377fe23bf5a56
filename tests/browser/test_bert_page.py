"""BERT's page as a person uses it, with a small model: a question, a quantization, a look inside, a race."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from tests.support import tiny_bert
from tests.support.browser import assert_no_exception, find_run_button, open_more, wait_for_state

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TASK_TIMEOUT_MS = 180_000
"""Milliseconds that a task may take on a small, busy machine."""


def test_a_model_is_asked_quantized_looked_into_and_raced(page, server, tmp_path):
    query = tiny_bert.write_task_files(tmp_path) | {"cores": 1, "batch": 2, "budget_s": 4, "target": 0.5}
    page.goto(f"{server.address}/bert?{urlencode(query)}")

    page.get_by_role("tab", name="Ask").click()
    page.get_by_text("They stay loaded").wait_for(timeout=TASK_TIMEOUT_MS)
    question = page.get_by_role("textbox", name="Question")
    question.fill(" ")
    question.press("Enter")
    page.get_by_text("The question is empty").wait_for()
    page.get_by_text("They stay loaded").wait_for()
    page.get_by_role("textbox", name="Passage").fill(tiny_bert.PASSAGE)
    question.fill("what was built")
    question.press("Enter")
    page.get_by_text("Answers to: what was built").wait_for(timeout=TASK_TIMEOUT_MS)
    page.get_by_text("too little for a claim").wait_for(timeout=TASK_TIMEOUT_MS)
    assert_no_exception(page)

    page.get_by_role("tab", name="Quantize").click()
    yaml = page.get_by_role("textbox", name="Configuration")
    yaml.fill("tuning:\n  strategie: basic\n")
    page.get_by_text("line 2: there is no key tuning.strategie").wait_for()
    page.get_by_text("Did you mean strategy?").wait_for()
    expect(page.get_by_role("button", name=re.compile(r"\bQuantize$"))).to_be_disabled()
    # All that is lost is allowed: the first trial meets the criterion.
    yaml.fill("tuning:\n  accuracy_criterion:\n    relative: 1.0\n")
    page.get_by_text("line 2: there is no key tuning.strategie").wait_for(state="detached")
    page.get_by_role("button", name=re.compile(r"\bQuantize$")).click()
    page.get_by_text("Trial 1 is within the limit").wait_for(timeout=TASK_TIMEOUT_MS)
    assert_no_exception(page)

    page.get_by_role("button", name=re.compile("Race this model")).click()
    page.wait_for_url(re.compile("quantization=tuned-"))
    find_run_button(page).click()
    wait_for_state(page, "finished", TASK_TIMEOUT_MS / 1000)
    page.get_by_text("Questions whose answer changed").wait_for()
    assert_no_exception(page)

    page.get_by_role("tab", name="Operators").click()
    page.get_by_role("button", name=re.compile(r"\bProfile$")).click()
    page.get_by_text("Operators, layer by layer").wait_for(timeout=TASK_TIMEOUT_MS)
    page.get_by_text("13 of 13").first.wait_for()
    assert_no_exception(page)

    page.reload()
    page.get_by_text("Operators, layer by layer").wait_for()


def test_a_squad_file_is_handed_in_and_a_wrong_one_refused(page, server, tmp_path):
    good = tmp_path / "good.json"
    settings = tiny_bert.write_task_files(tmp_path)
    good.write_bytes((tmp_path / "questions.json").read_bytes())
    wrong = tmp_path / "wrong.json"
    wrong.write_text(good.read_text().replace('"answer_start": 0', '"answer_start": 9999'))
    good.write_text(good.read_text().replace('"answer_start": 0', '"answer_start": 999', 1))
    page.goto(f"{server.address}/bert?{urlencode({'model': settings['model'], 'length': 64})}")
    find_run_button(page).wait_for()
    open_more(page, "SQuAD file")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(wrong)
    page.get_by_text("is 9999, but the passage has").wait_for()
    chooser.set_input_files(good)
    page.wait_for_url(re.compile("evaluation=upload"))
    page.get_by_text("good.json: 5 questions about 2 passages; 1 of 6 left out").wait_for()
    page.get_by_text("answer_start is 999, but the passage has").wait_for()
    page.get_by_text("Only 5 questions, and an accuracy needs at least 30").wait_for()
    assert_no_exception(page)
