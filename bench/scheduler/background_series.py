"""Series of races that go on in threads of this process, one for each owner: a page can be closed meanwhile."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Protocol, Unpack

from bench.plan.plan import Plan
from bench.scheduler.dispatcher import STOPPED_WHILE_WAITING, Dispatcher
from bench.scheduler.race_series import (
    POLL_INTERVAL_S,
    RaceEnd,
    RaceSeries,
    SeriesRace,
    explain_missing_result,
    was_stopped,
)
from bench.storage.store import StoreError

LOST = "The race was lost."
MAX_KEPT = 100
"""Series that are over and whose end can still be shown."""


class SeriesRefused(Exception):
    """The owner of a series may queue no more races now. The message says why."""


class SubmitRace(Protocol):
    """Queues a race for the owner of a series."""

    def __call__(self, plan: Plan, *, prepare: Callable[[], bool], **submission: Unpack[SeriesRace]) -> str:
        """The id of the race; empty if `prepare`, which is called before, returns False. Raises SeriesRefused, OSError,
        StoreError, and what `prepare` raises."""
        ...


class BackgroundSeries:
    """The series of all owners. Each owner has one at a time."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._series: dict[str, RaceSeries] = {}
        self._lock = threading.Lock()

    def start(self, owner: str, series: RaceSeries, submit: SubmitRace) -> bool:
        """Begin a series; False if one of this owner goes on."""
        with self._lock:
            if (current := self._series.pop(owner, None)) and not current.progress.over:
                self._series[owner] = current
                return False
            finished = [other for other, known in self._series.items() if known.progress.over]
            for other in finished[: max(0, len(finished) - MAX_KEPT)]:
                del self._series[other]
            self._series[owner] = series
        # A daemon thread: the server can end while a race goes on. What it has stored is found again.
        threading.Thread(target=self._run, args=(series, submit), name="fairlap-series", daemon=True).start()
        return True

    def find(self, owner: str) -> RaceSeries | None:
        """The series of an owner that goes on, or the last one that ended."""
        with self._lock:
            return self._series.get(owner)

    def count_active(self) -> int:
        """Number of series that go on."""
        with self._lock:
            return sum(not series.progress.over for series in self._series.values())

    def _run(self, series: RaceSeries, submit: SubmitRace) -> None:
        try:
            series.run(_DispatcherRacer(self._dispatcher, submit))
        except (OSError, StoreError) as error:
            series.note_failure(str(error))
        except Exception as error:
            # The boundary of the thread: the page shows why the series ended.
            traceback.print_exception(error)
            series.note_failure(str(error))


class _DispatcherRacer:
    """Queues races and waits for them, without progress."""

    def __init__(self, dispatcher: Dispatcher, submit: SubmitRace) -> None:
        self._dispatcher, self._submit = dispatcher, submit

    def find_same(self, plan: Plan) -> str:
        return self._dispatcher.find_race(plan)

    def stop(self, job_id: str) -> None:
        self._dispatcher.stop(job_id, origin="page")

    def race(
        self, plan: Plan, *, prepare: Callable[[], bool], began: Callable[[str], None], **submission: Unpack[SeriesRace]
    ) -> RaceEnd | None:
        try:
            job_id = self._submit(plan, prepare=prepare, **submission)
        except SeriesRefused as refusal:
            return RaceEnd(str(refusal), ends_series=True)
        if not job_id:
            return None
        began(job_id)
        # A race leaves the queue when it is stored.
        while any(entry.job_id == job_id for entry in self._dispatcher.entries()):
            time.sleep(POLL_INTERVAL_S)
        status = self._dispatcher.status(job_id)
        if status.run is None:
            return RaceEnd(status.problem or LOST, ends_series=status.problem == STOPPED_WHILE_WAITING)
        return RaceEnd(explain_missing_result(status.run), ends_series=was_stopped(status.run))
