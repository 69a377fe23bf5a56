"""The race page in Streamlit's test driver: without a run, with a stored run, with bad URLs, during other races."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bench.claims.best_step import find_best_step
from bench.claims.headline import write_headline
from bench.claims.verdict import decide_claims
from bench.plan.query import to_query
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.queue import Queue
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.samples import TOTAL, Evidence
from tests.support.measurements import store_measurement
from tests.support.pages import DRAW_TIMEOUT_S, NAVIGATION, list_downloads, list_popovers, open_page, read_labels
from tests.support.runs import make_colour_run
from ui import actions, services
from ui.controls import form
from ui.views.race import header
from ui.views.race.followed_run import SessionRun

PAGE = services.page_script("colour-quantization")


@pytest.fixture(autouse=True)
def no_caches():
    """The dispatcher is cached per server, but every test has its own data folder."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


def open_race_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S)
    app.run()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def make_finished_run(pairs: int = 12) -> Run:
    run = make_colour_run(pairs)
    words = ["running accelerated version on CPU"]
    run.evidence = {
        arm: [Evidence(step=step, path=path, words=words) for step in ("fit", "predict", "assign")]
        for arm, path in ((Arm.BASELINE, "stock"), (Arm.ACCELERATED, "accelerated"))
    }
    run.claims = decide_claims(run)
    run.state, run.ended_at = State.FINISHED, 9.0
    return run


def test_before_the_first_run_the_page_shows_the_code_and_folds_what_was_published():
    app = open_race_page()
    assert not app.exception
    [published] = [expander for expander in app.expander if "published" in expander.label]
    assert "10.44x" in "".join(caption.value for caption in published.caption)
    assert any("patch_sklearn()" in code.value for code in app.code)
    assert not app.metric


def test_a_stored_run_is_drawn_with_its_claim():
    run = make_finished_run()
    Store().save(run)
    app = open_race_page(run=run.id)
    assert not app.exception
    shown = read_labels(app)
    assert [metric.label for metric in app.metric][2] == "Ratio"
    assert app.metric[0].value.endswith(" ms")
    assert "rules passed" in "".join(str(expander.label) for expander in app.expander)
    assert "PSNR" in shown and "Why our ratios differ" in "".join(str(expander.label) for expander in app.expander)


@pytest.mark.parametrize("opened", [True, False])
def test_a_run_is_shared_and_repeated_from_one_place_each(opened):
    """Also if the page shows the last run of its settings, which its address does not name."""
    run = make_finished_run()
    Store().save(run)
    app = open_race_page(**({"run": run.id} if opened else to_query(run.plan)))
    assert sorted(list_downloads(app)) == ["Complete record as JSON", "HTML", "PowerPoint", "Samples as CSV"]
    offers = ("Share", "Link and command")
    assert [label for label in list_popovers(app) if label in offers] == ["Link and command", "Share"]


def test_of_a_run_with_other_settings_there_is_only_a_line_that_opens_it():
    run = make_finished_run()
    Store().save(run)
    app = open_race_page(cores="1", batch="7")
    assert not app.exception
    assert not app.metric and "batch 1 instead of 7" in read_labels(app)
    [line] = [button for button in app.button if button.label.startswith("Last run with other settings")]
    line.click().run()
    assert not app.exception
    assert app.session_state["colour-quantization:batch"] == 1
    assert app.metric and "other settings" not in read_labels(app)


def test_the_last_run_of_the_same_plan_is_labelled():
    run = make_finished_run()
    Store().save(run)
    app = open_race_page(**to_query(run.plan))
    assert not app.exception
    assert "Last run of these settings," in read_labels(app)


def test_the_headline_names_the_step_that_gained_most_and_the_total():
    run = make_finished_run(20)
    Store().save(run)
    app = open_race_page(run=run.id)
    selected = app.session_state["colour-quantization-run-step"]
    first, second = (write_headline(run, step) for step in (selected, TOTAL))
    shown = "\n".join(element.value.replace("\\", "") for element in app.markdown)
    assert f"## {first.sentence}" in shown
    assert selected == (find_best_step(run) or TOTAL)
    assert second.sentence in shown


