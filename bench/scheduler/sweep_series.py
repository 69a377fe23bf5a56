"""Races the cells of a sweep, and keeps the sweep in the store.

A sweep is a series of races (`bench.scheduler.race_series`) with one goal for each cell, in the order of the grid. The
races are ordinary jobs with the sweep as their parent, so other jobs of the machine take their turns in between. The
sweep itself waits in no queue and needs no process: the page or the command line that started it queues its races.
Its record is stored when it begins and whenever a cell changes. If its process dies, the next start of Fairlap marks it
as interrupted, and it can be continued: cells with a result are not raced again.

While a sweep goes on, its process reads a control pipe (`bench.scheduler.control`), by which others see that it lives
and stop it. Other servers with the same database see that it lives because it is stored again and again: see
`bench.scheduler.sweep_liveness`.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Unpack

from bench.claims.sweep_cell import fill_cell
from bench.machine.model import Machine
from bench.plan.command import format_command, format_sweep_command
from bench.plan.grid import GridAxis, GridCell, make_cells
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.run.comparability import find_machine_differences
from bench.run.events import RECORD_VERSION, State
from bench.run.job import JobKind, current_requester
from bench.run.record import Run
from bench.run.snapshot import take_snapshot
from bench.run.sweep import (
    SWEEP_LABEL,
    SWEEP_TASK,
    CellState,
    Sweep,
    SweepAxis,
    SweepCell,
    SweepRecord,
    sweep_digest,
)
from bench.scheduler.case_series import find_fresh_run
from bench.scheduler.control import STOP_REASONS, ControlPipe, remove_pipe
from bench.scheduler.order import Submission
from bench.scheduler.race_series import Racer, RaceSeries, SeriesHistory, SeriesProgress
from bench.scheduler.race_time import explain_slow, predict_least_pair_s
from bench.scheduler.series_goals import ResultGoal, Results, collect_pair_times
from bench.scheduler.sweep_estimate import estimate_sweep, find_durations
from bench.scheduler.sweep_liveness import HEARTBEAT_S, is_live, is_reachable
from bench.storage.store import Store, StoreError
from bench.sweep.report import list_choices, write_report
from bench.workload.parameters import Setting

LOGGER = logging.getLogger(__name__)
STOP_CHECK_INTERVAL_S = 0.5
MAX_SEARCHED_SWEEPS = 20
EXHAUSTED_WORDS = ("memory", "time limit")
"""What the reason of a failed race has if a larger one fails for it too."""
NOT_COMPLETE = "it was stopped"
OTHER_SETTINGS = "Since the sweep began, the settings of the workload have changed. Start a new sweep."
"""Of a cell whose plan a newer version of the workload does not make any more."""


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What a sweep is asked for."""

    plan: Plan
    """With the time budget of each race. The settings of the axes do not matter."""
    axes: tuple[GridAxis, ...]
    core_limit: int
    again: bool = False
    """Whether cells that were measured before are raced again."""

    def make_cells(self) -> list[GridCell]:
        """Raises PlanError."""
        return make_cells(self.plan, self.axes, self.core_limit)


def open_sweep(request: SweepRequest, machine: Machine, **submission: Unpack[Submission]) -> SweepRecord:
    """A new sweep. Raises PlanError."""
    cells = request.make_cells()
    resolved = resolve(request.plan)
    snapshot = take_snapshot(resolved)
    axes = [_make_axis(axis) for axis in request.axes]
    command = format_sweep_command(request.plan, request.axes)
    record = SweepRecord(
        version=RECORD_VERSION,
        id=uuid.uuid4().hex,
        plan=request.plan,
        snapshot=snapshot.model_copy(update={"command": command}),
        task=SWEEP_TASK,
        task_label=SWEEP_LABEL,
        digest=digest_request(request),
        arguments={"over": [axis.name for axis in request.axes], "budget_per_cell_s": request.plan.budget_s},
        machine=machine,
        started=datetime.now(UTC),
        origin=submission["origin"],
        requester=submission.get("requester") or current_requester(),
        owner=submission.get("owner", ""),
        state=State.MEASURING,
    )
    sweep = Sweep(
        axes=axes,
        cells=[_make_cell(cell) for cell in cells],
        unit=snapshot.unit,
        budget_s=request.plan.budget_s,
        again=request.again,
    )
    record.keep(sweep)
    return record


