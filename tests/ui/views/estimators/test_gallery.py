"""The gallery of estimators: what it races, and how it shows what is stored, without a race."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bench.machine.describe import describe_machine
from bench.plan.validation import make_plan
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.queue import QueueEntry
from bench.scheduler.race_series import RaceSeries, SeriesHistory, SeriesProgress
from bench.scheduler.series_goals import KnownResults, ResultGoal
from bench.storage.store import Store
from tests.support.estimator_runs import make_estimator_run, make_failed_run, plan_case
from tests.support.pages import list_downloads, open_page, read_page
from ui import actions
from ui.views.estimators import gallery_settings
from ui.views.estimators.gallery_sizes import CASE_KEY
from workloads.estimators.catalogue import ESTIMATORS

STOCK = {"path": "stock", "accelerated_calls": 0, "reason": "'sparse input' is not supported."}


def open_gallery(**query: str) -> AppTest:
    return open_page(
        "estimators", tab="Gallery", cores="1", **{f"gallery.{name}": text for name, text in query.items()}
    )


def find_button(app: AppTest, name: str):
    return next(button for button in app.button if button.key == f"estimators:gallery-{name}")


class StartedSeries(list):
    """The goals of the series that the page would have started."""

    again = False

    @property
    def plans(self) -> list:
        return [goal.first for goal in self]


@pytest.fixture
def started(monkeypatch) -> StartedSeries:
    goals = StartedSeries()

    def start(wanted, *, again=False) -> None:
        goals.extend(wanted)
        goals.again = again

    monkeypatch.setattr(actions, "start_series", start)
    return goals


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
    assert [plan.case for plan in started.plans] == list(ESTIMATORS) and not started.again
    budgets = {plan.case: plan.budget_s for plan in started.plans}
    assert (budgets["ridge"], budgets["tsne"]) == (10.0, ESTIMATORS["tsne"].budget_s), "8 pairs"
    assert {plan.cores for plan in started.plans} == {1}


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
    assert not {"ridge", "logistic-regression", "lasso"} & {plan.case for plan in started.plans}


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
    assert [plan.case for plan in started.plans] == ["svc", "nu-svc", "svr", "nu-svr"]
    assert {plan.batch for plan in started.plans} == {1000}
    assert {plan.parameters["dtype"] for plan in started.plans} == {"float32"}
    assert [plan.budget_s for plan in started.plans] == [
        max(30.0, ESTIMATORS[plan.case].budget_s) for plan in started.plans
    ]
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
    assert [plan.case for plan in started.plans] == ["gradient-boosting", "hist-gradient-boosting"] and started.again


def test_a_result_of_other_libraries_is_shown_and_raced_again():
    run = make_estimator_run(plan_case("ridge"))
    run.machine = run.machine.model_copy(update={"versions": run.machine.versions | {"scikit-learn": "1.0"}})
    store(run)
    app = open_gallery(family="linear_model")
    assert find_button(app, "run").label.startswith("Race all 5 (")
    assert app.dataframe[0].value.set_index("estimator").loc["Ridge", "path"] == "accelerated"


def make_entry(case: str, job_id: str, **settings) -> QueueEntry:
    plan = plan_case(case, **settings)
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


def test_races_from_elsewhere_are_shown_and_not_stopped(monkeypatch, started):
    """Also those at other sizes than the one of the gallery."""
    entries = [make_entry("ridge", "1" * 32), make_entry("lasso", "2" * 32, batch=100)]
    monkeypatch.setattr(Dispatcher, "entries", lambda self: list(entries))
    app = open_gallery(family="linear_model")
    assert "2 races of these cases, started elsewhere, wait or run" in read_page(app)
    assert find_button(app, "run").label.startswith("Race the 4 without a result")
    table = app.dataframe[0].value.set_index("estimator")
    assert table.loc["Ridge", "result"] == ["in the queue"] and table.loc["Lasso", "result"] == ["not yet"]
    stop = find_button(app, "stop")
    assert stop.disabled and "2 races of these cases were started elsewhere, by somebody from the page" in stop.help


def test_stop_ends_only_the_race_of_the_series(monkeypatch, started):
    entries = [make_entry("ridge", "1" * 32), make_entry("lasso", "2" * 32)]
    monkeypatch.setattr(Dispatcher, "entries", lambda self: list(entries))
    stopped: list[str] = []
    monkeypatch.setattr(actions, "stop_job", stopped.append)
    series = follow_series(monkeypatch, plan=plan_case("ridge"), job_id="1" * 32)
    app = open_gallery(family="linear_model")
    stop = find_button(app, "stop")
    assert not stop.disabled and "1 race of these cases was started elsewhere" in stop.help
    stop.click().run()
    assert not app.exception
    assert stopped == ["1" * 32] and series._stopped.is_set()


def follow_series(monkeypatch, **progress) -> RaceSeries:
    """The visitor's series, as far as it would have come."""
    goals = [ResultGoal(plan_case(name)) for name in ("ridge", "lasso")]
    series = RaceSeries(goals, SeriesHistory(Store(), describe_machine()))
    series.progress = SeriesProgress(**progress)
    monkeypatch.setattr(actions, "find_series", lambda: series)
    return series


