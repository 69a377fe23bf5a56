"""The page of the estimators with one row at a time: code, units, and percentiles of single requests."""

from __future__ import annotations

import pytest
import streamlit as st

from bench.claims.next_steps import NextStepKind, list_next_steps
from bench.plan.change import change_plan
from bench.values.base import Arm
from bench.values.quality import Quality
from bench.values.samples import TOTAL
from tests.support.estimator_runs import ACCURACY, make_estimator_run, plan_case
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import store_run
from ui.charts.accuracy import build_accuracy_figure

TRY = NextStepKind.TRY
PLAN = change_plan(plan_case("svc"), {"predictions": "single"})


@pytest.fixture(autouse=True)
def no_caches():
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


def test_the_code_is_that_of_the_chosen_predictions():
    shown = [open_page("estimators", case="svc", **query) for query in ({}, {"predictions": "single"})]
    batch, single = ("".join(code.value for code in app.code) for app in shown)
    assert "model.predict(X_test)" in batch and "requests" not in batch
    assert "for row in requests:" in single and "model.predict(row)" in single


def test_one_row_at_a_time_is_the_next_thing_to_try():
    [step] = [step for step in list_next_steps(make_estimator_run(plan_case("svc")), TOTAL, None) if step.kind is TRY]
    assert (step.label, step.changes) == ("Predict one row at a time", {"predictions": "single"})


def test_labels_of_three_measures_have_room_in_the_chart_of_the_accuracy():
    run = make_estimator_run(PLAN)
    one = build_accuracy_figure(run).layout.height
    label = "rows whose probabilities sum to 1 (within 1e-05)"
    measures = [ACCURACY, *(ACCURACY.model_copy(update={"name": name, "label": label}) for name in "ab")]
    run.quality = Quality(baseline=measures, accelerated=measures)
    figure = build_accuracy_figure(run)
    lines = max(text.count("<br>") + 1 for text in figure.layout.yaxis.ticktext)
    assert one == 240 and figure.layout.height / 3 > 17 * lines > 60


def test_a_run_of_single_rows_has_the_percentiles_of_its_requests_and_their_number():
    run = store_run(make_estimator_run(PLAN, seconds=(0.002, 0.001)))
    summary = run.comparison().summary(Arm.BASELINE)
    assert (summary.count, summary.requests) == (20, 800)
    app = open_page("runs", run=run.id)
    rates = [metric.proto.delta.replace("\\", "") for metric in app.metric]
    assert "500 requests/s" in rates and "1.00 thousand requests/s" in rates
    table = next(table.value for table in app.table if "p99" in table.value.columns)
    assert list(table["p50"]) == [r"1\.90 ms \| 950 µs"] * 2
    assert list(table["step"]) == ["total", "predict, one row"]
    assert "needs" not in read_page(app)
