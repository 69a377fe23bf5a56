"""Sweeps: what they race, reuse and leave out, how they end, and how they go on."""

from __future__ import annotations

import pytest

from bench.machine.describe import describe_machine
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.run.sweep import CellState, SweepRecord
from bench.scheduler import race_series
from bench.scheduler.control import ControlPipe, StopRequest, send_request
from bench.scheduler.race_series import SeriesHistory
from bench.scheduler.recovery import recover_jobs
from bench.scheduler.sweep_estimate import estimate_sweep, find_durations
from bench.scheduler.sweep_liveness import is_live
from bench.scheduler.sweep_series import SweepSeries, find_open_sweep, load_sweep, why_not_continue
from bench.storage.measurement_csv import measurement_tables
from bench.storage.store import Store
from tests.support.estimator_runs import make_estimator_run
from tests.support.sweeps import LIMIT, MadeRacer, begin_series, make_sweep, request_sweep, scaled_times
from tests.support.waiting import wait_for

OVER = ("cores=1,2", "batch=1000,3000")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture(autouse=True)
def unchecked(monkeypatch) -> None:
    monkeypatch.setattr(race_series, "check_inputs", lambda plan: None)
    monkeypatch.setattr(race_series, "find_bad_inputs", lambda plans, is_stopped: [None] * len(plans))


def load(store: Store, sweep_id: str) -> SweepRecord:
    record = store.load(sweep_id)
    assert isinstance(record, SweepRecord)
    return record


def test_every_cell_is_a_race_with_the_sweep_as_its_parent(store):
    record = make_sweep(store, *OVER)
    stored = load(store, record.id)
    assert stored.state is State.FINISHED and stored.kind is JobKind.SWEEP and stored.ended_at is not None
    sweep = stored.sweep
    assert [cell.values for cell in sweep.cells] == [[1, 1000], [1, 3000], [2, 1000], [2, 3000]]
    assert {cell.state for cell in sweep.cells} == {CellState.MEASURED} and not sweep.active
    children = store.rows(kind=JobKind.RACE, parent_id=record.id)
    assert {row.id for row in children} == {cell.run_id for cell in sweep.cells}
    run = store.load(children[0].id)
    assert isinstance(run, Run) and run.parent_id == record.id and run.ends_without_win
    assert [row.id for row in store.rows(kind=JobKind.SWEEP)] == [record.id]
    assert len(measurement_tables(stored)["cells"]) == 4
    assert not is_live(stored, describe_machine())


def test_cells_that_were_measured_before_are_reused_and_marked(store):
    request = request_sweep(*OVER)
    plan = next(cell.plan for cell in request.make_cells() if cell.values == (2, 1000))
    assert plan is not None
    before = make_estimator_run(plan, seconds=(0.02, 0.01))
    store.save(before)
    series = begin_series(store, request)
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    series.run(racer)
    assert len(racer.raced) == 3 and plan not in racer.raced
    reused = series.sweep.cell([2, 1000])
    assert reused is not None and reused.is_reused and reused.run_id == before.id
    assert sum(cell.is_reused for cell in series.sweep.cells) == 1
    assert series.sweep.estimate is not None and series.sweep.estimate.races == 3
    again = begin_series(store, request_sweep(*OVER, again=True))
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    again.run(racer)
    assert len(racer.raced) == 4 and not any(cell.is_reused for cell in again.sweep.cells)


def test_a_cell_that_fails_keeps_its_reason_and_its_command_and_larger_ones_are_hopeless(store):
    def times(plan):
        if plan.batch >= 3000:
            raise MemoryError("3,000 rows take 6 GiB of memory.")
        return 0.02, 0.01

    record = make_sweep(store, "cores=1,2", "batch=1000..10000", times=times)
    states = {tuple(cell.values): cell.state for cell in record.sweep.cells}
    assert [states[1, rows] for rows in (1000, 3000, 10000)] == [
        CellState.MEASURED,
        CellState.FAILED,
        CellState.HOPELESS,
    ]
    failed, hopeless = record.sweep.cell([2, 3000]), record.sweep.cell([2, 10000])
    assert failed is not None and failed.reason == "3,000 rows take 6 GiB of memory."
    assert failed.command.startswith("python -m bench run estimators --case ridge --cores 2 --batch 3000")
    assert hopeless is not None and hopeless.reason.startswith(
        "A smaller cell, 2 cores, 3,000 rows, failed: 3,000 rows"
    )
    assert record.state is State.FINISHED and record.sweep.text is not None
    assert any("Alone: python -m bench run" in note for note in record.sweep.text.notes)


def test_values_that_make_the_same_plan_are_raced_once_and_have_both_the_result(store):
    series = begin_series(store, request_sweep("batch=1000,3000"))
    one, other = series.sweep.cells
    series.record.keep(
        series.sweep.model_copy(update={"cells": [one, other.model_copy(update={"digest": one.digest})]})
    )
    series = SweepSeries(series.record, SeriesHistory(store, describe_machine()), LIMIT)
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    series.run(racer)
    assert len(racer.raced) == 1 and series.record.state is State.FINISHED
    assert [cell.state for cell in series.sweep.cells] == [CellState.MEASURED] * 2


