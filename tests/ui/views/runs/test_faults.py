"""Pages say what is wrong with the store, with a record or with a file of a job, and show everything else."""

from __future__ import annotations

import zlib

import pytest
from sqlalchemy import create_engine, text
from streamlit.testing.v1 import AppTest

from bench.run.files import journal_path
from bench.storage.store import Store
from tests.support.pages import NAVIGATION, open_page, read_page
from tests.support.stored_runs import get_record, set_record, store_run
from ui import services


def execute(statement: str) -> None:
    engine = create_engine(Store().url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_row_with_an_unknown_state_and_kind_breaks_neither_page_nor_csv(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    execute(f"UPDATE fairlap_jobs SET state = 'teleported' WHERE id = '{'a' * 32}'")
    app = open_page("runs")
    table = app.dataframe[0].value
    assert len(table) == 2
    (verdict,) = [words for words in table["verdict"] if "teleported" in words]
    assert "edited" in verdict
    assert "teleported" in open_page("runs").selectbox(key="runs_state").options


def test_an_edited_run_says_so_at_its_top(finished):
    store_run(finished, "a" * 32)
    content = zlib.decompress(get_record(Store().url, "a" * 32))
    set_record(Store().url, "a" * 32, zlib.compress(content + b" "))
    app = open_page("runs", run="a" * 32)
    assert "not the one that Fairlap wrote" in read_page(app)


def test_a_journal_that_cannot_be_read_is_named(finished):
    store_run(finished, "a" * 32)
    path = journal_path("5" * 32)
    path.write_text("not JSON\n")
    assert path.name[:32] in read_page(open_page("runs"))


@pytest.mark.parametrize("page", ["home", "runs"])
def test_a_home_that_cannot_be_made_is_a_sentence_on_every_page(tmp_path, monkeypatch, page):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("FAIRLAP_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setenv("FAIRLAP_QUEUE", str(tmp_path / "file" / "queue"))
    app = AppTest.from_file(str(NAVIGATION), default_timeout=30).run()
    if page != "home":
        app.switch_page(services.page_script(page)).run()
    assert not app.exception
    assert "cannot be created" in " ".join(error.value for error in app.error).replace("\\", "")
