"""The first event of a run's journal."""

from __future__ import annotations

from datetime import datetime

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.run.events import RunOpened
from bench.run.job import Origin
from bench.run.snapshot import take_snapshot
from bench.values.selection import Selection


def open_run(
    plan: Plan,
    *,
    run_id: str,
    machine: Machine,
    started: datetime,
    origin: Origin,
    requester: str,
    owner: str = "",
    selection: Selection | None = None,
    parent_id: str = "",
    ends_without_win: bool = False,
    pid: int,
) -> RunOpened:
    """The opening of a run of `plan`, with a snapshot of today's declarations. Raises PlanError if they no longer have
    the plan's workload or case."""
    return RunOpened(
        run=run_id,
        plan=plan,
        snapshot=take_snapshot(resolve(plan)),
        digest=plan.digest,
        machine=machine,
        started=started,
        origin=origin,
        requester=requester,
        owner=owner,
        selection=selection,
        parent_id=parent_id,
        ends_without_win=ends_without_win,
        pid=pid,
    )
