"""The race page in Streamlit's test driver: without a run, with a stored run, with bad URLs, during other races."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bench.claims.verdict import decide_claims
from bench.paths import ROOT
from bench.plan.query import to_query
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.queue import Queue
from bench.storage.store import Store
from bench.values import Arm, Evidence
from tests.support.measurements import store_measurement
from tests.support.pages import read_labels
from tests.support.runs import make_colour_run
from ui import services
from ui.views.race import header

PAGE = services.page_script("colour-quantization")


@pytest.fixture(autouse=True)
def no_caches():
    """The dispatcher is cached per server, but every test has its own data folder."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


def open_race_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "ui" / "navigation.py"), default_timeout=20)
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


def test_before_the_first_run_the_page_shows_published_figures_and_code():
    app = open_race_page()
    assert not app.exception
    assert "10.44x" in read_labels(app)
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


def test_the_last_run_with_other_settings_is_labelled():
    Store().save(make_finished_run())
    app = open_race_page(cores="1", batch="7")
    assert not app.exception
    assert "with other settings" in read_labels(app)


def test_the_last_run_of_the_same_plan_is_labelled():
    run = make_finished_run()
    Store().save(run)
    app = open_race_page(**to_query(run.plan))
    assert not app.exception
    assert "Last run of this plan," in read_labels(app)


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
    next(slider for slider in app.slider if slider.label == "Batch").set_value(5).run()
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