def digest_request(request: SweepRequest) -> str:
    """Equal for sweeps over the same cells. Raises PlanError."""
    cells = request.make_cells()
    digests = [cell.plan.digest if cell.plan else "" for cell in cells]
    return sweep_digest(digests, request.plan.budget_s, [cell.values for cell in cells])


def find_open_sweep(store: Store, request: SweepRequest, machine: Machine) -> SweepRecord | None:
    """The newest sweep over the same cells, if it did not finish and can be continued. Raises StoreError and
    PlanError."""
    rows = store.rows(kind=JobKind.SWEEP, digest=digest_request(request), limit=MAX_SEARCHED_SWEEPS)
    own = [row for row in rows if row.is_from(machine)]
    if not own or own[0].edited or own[0].state is State.FINISHED:
        return None
    record = load_sweep(store, own[0].id)
    return record if record is not None and not why_not_continue(record, machine) else None


def load_sweep(store: Store, sweep_id: str) -> SweepRecord | None:
    """A stored sweep with its owner, so that it can be stored again; None if there is none. Raises StoreError."""
    row = store.row(sweep_id)
    record = store.load(sweep_id) if row is not None else None
    if row is None or not isinstance(record, SweepRecord):
        return None
    record.owner = row.owner or ""
    return record


def why_not_continue(record: SweepRecord, machine: Machine) -> str:
    """Why a sweep cannot go on, as a sentence; empty if it can."""
    if is_live(record, machine):
        return "It goes on already." if is_reachable(record.id) else "Another server is running it."
    if record.state is State.FINISHED:
        return "All of its cells are measured, failed or hopeless."
    if record.edited:
        return "It was edited after it was stored."
    if changes := find_machine_differences(record.machine, machine):
        return f"Since its first race, something has changed: {'; '.join(change.text for change in changes)}."
    return ""


