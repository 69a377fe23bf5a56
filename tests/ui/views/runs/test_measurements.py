"""Measurements on the page Runs: listed, filtered, opened, downloaded, deleted, and followed while they run."""

import csv
import io
import json
from datetime import timedelta

import pytest

from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher
from bench.storage.measurement_csv import measurement_csv
from bench.storage.store import Store
from bench.workload.preparation import PREPARE_TASK
from bench.workload.registry import load_workloads
from tests.support.dispatching import make_trial_plan, submit_count, wait_for_record, wait_until_over
from tests.support.measurements import store_measurement
from tests.support.pages import open_page, read_page, run_script
from tests.support.stored_runs import store_run
from tests.support.trial.measurements import Counted, CountResult
from tests.support.waiting import wait_for
from ui import services
from ui.views.runs import filters
from ui.views.runs.measurement import find_drawer
from workloads.memory_traffic.measurements import PeakRate, RooflineResult, TriadPoint

RESULT = CountResult(pid=1, done=1, cores=1, threads="1", affinity=[0], loops=20_000, variable="")
COUNTED = [("counted", Counted(number=number)) for number in (1, 2)]


def store_count(**fields):
    return store_measurement("trial", "count", {"to": 2}, **({"reports": COUNTED, "result": RESULT} | fields))


def store_roofline(**fields):
    reports = [("triad", TriadPoint(threads=1, bytes=1 << 20, gb_s=12.5))]
    reports += [("peak", PeakRate(threads=1, gflop_s=80.0, bits=256))]
    return store_measurement(
        "memory-traffic",
        "roofline",
        {"kernels": ["tiling"]},
        reports=reports,
        result=RooflineResult(uncounted="no counters here"),
        **fields,
    )


def open_measurements(**query: str):
    app = open_page("runs", kind="measurement", **query)
    assert app.session_state["runs_tab"] == "Measurements"
    return app


def test_measurements_have_a_tab_of_their_own(finished):
    store_run(finished, "a" * 32)
    record = store_count()
    races = open_page("runs")
    assert races.session_state["runs_tab"] == "Races"
    assert [len(table.value) for table in races.dataframe] == [1]
    races.session_state["runs_tab"] = "Measurements"
    table = races.run().dataframe[0].value
    assert list(table["measurement"]) == ["Trial, Count"]
    assert list(table["requester"]) == [record.requester] == ["ada"]
    assert list(table["origin"]) == ["page"]


def test_the_tab_of_what_is_stored_is_shown_first():
    store_count()
    assert open_page("runs").session_state["runs_tab"] == "Measurements"


def test_without_measurements_the_tab_says_how_to_make_one():
    app = open_page("runs", kind="measurement")
    assert "No measurement is stored yet" in read_page(app)
    assert not app.dataframe


def test_measurements_are_filtered_by_words_workload_task_and_state():
    first = store_count()
    store_roofline(started=first.started + timedelta(hours=1))
    store_count(state=State.STOPPED, result=None, started=first.started + timedelta(hours=2))
    app = open_measurements()
    assert [state[0] for state in app.dataframe[0].value["state"]] == ["stopped", "finished", "finished"]
    app.selectbox(key="measurements_state").set_value("stopped").run()
    assert len(app.dataframe[0].value) == 1
    app.selectbox(key="measurements_state").set_value(None).run()
    app.selectbox(key="measurements_task").set_value("roofline").run()
    assert list(app.dataframe[0].value["measurement"]) == ["Memory traffic, Roofline"]
    app.selectbox(key="measurements_task").set_value(None).run()
    app.text_input(key="measurements_text").set_value("traffic roof").run()
    assert len(app.dataframe[0].value) == 1
    app.text_input(key="measurements_text").set_value("nowhere to be found").run()
    assert "No measurement passes these filters." in read_page(app)


def test_measurements_with_the_same_settings_are_found_by_their_digest():
    record = store_count()
    store_count()
    store_roofline()
    app = open_page("runs", plan=record.digest)
    assert len(app.dataframe[0].value) == 2
    assert "Only the 2 measurements of the plan" in read_page(app)


def test_long_lists_have_pages(monkeypatch):
    monkeypatch.setattr(filters, "ROWS_PER_PAGE", 2)
    first = store_count()
    for hour in (1, 2):
        store_count(started=first.started + timedelta(hours=hour))
    app = open_measurements()
    assert len(app.dataframe[0].value) == 2
    assert "3 measurements, 2 on this page" in read_page(app)
    app.number_input(key="measurements_page").set_value(2).run()
    assert len(app.dataframe[0].value) == 1


