"""What the page Runs shows to strangers: no path, and no run that only a hidden text lets them find."""

from bench import paths
from bench.storage.job_filter import SEARCHED_COLUMNS
from bench.storage.store import Store
from tests.support.measurements import store_measurement
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import store_run
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
