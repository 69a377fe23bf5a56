"""The state of a job as pages and the command line follow it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from bench.run.files import journal_path
from bench.run.job_record import JobRecord, apply_event, open_record
from bench.run.journal import JournalReader
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.storage.store import Store, StoreError


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The state of a job."""

    place: int = 0
    """Number of jobs in front, while it waits."""
    record: JobRecord | None = None
    """None until the job begins."""
    problem: str = ""
    """Why the job was lost or is not known."""
    delay: str = ""
    """Why it waits, if that is not for other jobs."""

    @property
    def run(self) -> Run | None:
        """The record of a race; None for a measurement, and until the race begins."""
        return self.record if isinstance(self.record, Run) else None

    @property
    def measurement(self) -> MeasurementRecord | None:
        """The record of a measurement; None for a race, and until the measurement begins."""
        return self.record if isinstance(self.record, MeasurementRecord) else None

    @property
    def over(self) -> bool:
        return bool(self.problem) or (self.record is not None and self.record.state.over)


class JobFollower:
    """Reads a job's record from its journal while it runs, and from the store afterwards. Shared by all sessions."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.record: JobRecord | None = None
        self._reader = JournalReader(journal_path(job_id))
        self._lock = threading.Lock()

    def read(self, store: Store) -> JobRecord | None:
        with self._lock:
            if self.record is not None and self.record.state.over:
                return self.record
            try:
                for event in self._reader.read_new():
                    if self.record is None:
                        self.record = open_record(event)
                    else:
                        apply_event(self.record, event)
            except FileNotFoundError:
                # Not begun, or over and stored.
                self.record = store.load(self.job_id)
            except ValueError as error:
                raise StoreError(f"the journal of run {self.job_id[:8]} cannot be read: {error}") from error
            return self.record