def test_a_measurement_is_opened_by_the_beginning_of_its_id_with_the_view_of_its_workload():
    record = store_roofline()
    app = open_page("runs", run=record.id[:10])
    assert [title.value for title in app.title] == ["Memory traffic: Roofline"]
    text = read_page(app)
    assert "from the page by ada on" in text and "took 7 s" in text
    assert "80 Gflop/s" in text and "12.5 GB/s" in text
    assert "no counters here" in text
    assert any("python -m bench measure memory-traffic roofline" in code.value for code in app.code)
    assert not app.error and not app.warning


def test_a_measurement_without_a_view_is_shown_as_tables():
    record = store_count()
    app = open_page("runs", run=record.id)
    assert list(app.dataframe[0].value["number"]) == [1, 2]
    result = app.table[0].value
    assert result["value"]["loops"] == "20000"
    assert ["to", "2"] in app.table[1].value.astype(str).values.tolist(), "the arguments are among the settings"


def test_a_measurement_of_a_workload_that_has_changed_is_shown_as_tables(monkeypatch):
    record = store_roofline()
    monkeypatch.setattr(TriadPoint, "model_validate", lambda value: Counted.model_validate({"other": value}))
    app = open_page("runs", run=record.id)
    assert "The workload has changed since this measurement" in read_page(app)
    assert 12.5 in list(app.dataframe[0].value["gb_s"])


def test_a_measurement_of_a_workload_that_is_gone_is_shown(monkeypatch):
    record = store_count()
    monkeypatch.delitem(load_workloads(), "trial")
    app = open_page("runs", run=record.id)
    assert [title.value for title in app.title] == ["Trial: Count"]
    assert list(app.dataframe[0].value["number"]) == [1, 2]


@pytest.mark.parametrize("state", [State.STOPPED, State.INTERRUPTED])
def test_a_measurement_that_did_not_finish_says_so_and_shows_what_it_reported(state):
    record = store_count(state=state, result=None)
    app = open_page("runs", run=record.id)
    assert f"{state.value.capitalize()} after 7 s" in app.warning[0].value
    assert list(app.dataframe[0].value["number"]) == [1, 2]


def test_a_measurement_that_runs_is_followed_and_stopped_on_the_page_runs():
    dispatcher = services.get_dispatcher()
    job_id = submit_count(dispatcher, to=4, fault="slow")
    wait_for_record(dispatcher, job_id, lambda record: len(record.reports) == 2)
    app = open_page("runs", run=job_id)
    assert [title.value for title in app.title] == ["Trial, Count"]
    assert list(app.dataframe[0].value["number"]) == [1, 2]
    link = next(iter(app.sidebar.get("page_link")))
    assert (link.proto.label, link.proto.page) == ("Trial, Count", "runs")
    app.button(key="measurement-stop").click().run()
    assert wait_until_over(dispatcher, job_id).measurement.state is State.STOPPED
    assert "Stopped after" in open_page("runs", run=job_id).warning[0].value


def test_a_measurement_is_deleted_after_a_question():
    record = store_count()
    app = open_page("runs", run=record.id)
    app.button(key="runs_delete").click().run()
    assert "- Trial, Count" in read_page(app) and "cannot be undone" in read_page(app)
    # The test driver cannot press a button in a dialog.
    run_script(
        "from ui import services\nfrom ui.views.runs import actions\n"
        f"row = services.get_store().row({record.id!r})\n"
        "if row:\n    actions._delete([row])\n"
    )
    assert Store().load(record.id) is None


def test_every_measurement_of_the_visible_workloads_has_a_view():
    without = {("memory-traffic", "stream")}
    for workload in load_workloads().values():
        for task in workload.tasks.entries if not workload.hidden else ():
            if not task.resident:
                is_without = task.name == PREPARE_TASK or (workload.name, task.name) in without
                assert (find_drawer(workload.name, task.name) is None) == is_without
    assert find_drawer("nowhere", "count") is None


def test_exports_hold_everything():
    record = store_roofline()
    rows = list(csv.DictReader(io.StringIO(measurement_csv(record))))
    assert [row["table"] for row in rows] == ["triad", "peak", "result"]
    assert rows[0] | {"table": "triad", "gb_s": "12.5", "bytes": str(1 << 20), "gflop_s": ""} == rows[0]
    exported = json.loads(json.dumps(record.report()))
    assert exported.pop("edited_after_it_was_stored") is False
    assert exported["result"] == {"uncounted": "no counters here"}
    assert exported["reports"][0]["value"]["gb_s"] == 12.5
    assert type(record).model_validate(exported | {"last_at": record.last_at}) == record


def test_a_measurement_outlives_the_dispatcher_that_made_it():
    first = Dispatcher()
    job_id = first.submit_measurement(make_trial_plan(), "count", {"to": 3}, origin="page")
    wait_until_over(first, job_id)
    # What the pages use is made anew, as after a restart of the server.
    app = wait_for(lambda: open_page("runs", run=job_id))
    assert list(app.dataframe[0].value["number"]) == [1, 2, 3]
