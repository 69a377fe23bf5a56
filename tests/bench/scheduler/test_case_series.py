"""Series of short races: their plans, and what counts as a result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.machine.describe import describe_machine
from bench.plan.validation import PlanError, find_workload
from bench.scheduler.case_series import (
    SeriesSettings,
    choose_row,
    find_fresh_run,
    is_fresh,
    list_core_counts,
    list_sizes,
    plan_series,
    plan_sizes,
)
from bench.storage.store import Store
from tests.support.estimator_runs import make_estimator_run, make_failed_run, plan_case

WORKLOAD = find_workload("estimators")


def test_cases_keep_the_batch_and_the_larger_budget_of_their_declaration():
    settings = SeriesSettings(cores=1, parameters={"dtype": "float32", "columns": 7})
    ridge, tsne, area, distances = plan_series(
        WORKLOAD, ["ridge", "tsne", "roc-auc-score", "pairwise-distances"], settings
    )
    declared = WORKLOAD.case("tsne").budget_s
    assert declared > 60 and (ridge.budget_s, tsne.budget_s) == (10.0, declared)
    assert (ridge.batch, distances.batch) == (10_000, 3_000)
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


def test_sizes_are_the_stops_of_the_slider_and_the_start():
    assert list_sizes(WORKLOAD, "ridge", start=10_000, max_rows=100_000) == [100, 1_000, 3_000, 10_000, 30_000, 100_000]
    assert list_sizes(WORKLOAD, "ridge", start=500, max_rows=1_000) == [100, 500, 1_000]
    plan = plan_case("ridge", parameters={"dtype": "float32"})
    assert {(p.case, p.cores, p.budget_s, p.parameters["dtype"]) for p in plan_sizes(WORKLOAD, plan, 3_000)} == {
        ("ridge", 1, 10.0, "float32")
    }
    assert [size.batch for size in plan_sizes(WORKLOAD, plan, 3_000)] == [100, 1_000, 3_000, 10_000]


@pytest.mark.parametrize(("limit", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (16, [1, 2, 4, 8, 16])])
def test_core_counts_are_powers_of_two_and_all(limit, counts):
    assert list_core_counts(limit) == counts


def test_only_a_race_of_this_machine_with_these_libraries_need_not_be_repeated():
    plan, machine, store = plan_case("ridge"), describe_machine(), Store()
    assert find_fresh_run(store, plan, machine) is None
    store.save(make_failed_run(plan))
    assert find_fresh_run(store, plan, machine) is None
    run = make_estimator_run(plan)
    store.save(run)
    assert find_fresh_run(store, plan, machine).id == run.id
    assert find_fresh_run(store, plan, machine.model_copy(update={"versions": {"scikit-learn": "0"}})) is None
