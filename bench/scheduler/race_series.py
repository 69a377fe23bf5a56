"""A series of races, one after the other: each is chosen from the results so far. The page and the command line use it.

Before the first race, the inputs of all cases are checked. Each race is queued when the one before has ended, so other
jobs of the machine take their turns in between. Results that are stored are used, so a series that was stopped goes on
where it ended when it is started again. If the same race is queued already, the series waits for it and uses its
result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypedDict, Unpack

from bench.claims.break_even import judge_size
from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.record import Run
from bench.scheduler.case_series import find_failed_run, find_fresh_run
from bench.scheduler.control import STOP_REASONS
from bench.scheduler.input_check import InputNotChecked, check_inputs, find_bad_inputs
from bench.scheduler.race_time import limit_race_s, measure_pair_s
from bench.scheduler.series_goals import Goal, SeriesResult
from bench.stats.break_even import SizeResult, SizeVerdict
from bench.storage.store import Store
from bench.values.selection import Selection
from bench.workload.interface import BadInput, format_bad_input

POLL_INTERVAL_S = 0.5
"""Time between two looks at the queue, which may take time from the race on the same cores."""
CHECK_RETRY_S = 5.0
"""Time between two attempts to check an input, while other checks take all places."""
MAX_CHECK_ATTEMPTS = 12
"""After so many, the race is queued without the check: its arms check the same."""


@dataclass
class SeriesHistory:
    """The results of a series that goes on: those that are stored, and what happened in it."""

    store: Store
    machine: Machine
    again: bool = False
    """Whether only races of this series count."""
    raced: set[str] = field(default_factory=set[str])
    """Digests of the plans that this series has raced, or could not race."""
    problems: dict[str, str] = field(default_factory=dict[str, str])
    """Why a plan has no result, by its digest."""
    run_ids: dict[str, str] = field(default_factory=dict[str, str])
    """The races that this series has queued or waited for, by the digests of their plans."""
    _results: dict[str, SeriesResult] = field(default_factory=dict[str, SeriesResult])

    def find(self, plan: Plan) -> SeriesResult | None:
        """The result of `plan` with the libraries that are installed now, or why it has none. Raises StoreError."""
        if plan.digest in self._results:
            return self._results[plan.digest]
        run = self._find_run(plan)
        if run is not None and run.state is State.FINISHED:
            self._results[plan.digest] = summarize_run(run)
            return self._results[plan.digest]
        if plan.digest in self.raced:
            return describe_failure(plan, self.problems.get(plan.digest, ""))
        return describe_failure(plan, explain_missing_result(run)) if run is not None else None

    def _find_run(self, plan: Plan) -> Run | None:
        """The race that finished, else the one that failed. With `again`, only one of this series."""
        if not self.again:
            return find_fresh_run(self.store, plan, self.machine) or find_failed_run(self.store, plan, self.machine)
        run_id = self.run_ids.get(plan.digest)
        run = self.store.load(run_id) if run_id and self.store.row(run_id) else None
        return run if isinstance(run, Run) and run.state is State.FINISHED else None

    def was_raced(self, plan: Plan) -> bool:
        return plan.digest in self.raced

    def has_failed(self, plan: Plan) -> bool:
        return plan.digest in self.problems


def summarize_run(run: Run) -> SeriesResult:
    return SeriesResult(judge_size(run), measure_pair_s(run))


def describe_failure(plan: Plan, why: str) -> SeriesResult:
    """The result of a race that failed or could not be made."""
    return SeriesResult(SizeResult(plan.batch, SizeVerdict.FAILED, reason=why), None)


def explain_missing_result(run: Run) -> str:
    """Why a race has no result; empty if it finished."""
    if run.state is State.FINISHED:
        return ""
    if run.failure:
        return f"{run.failure.what.rstrip('.')}. {run.failure.remedy}".rstrip()
    return f"The run was {run.state}: {run.why}." if run.why else f"The run was {run.state}."


def was_stopped(run: Run) -> bool:
    """Whether a person stopped the race. False if its time limit did."""
    return run.state is State.STOPPED and run.why in STOP_REASONS.values()


@dataclass(frozen=True, slots=True)
class RaceEnd:
    """How a race of a series ended."""

    problem: str = ""
    """Why it has no result; empty if it has one."""
    ends_series: bool = False
    """Whether no other race may follow: someone stopped the series, or may queue no more."""


class SeriesRace(TypedDict):
    """What a race of a series is submitted with."""

    time_limit_s: float
    """The race is stopped after so many seconds."""
    selection: Selection | None
    """See `Goal.select`."""
    parent_id: str
    """Id of the sweep that the race is a part of; empty for another series."""
    ends_without_win: bool
    """See `RunOpened.ends_without_win`."""


class Racer(Protocol):
    """Queues the races of a series and waits for them."""

    def find_same(self, plan: Plan) -> str:
        """Id of a race of `plan` that waits or runs, from any program; empty if there is none. Raises OSError."""
        ...

    def race(
        self, plan: Plan, *, prepare: Callable[[], bool], began: Callable[[str], None], **submission: Unpack[SeriesRace]
    ) -> RaceEnd | None:
        """Race `plan`, and return when it is stored. `began` gets its id when it is queued.

        `prepare` is called before it is queued and may take minutes. If it returns False, nothing is queued, and the
        result is None. `submission` is handed on to the scheduler. Raises OSError, StoreError, and what `prepare`
        raises.
        """
        ...

    def stop(self, job_id: str) -> None:
        """End a race that `race` has queued."""
        ...


@dataclass(frozen=True, slots=True)
class SeriesProgress:
    """How far a series is."""

    plan: Plan | None = None
    """What is raced now; None while the inputs are checked, and when the series is over."""
    job_id: str = ""
    """Id of that race; empty until it is queued."""
    waits_for: str = ""
    """Id of the same race from elsewhere that the series waits for; empty if it does not."""
    goal: int = 0
    """Number of goals that were reached or given up."""
    raced: int = 0
    """Number of races that ended."""
    over: bool = False
    why_ended: str = ""
    """Why the series ended early; empty if it did not."""


class RaceSeries:
    """A series of races. `run` returns when it is over; `stop` may be called from another thread."""

    parent_id = ""
    """Id of the sweep that the series races; empty for another series."""
    ends_without_win = False
    """Whether its races end as soon as the accelerated arm cannot win any more."""

    def __init__(self, goals: Sequence[Goal], history: SeriesHistory) -> None:
        self.goals, self.history = tuple(goals), history
        self.progress = SeriesProgress()
        self.created = datetime.now(UTC)
        self._stopped = threading.Event()

    def run(self, racer: Racer, report: Callable[[SeriesProgress], None] = lambda progress: None) -> None:
        """Check all inputs, then race what the goals choose. `report` gets the progress whenever it changes.

        Raises OSError and StoreError.
        """
        why_ended = ""
        try:
            self._check()
            for number, goal in enumerate(self.goals):
                self._note(report, goal=number)
                while not self._stopped.is_set() and (plan := goal.choose(self.history)) is not None:
                    end = self._race(plan, goal, racer, report)
                    if end is not None and end.ends_series:
                        why_ended = "" if self._stopped.is_set() else end.problem
                        self._stopped.set()
        finally:
            self._note(report, plan=None, job_id="", over=True, why_ended=why_ended)

    def stop(self) -> None:
        """Queue no more races. The one that runs goes on; one that is just being queued is stopped."""
        self._stopped.set()

    def note_failure(self, why: str) -> None:
        """Note that `run` has raised an error."""
        self.progress = replace(self.progress, why_ended=why)

    def _check(self) -> None:
        """Check the inputs of the first plan of every goal that will be raced, before a race can be disturbed by it."""
        wanted = [goal.first for goal in self.goals if goal.choose(self.history) is not None]
        for plan, problem in zip(wanted, find_bad_inputs(wanted, self._stopped.is_set), strict=True):
            if problem is not None:
                self._give_up(plan, format_bad_input(problem))

    def _race(self, plan: Plan, goal: Goal, racer: Racer, report: Callable[[SeriesProgress], None]) -> RaceEnd | None:
        """None if nothing was queued: the series was stopped, or the same race is in the queue."""
        self._note(report, plan=plan, job_id="")
        if self._wait_for_same(plan, racer, report):
            return None

        def prepare() -> bool:
            # The first plans of all goals were checked before the series began.
            if plan.digest != goal.first.digest:
                self._check_plan(plan)
            # Both may have changed while the inputs were checked.
            return not self._stopped.is_set() and not racer.find_same(plan)

        def note_start(job_id: str) -> None:
            self.history.run_ids[plan.digest] = job_id
            self._note(report, job_id=job_id)
            if self._stopped.is_set():
                racer.stop(job_id)

        try:
            submission = SeriesRace(
                time_limit_s=limit_race_s(plan),
                selection=goal.select(plan),
                parent_id=self.parent_id,
                ends_without_win=self.ends_without_win,
            )
            end = racer.race(plan, prepare=prepare, began=note_start, **submission)
        except BadInput as error:
            end = RaceEnd(format_bad_input(error))
        if end is None:
            return None
        if end.ends_series:
            return end
        if end.problem:
            self._give_up(plan, end.problem)
        self.history.raced.add(plan.digest)
        self._note(report, raced=self.progress.raced + 1)
        return end

    def _wait_for_same(self, plan: Plan, racer: Racer, report: Callable[[SeriesProgress], None]) -> bool:
        """Wait until a race of `plan` from elsewhere has ended. Whether there was one."""
        job_id = racer.find_same(plan)
        if not job_id:
            return False
        self._note(report, waits_for=job_id)
        while racer.find_same(plan) == job_id and not self._stopped.wait(POLL_INTERVAL_S):
            pass
        self._note(report, waits_for="")
        self.history.run_ids[plan.digest] = job_id
        return True

    def _check_plan(self, plan: Plan) -> None:
        """Raises BadInput."""
        for _ in range(MAX_CHECK_ATTEMPTS):
            try:
                check_inputs(plan)
            except InputNotChecked:
                if self._stopped.wait(CHECK_RETRY_S):
                    return
            else:
                return

    def _give_up(self, plan: Plan, problem: str) -> None:
        self.history.problems[plan.digest] = problem
        self.history.raced.add(plan.digest)

    def _note(self, report: Callable[[SeriesProgress], None], **changes: object) -> None:
        self.progress = replace(self.progress, **changes)  # pyright: ignore[reportArgumentType]
        report(self.progress)