class SweepSeries(RaceSeries):
    """A sweep that goes on. `run` returns when it is over."""

    ends_without_win = True

    def __init__(self, record: SweepRecord, history: SeriesHistory, core_limit: int) -> None:
        """A new sweep, or one that is continued. Cells with a result of this sweep keep it."""
        self.record, self.parent_id = record, record.id
        sweep = record.sweep
        axes = [GridAxis(**axis.model_dump()) for axis in sweep.axes]
        made = make_cells(record.plan, axes, core_limit)
        self._store = history.store
        self._lock, self._saved_at = threading.Lock(), time.monotonic()
        self._plans = {cell.plan.digest: cell.plan for cell in made if cell.plan is not None and not cell.problem}
        sweep = _refuse_impossible(sweep, {cell.values: cell.problem for cell in made}, self._plans)
        history.again = sweep.again
        history.run_ids |= {cell.digest: cell.run_id for cell in sweep.cells if cell.run_id}
        goals = [CellGoal(self._plans[cell.digest], self) for cell in sweep.cells if cell.state is CellState.WAITING]
        super().__init__(goals, history)
        self._sweep = sweep.model_copy(update={"sessions": sweep.sessions + 1})

    @property
    def sweep(self) -> Sweep:
        return self._sweep

    def run(self, racer: Racer, report: Callable[[SeriesProgress], None] = lambda progress: None) -> None:
        """Race the cells that wait. What happens is stored at once. Raises OSError and StoreError."""
        control, began, spent_s = ControlPipe.create(self.record.id), time.monotonic(), self._sweep.spent_s
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(control, racer, over), daemon=True)

        def note(progress: SeriesProgress) -> None:
            spent = spent_s + time.monotonic() - began
            self._note_cells(progress, spent)
            report(progress)

        try:
            self.record.state, self.record.why = State.MEASURING, ""
            self._reuse_cells()
            self._save()
            watcher.start()
            super().run(racer, note)
        finally:
            over.set()
            if watcher.is_alive():
                watcher.join()
            try:
                self._finish(spent_s + time.monotonic() - began)
            finally:
                control.close()
                remove_pipe(self.record.id)

    def why_hopeless(self, plan: Plan, results: Results) -> str:
        """Why a race of `plan` would have no result, by what other cells have shown; empty if it may have one."""
        cell = self._cells_of(plan)[0]
        smaller = [other for other in self._sweep.cells if _is_smaller(other, cell, self._sweep.axes)]
        for other in smaller:
            if other.state is CellState.FAILED and any(word in other.reason for word in EXHAUSTED_WORDS):
                where = self._sweep.describe_values(other.values)
                return f"A smaller cell, {where}, failed: {other.reason}"
        alike = [self._plans[other.digest] for other in (*smaller, cell) if other.digest in self._plans]
        alike = [other for other in alike if other.model_copy(update={"batch": plan.batch}) == plan]
        slow = explain_slow(plan, predict_least_pair_s(collect_pair_times(results, alike), plan.batch))
        return f"It is too slow for a claim: {slow}. Use a larger time budget." if slow else ""

    def note_hopeless(self, plan: Plan, why: str) -> None:
        for cell in self._cells_of(plan):
            if cell.state is CellState.WAITING:
                self._replace(cell.model_copy(update={"state": CellState.HOPELESS, "reason": why}))
        self._save()

    def _cells_of(self, plan: Plan) -> list[SweepCell]:
        """One, or several if different values of the axes make the same plan. It is raced once."""
        return [cell for cell in self._sweep.cells if cell.digest == plan.digest]

    def _watch(self, control: ControlPipe, racer: Racer, over: threading.Event) -> None:
        """Serve a request of another process to stop the sweep, and store it from time to time. See `is_live`."""
        while not over.wait(STOP_CHECK_INTERVAL_S):
            if request := control.stop_request():
                self.record.why = STOP_REASONS[request.origin]
                self.stop()
                if job_id := self.progress.job_id:
                    racer.stop(job_id)
                return
            if time.monotonic() - self._saved_at > HEARTBEAT_S:
                try:
                    self._save()
                except StoreError as error:
                    LOGGER.warning("The sweep %s could not be stored while it goes on: %s", self.record.id[:8], error)

    def _reuse_cells(self) -> None:
        """Take over what is stored of cells that wait, and estimate the time of the others."""
        if not self._sweep.again:
            for cell in self._sweep.cells:
                if cell.state is CellState.WAITING:
                    self._update_cell(self._plans[cell.digest])
        if self._sweep.estimate is None:
            estimate = estimate_sweep(self.list_waiting(), find_durations(self._store, self.record.plan, self._machine))
            self._sweep = self._sweep.model_copy(update={"estimate": estimate})

    @property
    def _machine(self) -> Machine:
        return self.history.machine

    def list_waiting(self) -> list[Plan]:
        """The plans of the cells that wait."""
        waiting = dict.fromkeys(cell.digest for cell in self._sweep.cells if cell.state is CellState.WAITING)
        return [self._plans[digest] for digest in waiting]

    def _note_cells(self, progress: SeriesProgress, spent_s: float) -> None:
        """Store what has changed since the last call."""
        active = progress.plan.digest if progress.plan else ""
        ended = self._plans.get(self._sweep.active) if self._sweep.active else None
        if ended is not None:
            self._update_cell(ended)
        for digest in set(self.history.problems) & self._plans.keys():
            self._update_cell(self._plans[digest])
        self._sweep = self._sweep.model_copy(update={"active": active, "spent_s": spent_s})
        self._save()

    def _update_cell(self, plan: Plan) -> None:
        """Raises StoreError."""
        cells = [cell for cell in self._cells_of(plan) if cell.state is CellState.WAITING]
        if not cells:
            return
        if problem := self.history.problems.get(plan.digest):
            run_id = self.history.run_ids.get(plan.digest, "")
            failed = {"state": CellState.FAILED, "reason": problem, "run_id": run_id}
            for cell in cells:
                self._replace(cell.model_copy(update=failed))
            return
        run = self._find_run(plan)
        if run is not None:
            for cell in cells:
                self._replace(fill_cell(cell, run, is_reused=run.parent_id != self.record.id))

    def _find_run(self, plan: Plan) -> Run | None:
        if not self._sweep.again:
            return find_fresh_run(self._store, plan, self._machine)
        run_id = self.history.run_ids.get(plan.digest)
        run = self._store.load(run_id) if run_id and self._store.row(run_id) else None
        return run if isinstance(run, Run) and run.state is State.FINISHED else None

    def _replace(self, cell: SweepCell) -> None:
        cells = [cell if other.values == cell.values else other for other in self._sweep.cells]
        self._sweep = self._sweep.model_copy(update={"cells": cells})

    def _finish(self, spent_s: float) -> None:
        """Store how the sweep ended. Raises StoreError."""
        record = self.record
        waiting = self.list_waiting()
        if not waiting:
            record.state, record.why = State.FINISHED, ""
        else:
            record.state, record.why = State.STOPPED, record.why or self.progress.why_ended or NOT_COMPLETE
        self._sweep = self._sweep.model_copy(update={"active": "", "spent_s": spent_s})
        text, choices = write_report(self._sweep, record.snapshot), list_choices(self._sweep, record.snapshot)
        self._sweep = self._sweep.model_copy(update={"text": text, "choices": choices})
        self._save()

    def _save(self) -> None:
        with self._lock:
            record = self.record
            record.keep(self._sweep)
            record.last_at = (datetime.now(UTC) - record.started).total_seconds()
            record.ended_at = record.last_at if record.state.over else None
            self._store.save(record)
            self._saved_at = time.monotonic()


