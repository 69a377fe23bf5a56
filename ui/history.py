"""TODO: ui.history."""

from __future__ import annotations

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage.store import JobRow, Store
from bench.workload.declaration import Workload
from ui import services


def load_last_run(workload: Workload, plan: Plan | None, only_same: bool) -> tuple[Run | None, bool]:
    """The newest finished run, and whether it is of this plan."""
    store = services.get_store()
    digest = plan.digest if plan else None
    row = store.last_run(workload=workload.name, digest=digest) if digest else None
    same = row is not None
    row = row or (None if only_same else store.last_run(workload=workload.name))
    return (services.get_dispatcher().status(row.id).run, same) if row else (None, False)


def find_last_result(store: Store, workload: str, machine: Machine) -> JobRow | None:
    """The newest finished race of two different arms on this machine, else on any: a database may be shared."""
    rows = store.rows(kind=JobKind.RACE, state=State.FINISHED, workload=workload, limit=100)
    results = [row for row in rows if row.ratio is not None and row.baseline != row.accelerated]
    return next((row for row in results if row.is_from(machine)), results[0] if results else None)
