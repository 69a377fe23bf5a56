"""Sweeps over an estimator, whose races are made without racing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Unpack

from bench.machine.describe import describe_machine
from bench.plan.grid import parse_axis
from bench.plan.plan import Plan
from bench.run.sweep import SweepRecord
from bench.scheduler.race_series import RaceEnd, SeriesHistory, SeriesRace, explain_missing_result
from bench.scheduler.sweep_series import SweepRequest, SweepSeries, open_sweep
from bench.storage.store import Store
from bench.values.base import Arm
from tests.support.estimator_runs import make_estimator_run, plan_case

LIMIT = 4
Times = Callable[[Plan], tuple[float, float]]


class MadeRacer:
    """Stores a made race at once. `times` has the seconds of a step in both arms; a plan without any fails."""

    def __init__(self, store: Store, times: Times) -> None:
        self.store, self.times = store, times
        self.raced: list[Plan] = []
        self.submissions: list[SeriesRace] = []
        self.stop_after = 1_000

    def find_same(self, plan: Plan) -> str:
        return ""

    def stop(self, job_id: str) -> None:
        raise AssertionError("no race runs long enough to be stopped")

    def race(
        self, plan: Plan, *, prepare: Callable[[], bool], began: Callable[[str], None], **submission: Unpack[SeriesRace]
    ) -> RaceEnd | None:
        if not prepare():
            return None
        self.raced.append(plan)
        self.submissions.append(submission)
        if len(self.raced) > self.stop_after:
            return RaceEnd("", ends_series=True)
        try:
            run = make_estimator_run(plan, seconds=self.times(plan))
        except MemoryError as error:
            return RaceEnd(str(error))
        run.parent_id, run.ends_without_win = submission["parent_id"], submission["ends_without_win"]
        began(run.id)
        self.store.save(run)
        return RaceEnd(explain_missing_result(run))


def request_sweep(*over: str, again: bool = False, case: str = "ridge") -> SweepRequest:
    plan = plan_case(case)
    return SweepRequest(plan, tuple(parse_axis(plan, text, LIMIT) for text in over), LIMIT, again)


def begin_series(store: Store, request: SweepRequest) -> SweepSeries:
    machine = describe_machine()
    record = open_sweep(request, machine, origin="command line")
    return SweepSeries(record, SeriesHistory(store, machine), request.core_limit)


def make_sweep(store: Store, *over: str, times: Times = lambda plan: (0.02, 0.01)) -> SweepRecord:
    """A finished sweep over `ridge`, stored with its races."""
    series = begin_series(store, request_sweep(*over))
    series.run(MadeRacer(store, times))
    return series.record


def scale(serial: float, cores: int) -> float:
    """The time on so many cores by Amdahl's law, relative to one core."""
    return serial + (1 - serial) / cores


def scaled_times(serials: Sequence[float] = (0.1, 0.4)) -> Times:
    """Each arm by a serial share of its own, and in proportion to the rows; the accelerated arm has a fixed cost."""

    def times(plan: Plan) -> tuple[float, float]:
        baseline, accelerated = (scale(serial, plan.cores) for serial in serials)
        return 1e-6 * plan.batch * baseline, 3e-7 * plan.batch * accelerated + 0.0016

    return times


def arm_seconds(record: SweepRecord, arm: Arm) -> list[float]:
    return [times.seconds.value for cell in record.sweep.cells if (times := cell.arm(arm))]