def test_a_link_to_the_total_opens_the_total_and_a_link_without_a_step_the_best(monkeypatch):
    run = make_finished_run(20)
    Store().save(run)
    monkeypatch.setattr("ui.run_view.headline.find_headline_step", lambda run: "predict")
    for query, selected in (({}, "predict"), ({"step": TOTAL}, TOTAL), ({"step": "fit"}, "fit")):
        for page in ("colour-quantization", "runs"):
            app = open_page(page, run=run.id, **query)
            key = "colour-quantization-run" if page != "runs" else f"kept-{run.id}"
            assert app.session_state[f"{key}-step"] == selected, (page, query)
            link = next(code.value for code in app.code if "run=" in code.value and "step=" in code.value)
            assert f"step={selected}" in link


def test_the_step_of_a_link_is_that_of_its_run_and_not_of_the_next_run_on_the_page(monkeypatch, racing):
    """The race that the link opens waits, so that no headline of it is drawn before another run is opened."""
    run = make_finished_run(20).model_copy(update={"id": "b" * 32})
    Store().save(run)
    monkeypatch.setattr("ui.run_view.headline.find_headline_step", lambda run: "predict")
    app = open_race_page(run=racing.entry.job_id, step=TOTAL)
    assert app.session_state["colour-quantization-run-step"] == TOTAL
    app.query_params["run"] = run.id
    app.run()
    assert not app.exception
    assert app.session_state["colour-quantization-run-step"] == "predict"


@pytest.mark.parametrize("function", ["adopt_plan", "open_step", "_follow_opened_run"])
def test_the_step_and_the_settings_of_a_link_outlast_an_interrupted_rerun(monkeypatch, interrupt_once, function):
    run = make_finished_run(20)
    Store().save(run)
    monkeypatch.setattr("ui.run_view.headline.find_headline_step", lambda run: "fit")
    interrupt_once(f"ui.views.race.followed_run.{function}")
    app = open_race_page(run=run.id, step="predict")
    assert not app.exception
    assert app.session_state["colour-quantization-run-step"] == "predict" and "step" not in app.query_params
    assert app.query_params["cores"] in (str(run.plan.cores), [str(run.plan.cores)])
    assert app.query_params["run"] in (run.id, [run.id]), "the controls have the settings of the run, so it is shown"


def test_a_step_of_the_headline_is_kept_when_the_user_selects_another():
    run = make_finished_run(20)
    Store().save(run)
    app = open_race_page(run=run.id)
    app.session_state["colour-quantization-run-step"] = "predict"
    app.run()
    assert not app.exception
    assert app.session_state["colour-quantization-run-step"] == "predict"


def test_a_next_step_changes_the_controls_and_starts_a_race(monkeypatch):
    started = []
    monkeypatch.setattr(actions, "start_race", lambda plan: started.append(plan) or "e" * 32)
    run = make_finished_run(2)
    Store().save(run)
    app = open_race_page(run=run.id)
    [longer] = [button for button in app.button if button.label.startswith("Race ")][:1]
    longer.click().run()
    assert [plan.budget_s > run.plan.budget_s for plan in started] == [True]
    assert started[0].parameters == run.plan.parameters


def test_a_next_step_whose_settings_cannot_be_used_starts_no_other_race(monkeypatch):
    started = []
    monkeypatch.setattr(actions, "start_race", lambda plan: started.append(plan) or "e" * 32)
    run = make_finished_run(2)
    Store().save(run)
    monkeypatch.setattr(form, "max_budget_s", lambda visitor: run.plan.budget_s)
    app = open_race_page(run=run.id)
    [longer] = [button for button in app.button if button.label.startswith("Race ")][:1]
    longer.click().run()
    assert not app.exception and not started
    assert "Press **Run** to race with time budget" in read_labels(app)


def test_a_run_that_is_opened_selects_the_tab_of_the_race():
    app = open_page("bert", tab="Operators")
    assert app.session_state["bert:tab"] == "Operators"
    app.query_params["run"] = "0" * 32
    app.run()
    assert not app.exception
    assert app.session_state["bert:tab"] == "Race"


