"""What the page Runs shows to strangers: no path, and no run that only a hidden text lets them find."""

import pytest

from bench import paths
from bench.run.job import JobKind
from bench.scheduler.dispatcher import UNKNOWN_JOB
from bench.scheduler.queue import Queue
from bench.storage.job_filter import SEARCHED_COLUMNS
from bench.storage.store import Store
from tests.support.measurements import store_measurement
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import store_run
from ui import records
from ui.access.redaction import PUBLIC_COLUMNS, ROW_FIELDS


def test_a_stranger_sees_no_path_of_a_damaged_journal(home, monkeypatch):
    (paths.journals() / "abcdef.jsonl.damaged").write_text("x")
    assert f"{home}/live/abcdef.jsonl.damaged" in read_page(open_page("runs")).replace("\\", "")
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    text = read_page(open_page("runs"))
    assert "was damaged" in text and str(home) not in text.replace("\\", "")


def test_a_stranger_does_not_search_in_what_is_hidden(finished, monkeypatch):
    host = "secret-host"
    machine = finished.machine.model_copy(
        update={"identity": finished.machine.identity.model_copy(update={"host": host})}
    )
    store_run(finished, "a" * 32, machine=machine)
    row = Store().row("a" * 32)
    public = " ".join(str(getattr(row, name)) for name in PUBLIC_COLUMNS).lower()
    of_sentence = next(word for word in row.race_sentence.split() if word.lower() not in public)
    for mode, is_found in (("local", True), ("served", False)):
        monkeypatch.setenv("FAIRLAP_MODE", mode)
        for word in (host, of_sentence):
            app = open_page("runs")
            app.text_input(key="runs_text").set_value(word).run()
            assert bool(app.dataframe) is is_found, (mode, word)
    app.text_input(key="runs_text").set_value("aaaa trial").run()
    assert len(app.dataframe[0].value) == 1


def test_the_search_of_strangers_leaves_out_what_is_redacted(finished):
    assert not set(PUBLIC_COLUMNS) & {*ROW_FIELDS, "findings", "owner"}
    assert set(PUBLIC_COLUMNS) <= set(SEARCHED_COLUMNS)
    store_run(finished, "a" * 32)
    store = Store()
    assert store.count(words="aaaa", searched_columns=("id",)) == 1
    assert store.count(words="aaaa", searched_columns=("sentence",)) == 0


def test_a_stranger_sees_no_job_of_a_script(monkeypatch):
    record = store_measurement("script", "profile", plan={"parameters": {"script": "/home/ann/secret.py"}})
    assert Store().count(without_workloads=["script"]) == 0
    for mode, is_visible in (("local", True), ("served", False)):
        monkeypatch.setenv("FAIRLAP_MODE", mode)
        detail = read_page(open_page("runs", run=record.id))
        assert ("Calls of scikit-learn" in detail) is is_visible, mode
        assert ("is stored here" in detail) is not is_visible, mode
        assert is_visible or "secret" not in detail
        assert bool(open_page("runs").dataframe) is is_visible, mode


@pytest.mark.parametrize(("mode", "is_visible"), [("local", True), ("served", False)])
def test_a_stranger_sees_that_a_job_of_the_operator_runs_and_no_more(monkeypatch, mode, is_visible):
    monkeypatch.setenv("FAIRLAP_MODE", mode)
    job_id = "f" * 32
    fields = {"kind": JobKind.MEASUREMENT, "workload": "script", "task": "profile", "origin": "command line"}
    ticket = Queue().enter(job_id=job_id, title="Your script, Calls of scikit-learn", requester="ann", **fields)
    try:
        home = open_page()
        links = [element.proto for element in (*home.main.get("page_link"), *home.sidebar.get("page_link"))]
        text = "\n".join([read_page(home), *(f"{link.label} {link.help}" for link in links)])
        for secret in ("Your script", "command line", "ann"):
            assert (secret in text) is is_visible, secret
        assert ("A job of the operator" in text) is not is_visible
        assert any(job_id in link.query_string for link in links) is is_visible
        detail = read_page(open_page("runs", run=job_id))
        assert ("Your script" in detail) is is_visible and ("is stored here" in detail) is not is_visible
    finally:
        ticket.leave()


@pytest.mark.parametrize("text", ["abcd", "abcd12"])
def test_a_stranger_does_not_find_the_id_of_a_job_of_the_operator(finished, monkeypatch, text):
    store_run(finished, "abcd1234" * 4)
    private = store_measurement("script", "profile", id="abcd1299" * 4)
    ticket = Queue().enter(
        job_id="abcd1288" * 4,
        kind=JobKind.RACE,
        workload="script",
        title="Your script",
        origin="command line",
        requester="ann",
    )
    try:
        monkeypatch.setenv("FAIRLAP_MODE", "served")
        assert records.find_job_id(text) == "abcd1234" * 4
        assert records.find_job_id(private.id[:7]) == private.id[:7]
        assert records.read_status(ticket.entry.job_id).problem == UNKNOWN_JOB
        monkeypatch.setenv("FAIRLAP_MODE", "local")
        with pytest.raises(records.AmbiguousIdError, match="3 runs begin with"):
            records.find_job_id(text)
    finally:
        ticket.leave()
