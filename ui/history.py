"""TODO: ui.history."""

from __future__ import annotations

from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import RunRow, Store
from bench.workload.declaration import Workload
from ui import services


def load_last_run(workload: Workload, plan: Plan | None, only_same: bool) -> tuple[Run | None, bool]:
    """The newest finished run, and whether it is of this plan."""
    store = services.get_store()
    digest = plan.digest if plan else None
    row = store.last(workload=workload.name, digest=digest) if digest else None
    same = row is not None
    row = row or (None if only_same else store.last(workload=workload.name))
    return (services.get_dispatcher().status(row.id).run, same) if row else (None, False)


def find_last_result(store: Store, workload: str, machine: str) -> RunRow | None:
    """The newest finished race of two different arms on this machine, else on any: a database may be shared."""
    rows = store.rows(workload=workload, limit=100)
    results = [r for r in rows if r.state is State.FINISHED and r.ratio is not None and r.baseline != r.accelerated]
    return next((row for row in results if row.machine == machine), results[0] if results else None)