def test_of_an_unknown_run_the_line_below_does_not_call_the_same_settings_other():
    run = make_finished_run()
    Store().save(run)
    app = open_race_page(**to_query(run.plan), run="0" * 32)
    [line] = [button for button in app.button if button.label.startswith("Last run")]
    assert line.label.startswith("Last run of these settings")


def test_controls_that_differ_from_the_displayed_race_are_named_and_can_be_set_back(racing):
    """`racing` is a race of another process, which this session follows."""
    plan = make_plan("colour-quantization", cores=1, batch=3)
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S).run()
    app.session_state["colour-quantization:followed"] = SessionRun("f" * 32, plan=plan)
    app.switch_page(PAGE)
    app.query_params.update({"run": "f" * 32, "cores": "1", "batch": "5"})
    app.run()
    assert not app.exception
    assert "The waiting race has other settings than those above**: batch 3 instead of 5." in read_labels(app)
    [button] = [button for button in app.button if button.label == "Show its settings"]
    button.click().run()
    assert not app.exception
    assert app.session_state["colour-quantization:batch"] == 3
    assert "has other settings" not in read_labels(app)


def test_a_run_that_waits_has_a_link_before_it_has_a_headline(racing):
    app = open_race_page(run=racing.entry.job_id)
    assert not app.exception
    assert "Share" not in list_popovers(app)
    links = [code.value for code in app.code if f"run={racing.entry.job_id[:8]}" in code.value]
    assert len(links) == 1 and "Link to this run:" in read_labels(app)


def test_a_measurement_in_the_address_has_a_link_to_where_it_is_shown():
    measurement = store_measurement("trial", "count", {"to": 3})
    app = open_race_page(run=measurement.id)
    assert "Open the measurement" in [link.proto.label for link in app.get("page_link")]


def test_invalid_settings_in_the_url_are_reported_and_get_defaults():
    app = open_race_page(cores="4096", batch="3", colours="abc", nonsense="1")
    assert not app.exception
    text = "\n".join(error.value for error in app.error)
    assert "cores: expected an integer from 1 to" in text and "got 4,096" in text
    assert "colours: expected an integer from 2 to 256, got 'abc'" in text
    assert "nonsense" in text
    assert app.session_state["colour-quantization:batch"] == 3
    assert "nonsense" not in app.query_params


def test_controls_write_the_url():
    app = open_race_page(cores="1")
    next(field for field in app.number_input if field.label == "Batch [images]").set_value(5).run()
    assert not app.exception
    assert app.query_params["batch"] in ("5", ["5"])


def test_a_missing_upload_is_reported():
    app = open_race_page(image="upload:" + "0" * 64)
    assert not app.exception
    assert "not on this machine" in app.error[0].value


def test_an_unknown_run_is_reported():
    app = open_race_page(run="0" * 32)
    assert not app.exception
    assert "There is no such run" in read_labels(app)


def test_a_measurement_is_not_shown_as_a_race():
    measurement = store_measurement("trial", "count", {"to": 3})
    app = open_race_page(run=measurement.id)
    assert not app.exception
    assert "is a measurement, not a race. Open it under Runs." in read_labels(app)


def shows_load(app: AppTest) -> bool:
    return any(caption.value.startswith("load ") for caption in app.sidebar.caption)


def test_the_sidebar_shows_the_queue_and_no_load_while_a_job_runs():
    assert shows_load(open_race_page())
    ticket = Queue().enter(
        job_id="1" * 32,
        kind=JobKind.RACE,
        workload="trial",
        title="Trial",
        origin="command line",
        requester="somebody",
    )
    try:
        app = open_race_page()
        assert not app.exception
        assert any("Trial" in caption.value for caption in app.sidebar.caption)
        assert not shows_load(app)
    finally:
        ticket.leave()


def test_the_diff_has_two_added_lines_and_all_unchanged_lines():
    from bench.workload.registry import load_workloads

    lines = header.format_diff(load_workloads()["colour-quantization"].default_case.code).splitlines()
    assert [line for line in lines if line.startswith("+")] == [
        "+from sklearnex import patch_sklearn",
        "+patch_sklearn()",
    ]
    assert not any(line.startswith("-") for line in lines)
    assert any("KMeans(" in line for line in lines)