def test_a_cell_of_other_settings_than_the_workload_has_now_fails(store):
    """As of a workload that got a parameter since: each plan has its default now, and another digest."""
    series = begin_series(store, request_sweep("batch=1000,3000"))
    one, other = series.sweep.cells
    series.record.keep(series.sweep.model_copy(update={"cells": [one, other.model_copy(update={"digest": "0" * 64})]}))
    series = SweepSeries(series.record, SeriesHistory(store, describe_machine()), LIMIT)
    series.run(MadeRacer(store, lambda plan: (0.02, 0.01)))
    assert [cell.state for cell in series.sweep.cells] == [CellState.MEASURED, CellState.FAILED]
    assert "Start a new sweep" in series.sweep.cells[1].reason


def test_a_sweep_that_goes_on_with_fewer_cores_fails_the_cells_that_need_more(store):
    series = begin_series(store, request_sweep("cores=1,2,4", "batch=1000"))
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    racer.stop_after = 1
    series.run(racer)
    following = SweepSeries(series.record, SeriesHistory(store, describe_machine()), 2)
    following.run(MadeRacer(store, lambda plan: (0.02, 0.01)))
    assert following.record.state is State.FINISHED
    assert [cell.state for cell in following.sweep.cells] == [*[CellState.MEASURED] * 2, CellState.FAILED]
    assert "cores: expected an integer from 1 to 2" in following.sweep.cells[-1].reason


def test_a_cell_that_is_too_slow_even_with_linear_growth_is_hopeless(store):
    record = make_sweep(store, "batch=1000,100000", times=lambda plan: (0.001 * plan.batch, 0.0005 * plan.batch))
    slow = record.sweep.cell([100_000])
    assert slow is not None and slow.state is CellState.HOPELESS and "too slow for a claim: 8 pairs" in slow.reason


def test_a_cell_whose_interval_excludes_a_win_is_marked(store):
    record = make_sweep(store, "batch=1000,10000", times=scaled_times())
    assert [cell.ended_early for cell in record.sweep.cells] == [True, False]


def test_a_sweep_that_was_stopped_goes_on_without_racing_a_cell_twice(store):
    request = request_sweep(*OVER)
    series = begin_series(store, request)
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    racer.stop_after = 2
    series.run(racer)
    stopped = load(store, series.record.id)
    assert stopped.state is State.STOPPED and stopped.sweep.count(CellState.MEASURED) == 2
    machine = describe_machine()
    found = find_open_sweep(store, request, machine)
    assert found is not None and found.id == stopped.id
    following = SweepSeries(found, SeriesHistory(store, machine), LIMIT)
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    following.run(racer)
    assert len(racer.raced) == 2
    finished = load(store, stopped.id)
    assert finished.state is State.FINISHED and finished.sweep.sessions == 2
    assert not any(cell.is_reused for cell in finished.sweep.cells), "they belong to this sweep"
    assert finished.sweep.estimate is not None and finished.sweep.estimate.races == 4, "that of the beginning"
    assert find_open_sweep(store, request, machine) is None
    assert why_not_continue(finished, machine)


def test_a_sweep_does_not_go_on_after_the_libraries_have_changed(store):
    request = request_sweep(*OVER)
    series = begin_series(store, request)
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    racer.stop_after = 1
    series.run(racer)
    machine = describe_machine()
    changed = machine.model_copy(update={"versions": machine.versions | {"numpy": "0.0"}})
    assert find_open_sweep(store, request, changed) is None
    assert "Since its first race, something has changed" in why_not_continue(series.record, changed)


def test_a_sweep_whose_process_died_is_interrupted_at_the_next_start_and_keeps_its_owner(store):
    series = begin_series(store, request_sweep(*OVER))
    record = series.record
    record.owner = "visitor"
    store.save(record)
    pipe = ControlPipe.create(record.id)
    assert is_live(record, describe_machine()) and record.id not in recover_jobs(store)
    pipe.close()
    assert record.id in recover_jobs(store)
    found = load_sweep(store, record.id)
    assert found is not None and found.state is State.INTERRUPTED and found.owner == "visitor"
    assert found.why == "its process ended" and not why_not_continue(found, describe_machine())


def test_another_process_can_stop_a_sweep(store):
    class WaitingRacer(MadeRacer):
        stopped = ""

        def stop(self, job_id):
            self.stopped = job_id

        def race(self, plan, *, prepare, began, **submission):
            assert prepare()
            began("race")
            if not send_request(submission["parent_id"], StopRequest(origin="page")):
                raise AssertionError("the sweep cannot be reached")
            wait_for(lambda: self.stopped)
            return None

    series = begin_series(store, request_sweep(*OVER))
    racer = WaitingRacer(store, lambda plan: (0.02, 0.01))
    series.run(racer)
    assert racer.stopped == "race"
    stopped = load(store, series.record.id)
    assert stopped.state is State.STOPPED and stopped.why == "Stop was pressed on the page"


def test_the_estimate_is_a_range_that_earlier_races_make_narrower(store):
    plans = [cell.plan for cell in request_sweep(*OVER).make_cells() if cell.plan]
    before = estimate_sweep(plans, [])
    assert before.earlier_races == 0 and before.seconds.low < before.seconds.value < before.seconds.high
    make_sweep(store, *OVER)
    durations = find_durations(store, plans[0], describe_machine())
    after = estimate_sweep(plans, durations)
    assert after.earlier_races == 4 and after.races == 4
    # The made races took 20 s each: 9 s of their budget of 10 s, and 11 s for the rest.
    assert after.seconds.low <= 4 * 21.5 <= after.seconds.high
    assert after.seconds.half_width < before.seconds.half_width
