"""Series of races on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Unpack

from bench.cli.errors import EXIT_STATUS
from bench.cli.progress import ProgressLine, follow_job
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.record import Run
from bench.scheduler.dispatcher import STOPPED_WHILE_WAITING, Dispatcher
from bench.scheduler.race_series import RaceEnd, SeriesHistory, SeriesRace, explain_missing_result, was_stopped
from bench.scheduler.series_goals import Goal

NOT_STORED = "The race was not stored."


class ConsoleRacer:
    """Races with the progress on standard error. Ctrl-C ends the series."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.records: dict[str, Run] = {}
        """The races of this series by the digest of their plan."""
        self.stopped = False
        """Whether a person has stopped the series or its last race."""
        self._statuses: dict[str, int] = {}

    def find_same(self, plan: Plan) -> str:
        return self._dispatcher.find_race(plan)

    def stop(self, job_id: str) -> None:
        self._dispatcher.stop(job_id, origin="command line")

    def race(
        self, plan: Plan, *, prepare: Callable[[], bool], began: Callable[[str], None], **submission: Unpack[SeriesRace]
    ) -> RaceEnd | None:
        if not prepare():
            return None
        run_id = self._dispatcher.submit_race(plan, checked=False, origin="command line", **submission)
        began(run_id)
        end = follow_job(self._dispatcher, run_id, ProgressLine())
        run = end.record if isinstance(end.record, Run) else None
        if run is not None:
            self.records[plan.digest] = run
        self._statuses[plan.digest] = end.exit_status
        # `bench stop` and the page of the operator stop it too.
        self.stopped = end.stopped or end.problem == STOPPED_WHILE_WAITING or (run is not None and was_stopped(run))
        if end.exit_status == EXIT_STATUS[State.FINISHED]:
            return RaceEnd()
        why = explain_missing_result(run) if run is not None else ""
        return RaceEnd(end.problem or why or NOT_STORED, ends_series=self.stopped)

    def find_status(self, history: SeriesHistory, goals: Sequence[Goal]) -> int:
        """The exit status of the command. A size of a search that has no result is no failure."""
        if self.stopped:
            return EXIT_STATUS[State.STOPPED]
        failed = (goal.first.digest for goal in goals if goal.first.digest in history.problems)
        return next((self._statuses.get(digest, EXIT_STATUS[State.FAILED]) for digest in failed), 0)
