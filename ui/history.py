"""Look-ups of earlier runs."""

from __future__ import annotations

from bench.machine.model import Machine
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage.store import JobRow, Store
from ui import services

MAX_SEARCHED_ROWS = 100


def load_last_run(workload: str, digest: str | None = None) -> Run | None:
    """The newest finished run of a workload, or of one plan. Raises OSError or StoreError if it cannot be read."""
    row = services.get_store().last_run(workload=workload, digest=digest)
    return services.get_dispatcher().status(row.id).run if row else None


def find_last_result(store: Store, workload: str, machine: Machine) -> JobRow | None:
    """The newest finished race of two different arms: on this machine, else on any, because machines may share a
    database."""
    rows = store.rows(kind=JobKind.RACE, state=State.FINISHED, workload=workload, limit=MAX_SEARCHED_ROWS)
    results = [row for row in rows if row.ratio is not None and row.baseline != row.accelerated]
    return next((row for row in results if row.is_from(machine)), results[0] if results else None)
