"""Races that a self-check runs in its own process, neither queued nor stored, and what the checks say about times."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.formatting import format_change, format_duration
from bench.machine.core_selection import choose_cores
from bench.machine.describe import describe_machine
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.race.arm import ArmError
from bench.race.race import Race
from bench.race.session import RaceSession
from bench.run import events
from bench.run.job import current_requester
from bench.run.opening import open_run
from bench.run.record import Run
from bench.system.limits import core_limit

if TYPE_CHECKING:
    from bench.values.statistics import Interval


def run_race(workload: str, *, emit: Callable[[events.Event], None] = lambda event: None, **fields) -> Run:
    """Run a race with these `fields` of its plan. Raises RuntimeError if an arm fails."""
    checked = make_plan(workload, **fields)
    with tempfile.TemporaryDirectory() as scratch:
        race = Race(
            make_run_opened(checked),
            emit=emit,
            stop_requested=lambda: None,
            scratch=Path(scratch),
            cores=choose_cores(checked.cores),
        )
        race.run()
    if race.record.failure:
        raise RuntimeError(race.record.failure.what)
    return race.record


@contextlib.contextmanager
def open_session(checked: Plan) -> Iterator[RaceSession]:
    """The parts of a race whose events nobody reads; its arms have ended afterwards.

    Raises RuntimeError if an arm fails in the block.
    """
    with tempfile.TemporaryDirectory() as scratch:
        session = RaceSession(
            make_run_opened(checked),
            emit=lambda event: None,
            scratch=Path(scratch),
            cores=choose_cores(checked.cores),
        )
        try:
            yield session
        except ArmError as error:
            raise RuntimeError(error.failure.what) from error
        finally:
            session.arms.end_all()


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


def describe_change(
    times_s: Sequence[float], where: str, other_s: Sequence[float], elsewhere: str, ratio: Interval
) -> str:
    """The medians and minima of times in seconds at two places, and the change from `elsewhere` to `where`.

    `ratio` is that of the medians, with its interval. The minimum is given too, because other load on the machine can
    only make a sample slower.
    """
    return (
        f"median {format_duration(median(times_s))} {where}, {format_duration(median(other_s))} {elsewhere}, "
        f"{format_change(ratio.value)} ({format_change(ratio.low)} to {format_change(ratio.high)}), "
        f"{len(other_s)} samples each; minimum {format_duration(min(times_s))} and {format_duration(min(other_s))}, "
        f"{format_change(min(times_s) / min(other_s))}"
    )