@dataclass(frozen=True, slots=True)
class CellGoal(ResultGoal):
    """A result of one cell, unless other cells have shown that it is hopeless."""

    series: SweepSeries

    def choose(self, results: Results) -> Plan | None:
        plan = ResultGoal.choose(self, results)
        if plan is None:
            return None
        if why := self.series.why_hopeless(plan, results):
            self.series.note_hopeless(plan, why)
            return None
        return plan


def _make_axis(axis: GridAxis) -> SweepAxis:
    return SweepAxis(
        name=axis.name,
        label=axis.label,
        values=list(axis.values),
        labels=list(axis.labels),
        is_number=axis.is_number,
        is_size=axis.is_size,
        noun=axis.noun,
    )


def _make_cell(cell: GridCell) -> SweepCell:
    plan = cell.plan
    return SweepCell(
        values=list(cell.values),
        cores=plan.cores if plan else 0,
        digest=plan.digest if plan else "",
        command=format_command(plan) if plan else "",
        state=CellState.FAILED if cell.problem else CellState.WAITING,
        reason=cell.problem,
    )


def _refuse_impossible(sweep: Sweep, problems: Mapping[tuple[Setting, ...], str], plans: Mapping[str, Plan]) -> Sweep:
    """`sweep` whose waiting cells can all be raced: the others, such as those with more cores than this process may use
    now, have failed. `problems` has the reasons by the values of the cells, and `plans` what can be raced by digest."""

    def explain(cell: SweepCell) -> str:
        return problems[tuple(cell.values)] or ("" if cell.digest in plans else OTHER_SETTINGS)

    cells = [
        cell.model_copy(update={"state": CellState.FAILED, "reason": reason})
        if cell.state is CellState.WAITING and (reason := explain(cell))
        else cell
        for cell in sweep.cells
    ]
    return sweep.model_copy(update={"cells": cells})


def _is_smaller(one: SweepCell, other: SweepCell, axes: Sequence[SweepAxis]) -> bool:
    """Whether a cell differs from another one in sizes only, and is smaller in all that differ."""
    different = [
        (axis, first, second)
        for axis, first, second in zip(axes, one.values, other.values, strict=True)
        if first != second
    ]
    return bool(different) and all(
        axis.is_size and axis.values.index(first) < axis.values.index(second) for axis, first, second in different
    )
