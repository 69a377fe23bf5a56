"""TODO: bench.selfcheck.common."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.machine.core_selection import choose_cores
from bench.machine.describe import describe_machine
from bench.plan import plan
from bench.race.race import Race
from bench.run import events
from bench.run.record import Run


def run_race(workload: str, **fields) -> Run:
    """A race in this process, neither queued nor stored."""
    checked = plan.make_plan(workload, **fields)
    with tempfile.TemporaryDirectory() as scratch:
        racing = Race(
            make_run_opened(checked),
            tell=lambda event: None,
            stop=lambda: None,
            scratch=Path(scratch),
            cores=choose_cores(checked.cores),
        )
        racing.run()
    if racing.record.failure:
        raise RuntimeError(racing.record.failure.what)
    return racing.record


def make_run_opened(checked: plan.Plan) -> events.RunOpened:
    return events.RunOpened(
        run="check",
        plan=checked,
        machine=describe_machine(),
        started=datetime.now(UTC),
        origin="command line",
        pid=os.getpid(),
    )


def choose_all_cores() -> list[int]:
    """All the cores that this process may race on."""
    from bench.machine.limits import core_limit

    return choose_cores(core_limit())
