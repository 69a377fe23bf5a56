"""Import of a run file on the page Runs, and what the page of an imported run offers."""

import json
from datetime import timedelta

from bench.claims.headline import report_headline
from bench.run.record import Run
from bench.scheduler.script_jobs import plan_script
from bench.storage.attempts import build_report
from bench.storage.store import Store
from tests.support.hostile import HOST, HOSTILE_TEXT
from tests.support.pages import list_popovers, open_page, read_page
from tests.support.stored_runs import store_run
from ui.design.markdown import escape_markdown


def make_file(run: Run, **changes) -> bytes:
    identity = run.machine.identity.model_copy(update={"machine_id": "e" * 16, "host": "vm-b"})
    machine = run.machine.model_copy(update={"identity": identity})
    run = run.model_copy(update={"id": "e" * 32, "machine": machine} | changes)
    return json.dumps(build_report(run, None, report_headline(run))).encode()


def upload(content: bytes, name: str = "run.json"):
    return open_page("runs").file_uploader[0].set_value((name, content, "application/json")).run()


def test_a_file_is_imported_opened_and_marked(finished):
    app = upload(make_file(finished))
    assert not app.exception
    run = Store().load("e" * 32)
    assert run.imported.file == "run.json"
    text = read_page(app)
    assert "Made on vm" in text and "counts as no attempt" in text
    labels = {button.label: button for button in app.button}
    assert "Race it again" not in labels
    assert labels["Compare with this machine"].disabled
    # A newer race of another server with the same database.
    store_run(run, "b" * 32, origin="page", imported=None, started=run.started + timedelta(hours=1))
    own = store_run(finished, "a" * 32)
    app = open_page("runs", run=run.id)
    next(button for button in app.button if button.label == "Compare with this machine").click().run()
    assert not app.exception
    assert app.query_params["compare"] in (["eeeeeeee,aaaaaaaa"], "eeeeeeee,aaaaaaaa")
    next(box for box in app.checkbox if box.key.startswith("compare-machines")).check().run()
    assert "Time of each arm" in read_page(app)
    assert own.id != run.id


def test_a_file_that_is_refused_stores_nothing_and_its_words_are_no_markdown(finished):
    report = json.loads(make_file(finished)) | {HOSTILE_TEXT: "\x1b"}
    app = upload(json.dumps(report).encode())
    (error,) = app.error
    assert "control character" in error.value and f"[Your session expired: sign in](https://{HOST}" not in error.value
    assert not Store().rows(with_imported=True)
    assert app.run().error[0].value == error.value
    app = upload(b"{}", "other.json")
    assert escape_markdown("it is not an exported run") in app.error[0].value


def test_the_same_run_is_imported_once(finished):
    upload(make_file(finished))
    app = upload(make_file(finished))
    assert "is stored here already" in app.error[0].value


def test_strangers_import_only_if_they_may_upload(finished, monkeypatch):
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    app = open_page("runs")
    assert "Import" in list_popovers(app) and not app.get("file_uploader")


def test_a_stranger_imports_no_race_of_a_script(finished, monkeypatch, tmp_path):
    script = tmp_path / "theirs.py"
    script.write_text("pass")
    plan = plan_script(str(script), [])
    monkeypatch.setattr("ui.admission.admit_upload", lambda size: None)
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    monkeypatch.setattr("ui.views.runs.import_form.actions.why_not_start", lambda: "")
    app = upload(make_file(finished, plan=plan, digest=plan.digest))
    assert "Races of scripts" in app.error[0].value and not Store().rows(with_imported=True)
