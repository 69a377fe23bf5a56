"""Series of short races: their plans, what counts as a result, and how long they take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.machine.describe import describe_machine
from bench.plan.validation import PlanError, find_workload
from bench.scheduler import dispatcher as dispatcher_module
from bench.scheduler.case_series import (
    OTHER_STAGES_S,
    RaceDuration,
    SeriesSettings,
    choose_row,
    estimate_race_s,
    is_fresh,
    measure_duration,
    plan_series,
)
from bench.scheduler.dispatcher import Dispatcher
from bench.storage.store import Store
from tests.support.dispatching import make_trial_plan, wait_until_over
from tests.support.estimator_runs import make_estimator_run, make_failed_run, plan_case

WORKLOAD = find_workload("estimators")


def test_cases_keep_the_batch_and_the_larger_budget_of_their_declaration():
    settings = SeriesSettings(cores=1, parameters={"dtype": "float32", "columns": 7})
    ridge, tsne, area, distances = plan_series(
        WORKLOAD, ["ridge", "tsne", "roc-auc-score", "pairwise-distances"], settings
    )
    assert (ridge.budget_s, ridge.batch, tsne.budget_s, distances.batch) == (10.0, 10_000, 120.0, 3_000)
    assert ridge.parameters["dtype"] == area.parameters["dtype"] == "float32"
    assert ridge.parameters["columns"] == 7 and "columns" not in area.parameters
    limited = plan_series(WORKLOAD, ["ridge", "tsne"], replace(settings, max_budget_s=60.0, budget_s=90.0, batch=500))
    assert [(plan.budget_s, plan.batch) for plan in limited] == [(60.0, 500)] * 2
    with pytest.raises(PlanError, match="cores"):
        plan_series(WORKLOAD, ["ridge"], replace(settings, cores=100_000))


def test_a_finished_race_of_this_machine_counts_until_the_libraries_change():
    plan, machine, store = plan_case("ridge"), describe_machine(), Store()
    assert choose_row([], machine) is None
    failed, finished = make_failed_run(plan), make_estimator_run(plan)
    store.save(failed)
    assert choose_row(store.rows(digest=plan.digest), machine).id == failed.id
    store.save(finished)
    rows = store.rows(digest=plan.digest)
    assert choose_row(rows, machine).id == finished.id
    elsewhere = [replace(row, machine_id="other", boot_id="other", machine="other") for row in rows]
    assert choose_row(elsewhere, machine) is None
    assert choose_row([replace(row, edited=True) for row in rows], machine) is None
    assert is_fresh(finished, machine)
    assert not is_fresh(finished, machine.model_copy(update={"versions": {"scikit-learn": "0"}}))
    assert not is_fresh(failed, machine)


def test_the_time_of_a_race_follows_from_the_last_one_else_from_its_budget():
    plan = plan_case("ridge")
    duration = measure_duration(make_estimator_run(plan))
    assert duration == RaceDuration(1, 10_000, 10.0, 9.0, 11.0)
    assert estimate_race_s(plan, None) == 13.5 + OTHER_STAGES_S
    assert estimate_race_s(plan, duration) == 20.0, "its intervals were narrow before the budget was spent"
    assert estimate_race_s(plan, replace(duration, batch=5)) == 13.5 + OTHER_STAGES_S
    spent = replace(duration, sampling_s=12.0)
    assert estimate_race_s(plan, spent) == 23.0
    assert estimate_race_s(plan.model_copy(update={"budget_s": 20.0}), spent) == 35.0


def test_the_inputs_of_a_series_are_left_to_the_arms(monkeypatch):
    def refuse(plan) -> None:
        raise AssertionError("the inputs were checked")

    monkeypatch.setattr(dispatcher_module, "check_inputs", refuse)
    dispatcher = Dispatcher()
    run_id = dispatcher.submit_race(make_trial_plan(), checked=False, origin="page")
    dispatcher.stop(run_id, origin="page")
    assert wait_until_over(dispatcher, run_id).over
