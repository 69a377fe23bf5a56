"""Pages show how often a plan was raced, and a sentence for every run that ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bench.claims.best_step import find_best_step
from bench.claims.headline import write_headline
from bench.run.events import State
from bench.run.outcome import describe_outcome
from bench.storage.store import Store
from bench.values.samples import TOTAL
from tests.support.pages import open_page, read_page, run_script
from tests.support.stored_runs import store_run

SELECT_SCRIPT = """
from ui import services
from ui.views.runs.selection import draw_selection
draw_selection([services.get_store().row('a' * 32)])
"""
ATTEMPTS = "Run 1 of 2 of this plan on this machine; "


def store_two(finished) -> None:
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1))


def test_a_run_says_how_often_its_plan_was_raced_also_after_the_others_are_deleted(finished):
    store_two(finished)
    page = open_page("runs", run="a" * 32)
    assert ATTEMPTS in read_page(page)
    assert Store().delete("b" * 32)
    page = open_page("runs", run="a" * 32)
    assert ATTEMPTS in read_page(page)
    (copyable,) = [code.value for code in page.code if ATTEMPTS in code.value]
    shown = write_headline(finished, find_best_step(finished) or TOTAL)
    assert copyable.startswith(shown.text), "the text to copy has both"


def test_a_run_without_other_attempts_says_nothing_of_them(finished):
    store_run(finished, "a" * 32)
    assert "of this plan on this machine" not in read_page(open_page("runs", run="a" * 32))


def test_the_list_and_the_selection_show_attempts_and_sentences(finished):
    store_two(finished)
    table = open_page("runs").dataframe[0].value
    assert list(table["attempt"]) == ["2 of 2", "1 of 2"]
    assert list(table["sentence"]) == [finished.claim().sentence] * 2
    assert ATTEMPTS in read_page(run_script(SELECT_SCRIPT))


def test_the_question_before_deleting_says_that_the_count_stays(finished):
    store_two(finished)
    app = run_script(SELECT_SCRIPT)
    app.button(key="runs_delete").click().run()
    assert "The count of attempts stays" in read_page(app)


@pytest.mark.parametrize("state", [State.FINISHED, State.STOPPED, State.INTERRUPTED, State.FAILED])
def test_a_run_without_a_claim_says_why_on_its_page_and_in_the_list(finished, state):
    changes = {"state": state, "why": "an end", "samples": [], "estimates": [], "statistics": [], "claims": []}
    run = store_run(finished, "a" * 32, **changes)
    sentence = describe_outcome(run)
    assert sentence.startswith("No claim: ")
    assert list(open_page("runs").dataframe[0].value["sentence"]) == [sentence]
    for app in (open_page("runs", run=run.id), run_script(SELECT_SCRIPT)):
        assert sentence in read_page(app).replace("\\", "")
