"""Races that a self-check runs in its own process, neither queued nor stored."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.machine.core_selection import choose_cores
from bench.machine.describe import describe_machine
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.race.race import Race
from bench.run import events
from bench.run.job import current_requester
from bench.run.opening import open_run
from bench.run.record import Run
from bench.system.limits import core_limit


def run_race(workload: str, **fields) -> Run:
    """Run a race with these `fields` of its plan. Raises RuntimeError if an arm fails."""
    checked = make_plan(workload, **fields)
    with tempfile.TemporaryDirectory() as scratch:
        race = Race(
            make_run_opened(checked),
            emit=lambda event: None,
            stop_requested=lambda: None,
            scratch=Path(scratch),
            cores=choose_cores(checked.cores),
        )
        race.run()
    if race.record.failure:
        raise RuntimeError(race.record.failure.what)
    return race.record


def make_run_opened(checked: Plan) -> events.RunOpened:
    """The first event of a race that is neither queued nor stored."""
    return open_run(
        checked,
        run_id="check",
        machine=describe_machine(),
        started=datetime.now(UTC),
        origin="command line",
        requester=current_requester(),
        pid=os.getpid(),
    )


def choose_all_cores() -> list[int]:
    """Ids of all the logical processors that this process may race on."""
    return choose_cores(core_limit())