def test_a_series_that_goes_on_is_shown_and_stopped(monkeypatch, started):
    series = follow_series(monkeypatch, plan=plan_case("ridge", batch=3_000), job_id="1" * 32)
    stopped = []
    monkeypatch.setattr(actions, "stop_series", lambda: stopped.append(True))
    app = open_gallery(family="linear_model")
    assert "Races now: **Ridge**, 3,000 rows, 1 core, 1 of 2 cases" in read_page(app)
    assert all(find_button(app, name).disabled for name in ("run", "break-even"))
    find_button(app, "stop").click().run()
    assert stopped == [True]
    series.progress = SeriesProgress(over=True, why_ended="You have 3 jobs that wait or run.")
    app = open_gallery(family="linear_model")
    assert "You have 3 jobs that wait or run. Press the button again to go on." in read_page(app)
    assert not find_button(app, "run").disabled and find_button(app, "stop").disabled
    series.progress = SeriesProgress()
    assert "Checking the inputs, 2 cases" in read_page(open_gallery(family="linear_model"))
    series.progress = SeriesProgress(plan=plan_case("ridge"))
    assert "Checking the inputs of **Ridge**, 10,000 rows" in read_page(open_gallery(family="linear_model"))
    series.progress = SeriesProgress(plan=plan_case("ridge"), waits_for="1" * 32)
    assert "Waits for the same race from elsewhere: **Ridge**" in read_page(open_gallery(family="linear_model"))


def test_a_series_of_another_page_is_not_shown_and_not_stopped(monkeypatch, started):
    goals = [ResultGoal(make_plan("colour-quantization", cores=1))]
    series = RaceSeries(goals, SeriesHistory(Store(), describe_machine()))
    series.progress = SeriesProgress(plan=goals[0].first, job_id="1" * 32)
    monkeypatch.setattr(actions, "find_series", lambda: series)
    app = open_gallery(family="linear_model")
    assert "Races now" not in read_page(app)
    assert find_button(app, "stop").disabled and find_button(app, "run").disabled, "one series at a time"


def test_what_a_series_could_not_race_is_listed_with_the_reason(monkeypatch):
    series = follow_series(monkeypatch, over=True)
    series.history.problems[plan_case("ridge").digest] = "Too many rows. Choose fewer."
    series.history.problems[plan_case("lasso", batch=300_000).digest] = "It took too long."
    app = open_gallery(family="linear_model")
    assert "**Ridge**: Too many rows. Choose fewer." in read_page(app)
    assert "**Lasso** at 300,000 rows: It took too long." in read_page(app)
    assert app.dataframe[0].value.set_index("estimator").loc["Ridge", "result"] == ["no result"]


