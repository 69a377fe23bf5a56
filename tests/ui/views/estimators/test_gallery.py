"""The gallery of estimators: what it races, and how it shows what is stored, without a race."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.queue import QueueEntry
from bench.storage.store import Store
from tests.support.estimator_runs import make_estimator_run, make_failed_run, plan_case
from tests.support.pages import list_downloads, open_page, read_page
from ui import actions
from ui.actions import StartedRaces
from workloads.estimators.catalogue import ESTIMATORS

STOCK = {"path": "stock", "accelerated_calls": 0, "reason": "'sparse input' is not supported."}


def open_gallery(**query: str) -> AppTest:
    return open_page(
        "estimators", tab="Gallery", cores="1", **{f"gallery.{name}": text for name, text in query.items()}
    )


def find_button(app: AppTest, name: str):
    return next(button for button in app.button if button.key == f"estimators:gallery-{name}")


@pytest.fixture
def started(monkeypatch) -> list:
    """The plans that the page would have queued."""
    plans: list = []

    def start(wanted) -> StartedRaces:
        plans.extend(wanted)
        return StartedRaces([f"{number:032x}" for number in range(len(wanted))])

    monkeypatch.setattr(actions, "start_races", start)
    return plans


def store(*runs) -> None:
    for run in runs:
        Store().save(run)


def test_without_a_race_all_cases_are_listed_and_offered(started):
    app = open_gallery()
    button = find_button(app, "run")
    assert button.label.startswith(f"Race all {len(ESTIMATORS)} (about ") and not button.disabled
    assert find_button(app, "stop").disabled
    assert "Not yet: all" in read_page(app)
    table = app.dataframe[0].value
    assert [words for [words] in table["result"]] == ["not yet"] * len(ESTIMATORS)
    assert any("patch_sklearn()" in code.value for code in app.code)
    assert any("python -m sklearnex script.py" in code.value for code in app.code)
    button.click().run()
    assert not app.exception
    assert [plan.case for plan in started] == list(ESTIMATORS)
    budgets = {plan.case: plan.budget_s for plan in started}
    assert (budgets["ridge"], budgets["tsne"]) == (10.0, 120.0), "a slow case has the time for 8 pairs"
    assert {plan.cores for plan in started} == {1}


def test_only_what_is_missing_is_raced_and_the_rest_is_drawn_by_its_path(started):
    run = make_estimator_run(plan_case("ridge"))
    store(
        run,
        make_estimator_run(plan_case("logistic-regression"), predict=STOCK),
        make_estimator_run(plan_case("lasso"), fit=STOCK, predict=STOCK),
        make_failed_run(plan_case("pairwise-distances")),
    )
    app = open_gallery()
    shown = read_page(app)
    assert find_button(app, "run").label.startswith(f"Race the {len(ESTIMATORS) - 3} without a result")
    assert "pairwise\\_distances" in shown and "10,000 rows take about 6 GiB" in shown
    table = app.dataframe[0].value.set_index("estimator")
    assert list(table.loc[["Ridge", "LogisticRegression", "Lasso"], "path"]) == ["accelerated", "partial", "fallback"]
    assert table.loc["Ridge", "data"] == "10,000 × 100" and table.loc["Ridge", "cores"] == "1.00 | 1.00"
    assert table.loc["Ridge", "quality"] == "accuracy 92.5 | 92.5 %"
    assert table.loc["Lasso", "reason"].startswith("'sparse input' is not supported")
    assert table.loc["pairwise_distances", "result"] == ["no result"]
    assert "Table as CSV" in list_downloads(app)
    find_button(app, "run").click().run()
    assert len(started) == len(ESTIMATORS) - 3
    assert not {"ridge", "logistic-regression", "lasso"} & {plan.case for plan in started}


def test_the_table_has_every_step_on_demand():
    store(make_estimator_run(plan_case("ridge")))
    app = open_gallery(family="linear_model")
    app.toggle[0].set_value(True).run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table.loc[table["estimator"] == "Ridge", "step"]) == ["total", "fit", "predict"]


def test_settings_of_the_address_choose_the_cases_and_their_races(started):
    app = open_gallery(family="svm", rows="1000", dtype="float32", budget="30")
    find_button(app, "run").click().run()
    assert not app.exception
    assert [plan.case for plan in started] == ["svc", "nu-svc", "svr", "nu-svr"]
    assert {plan.batch for plan in started} == {1000}
    assert {plan.parameters["dtype"] for plan in started} == {"float32"}
    assert [plan.budget_s for plan in started] == [60.0, 60.0, 90.0, 90.0]
    app = open_gallery(kind="stock")
    assert find_button(app, "run").label.startswith("Race all 6 ")
    app = open_gallery(kind="stock", family="svm")
    assert "Choose more" in read_page(app)


def test_with_a_result_for_each_all_can_be_raced_again(started):
    store(*(make_estimator_run(plan_case(name)) for name in ("gradient-boosting", "hist-gradient-boosting")))
    app = open_gallery(kind="stock", family="ensemble")
    button = find_button(app, "run")
    assert button.label == "Race all 2 again (about 1 min)"
    button.click().run()
    assert [plan.case for plan in started] == ["gradient-boosting", "hist-gradient-boosting"]


def test_a_result_of_other_libraries_is_shown_and_raced_again():
    run = make_estimator_run(plan_case("ridge"))
    run.machine = run.machine.model_copy(update={"versions": run.machine.versions | {"scikit-learn": "1.0"}})
    store(run)
    app = open_gallery(family="linear_model")
    assert find_button(app, "run").label.startswith("Race all 5 (")
    assert app.dataframe[0].value.set_index("estimator").loc["Ridge", "path"] == "accelerated"


def test_visitors_queue_as_many_as_their_limit_allows(started, monkeypatch):
    monkeypatch.setattr(actions, "count_free_places", lambda: 3)
    app = open_gallery()
    assert find_button(app, "run").label.startswith(f"Race the next 3 of {len(ESTIMATORS)} (about ")
    find_button(app, "run").click().run()
    assert len(started) == 3
    monkeypatch.setattr(actions, "count_free_places", lambda: 0)
    button = find_button(open_gallery(), "run")
    assert button.disabled and "takes no more races of yours" in button.help


def make_entry(case: str, job_id: str) -> QueueEntry:
    plan = plan_case(case)
    return QueueEntry(
        job_id=job_id,
        kind="race",
        workload="estimators",
        digest=plan.digest,
        title="Estimators",
        origin="page",
        requester="somebody",
        pid=1,
        submitted=0.0,
    )


def test_races_that_wait_are_shown_and_stopped(monkeypatch):
    entries = [make_entry("ridge", "1" * 32), make_entry("lasso", "2" * 32)]
    stopped = []
    monkeypatch.setattr(Dispatcher, "entries", lambda self: list(entries))
    monkeypatch.setattr(actions, "stop_jobs", lambda ids: (stopped.extend(ids), entries.clear()))
    app = open_gallery(family="linear_model")
    assert "Races now: **Ridge**, 1 more in the queue" in read_page(app)
    assert find_button(app, "run").label.startswith("Race the 3 without a result")
    table = app.dataframe[0].value.set_index("estimator")
    assert table.loc["Lasso", "result"] == ["in the queue"]
    find_button(app, "stop").click().run()
    assert not app.exception
    assert stopped == ["1" * 32, "2" * 32]
    assert find_button(app, "stop").disabled and "Races now" not in read_page(app)


def test_the_last_jobs_are_stopped_first(monkeypatch):
    stopped = []
    monkeypatch.setattr(actions, "why_not_stop", lambda job_id: "not yours" if job_id == "b" else "")
    monkeypatch.setattr(actions, "stop_job", stopped.append)
    actions.stop_jobs(["a", "b", "c"])
    assert stopped == ["c", "a"]