def test_a_race_that_failed_when_it_was_repeated_replaces_the_old_result(monkeypatch, started):
    store(make_estimator_run(plan_case("ridge")))
    series = follow_series(monkeypatch, over=True)
    series.history.problems[plan_case("ridge").digest] = "The process exited early."
    table = open_gallery(family="linear_model").dataframe[0].value.set_index("estimator")
    assert table.loc["Ridge", "result"] == ["no result"]
    assert table.loc["Ridge", "reason"] == "The process exited early."
    # A race after the series counts more.
    store(make_estimator_run(plan_case("ridge")))
    table = open_gallery(family="linear_model").dataframe[0].value.set_index("estimator")
    assert table.loc["Ridge", "result"] != ["no result"]


def test_a_size_that_failed_is_drawn_named_and_not_raced_again(started):
    store_sizes("ridge", 3_000)
    store(make_failed_run(plan_case("ridge", batch=300_000)))
    app = open_gallery(family="linear_model", max_rows="300000")
    assert "**Ridge** at 300,000 rows: 10,000 rows take about 6 GiB" in read_page(app)
    table = app.dataframe[0].value.set_index("estimator")
    assert table.loc["Ridge", "sizes"].endswith("100,000 faster, 300,000 failed")
    assert table.loc["Ridge", "break_even"].startswith("between 1,000 and 3,000 rows (failed at 300,000 rows")
    app.selectbox(key=CASE_KEY).set_value("ridge").run()
    assert find_button(app, "break-even").label.startswith("Find break-even again")


def store_sizes(case: str, gain_from: int, cores: int = 1) -> None:
    for batch in (100, 1_000, 3_000, 10_000, 100_000):
        seconds = (0.002, 0.001) if batch >= gain_from else (0.001, 0.002)
        store(make_estimator_run(plan_case(case, batch=batch, cores=cores), seconds=seconds))


def test_break_evens_are_drawn_and_searched_for_one_case_or_all(started):
    store_sizes("ridge", 3_000)
    app = open_gallery(family="linear_model", max_rows="100000")
    table = app.dataframe[0].value.set_index("estimator")
    assert table.loc["Ridge", "break_even"] == "between 1,000 and 3,000 rows"
    assert table.loc["Ridge", "sizes"].startswith("100 slower, 1,000 slower, 3,000 faster")
    assert table.loc["Lasso", "break_even"] == table.loc["Lasso", "sizes"] == ""
    app.selectbox(key=CASE_KEY).set_value("ridge").run()
    find_button(app, "break-even").click().run()
    assert not app.exception
    [goal] = started
    assert (goal.first.case, [plan.batch for plan in goal.sizes][-1]) == ("ridge", 100_000)
    assert goal.count_races(KnownResults({})) == 5
    assert started.again, "every size that the search needs has a result"
    started.clear()
    app.selectbox(key=CASE_KEY).set_value("").run()
    find_button(app, "break-even").click().run()
    assert not started.again
    assert [plan.case for plan in started.plans] == [
        name for name, estimator in ESTIMATORS.items() if estimator.module == "sklearn.linear_model"
    ]


def test_core_counts_have_columns_and_only_what_is_missing_is_raced(started, monkeypatch):
    monkeypatch.setattr(gallery_settings, "core_limit", lambda: 2)
    monkeypatch.setattr("bench.scheduler.case_series.core_limit", lambda: 2)
    for cores, seconds in ((1, (4.0, 2.0)), (2, (3.0, 1.0))):
        store(make_estimator_run(plan_case("ridge", cores=cores), seconds=seconds))
    app = open_gallery(family="linear_model")
    table = app.dataframe[0].value.set_index("estimator")
    assert table.loc["Ridge", "cores-1"].startswith("8.00 → 4.00 s, 2.0x")
    assert table.loc["Ridge", "cores-2"].startswith("6.00 → 2.00 s, 3.0x")
    button = find_button(app, "cores")
    assert button.label.startswith("Race on 1 and 2 cores (at most ")
    button.click().run()
    assert {(plan.case, plan.cores) for plan in started.plans} >= {("ridge", 1), ("ridge", 2), ("lasso", 2)}


def test_rows_that_are_too_many_for_a_slow_case_have_a_warning(started):
    shown = read_page(open_gallery(family="svm", rows="100000"))
    assert "**SVC** at 100,000 rows: 8 pairs take about" in shown
    assert "8 pairs take about" not in read_page(open_gallery(family="svm"))
