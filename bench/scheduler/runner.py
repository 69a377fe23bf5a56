"""One job in a process of its own: `python -m bench.scheduler.runner CONTROL`, started by `bench.scheduler.dispatcher`.

CONTROL is the inherited descriptor of the job's control pipe. The first line of standard input is the order. End of
file there means that the process that submitted the job has exited; the job then ends as interrupted. The job's events
go to its journal and the finished record to the store; then the journal is removed.

The runner adopts the orphans of a supervisor that is killed, and ends them. Only a kill of the runner and of a
supervisor at the same moment could leave a process behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.machine.core_selection import avoid_cores, choose_cores
from bench.machine.describe import describe_machine
from bench.machine.exhaustion import describe_failure, explain_error
from bench.plan.validation import check_plan, find_workload
from bench.race.race import Race
from bench.race.watchdog import RaceStopped
from bench.run.events import RunFailed, RunOpened, State
from bench.run.files import journal_path, order_path, scratch_path
from bench.run.job import JobKind
from bench.run.job_record import JobEvent, JobRecord
from bench.run.journal import JournalWriter
from bench.run.measurement import MeasurementOpened
from bench.scheduler.best_baseline import name_faster_baselines
from bench.scheduler.control import STOP_REASONS, ControlPipe, hide_pipe, remove_pipe, show_pipe
from bench.scheduler.held_race import HoldLimit
from bench.scheduler.measurement import JobStopped, Measurement
from bench.scheduler.order import JobOrder, open_job
from bench.scheduler.recovery import EXIT_NOT_BEGUN, EXIT_NOT_STORED
from bench.storage.store import Store, StoreError
from bench.system.limits import core_limit
from bench.system.prctl import adopt_orphans, die_with_parent
from bench.system.process_tree import end_descendants
from bench.system.readiness import wait_readable
from bench.values.arms import Failure

OWNER_EXITED = "its dashboard or command line ended"
END_GRACE_S = 2.0
"""Time between SIGTERM and SIGKILL for processes that a job has left."""


def main(arguments: list[str]) -> int:
    die_with_parent(signal.SIGTERM)
    adopt_orphans()
    watch = _Watch(ControlPipe(int(arguments[0])))
    os.set_inheritable(watch.control.descriptor, False)
    signal.signal(signal.SIGTERM, lambda *_: watch.note_owner_exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    order = JobOrder.model_validate_json(sys.stdin.buffer.readline())
    watch.time_limit_s = order.time_limit_s
    watch.hold = HoldLimit(order.job_id) if order.waits_for_start else None
    scratch = scratch_path(order.job_id)
    try:
        # Recovery needs the order of a race that is held: it tells that nobody has started it.
        unneeded = None if order.waits_for_start else order_path(order.job_id)
        journal = watch.journal = _Journal(JournalWriter(journal_path(order.job_id)), unneeded)
        scratch.mkdir()
    except OSError as error:
        print(f"The run could not begin. {describe_failure(error, scratch.parent)}", file=sys.stderr)
        return EXIT_NOT_BEGUN
    try:
        record = _run_race(order, journal, watch) if order.kind is JobKind.RACE else _measure(order, journal, watch)
    finally:
        end_descendants(grace_s=END_GRACE_S)
        shutil.rmtree(scratch, ignore_errors=True)
        remove_pipe(order.job_id)

    if watch.is_held:
        # The order last: a journal without one is that of an attempt.
        journal.path.unlink(missing_ok=True)
        order_path(order.job_id).unlink(missing_ok=True)
        return 0
    if journal.failure and record.state is State.FAILED and record.failure is None:
        record.apply(RunFailed(at=record.last_at, failure=journal.failure))
    try:
        Store().save(record)
    except StoreError as error:
        what = f"{journal.failure.what} The run" if journal.failure else "The run is over but"
        rest = "What was measured until then waits" if journal.failure else "It waits"
        print(f"{what} was not stored: {error} {rest} in {journal.path}.", file=sys.stderr)
        return EXIT_NOT_STORED
    journal.path.unlink()
    order_path(order.job_id).unlink(missing_ok=True)
    return 0


class _Journal:
    """The journal of the job. If it cannot be written, the job ends, and its record is stored without it."""

    def __init__(self, writer: JournalWriter, order_file: Path | None) -> None:
        """`order_file` is removed as soon as the journal has the plan."""
        self._writer, self._order_file = writer, order_file
        self.path = writer.path
        self.failure: Failure | None = None
        """Why the journal ends early; None if it is complete."""

    def append(self, event: JobEvent) -> None:
        if self.failure:
            return
        try:
            self._writer.append(event)
            if self._order_file and isinstance(event, RunOpened | MeasurementOpened):
                # The journal has the plan from now on. Before, the clean-up finds the job's uploads in the order only.
                self._order_file.unlink(missing_ok=True)
        except OSError as error:
            found = explain_error(error, self.path.parent)
            reason = found.what if found else f"{error.strerror or error}: {self.path}"
            remedy = found.remedy if found else f"Check the disk of {self.path.parent}."
            self.failure = Failure(what=f"The journal of the run cannot be written: {reason}.", remedy=remedy)


class _Watch:
    """Notices requests to this job, its time limit, the exit of the process that submitted it, and a journal that ends
    early."""

    def __init__(self, control: ControlPipe) -> None:
        self.control = control
        self.journal: _Journal | None = None
        self.time_limit_s: float | None = None
        self.hold: HoldLimit | None = None
        """Of a race that waits for its start; None for another job."""
        self._started = time.monotonic()
        self._owner_exited = False

    def note_owner_exit(self) -> None:
        self._owner_exited = True

    @property
    def is_held(self) -> bool:
        """Whether the job is a race that nobody has started yet."""
        return self.hold is not None and not self.control.is_started()

    def _refuse_start(self, job_id: str) -> bool:
        """Let nobody start the race from now on. False if somebody has just done that."""
        hidden = hide_pipe(job_id)
        if self.is_held:
            return True
        if hidden:
            show_pipe(job_id)
        return False

    def stop_reason(self) -> tuple[State, str] | None:
        """The state in which the job has to end now, and why; None if it may go on."""
        if self.hold and self.is_held and (reason := self.hold.stop_reason()) and self._refuse_start(self.hold.job_id):
            return reason
        if request := self.control.stop_request():
            return State.STOPPED, STOP_REASONS[request.origin]
        if self.time_limit_s is not None and time.monotonic() - self._started > self.time_limit_s:
            return State.STOPPED, f"the time limit of {self.time_limit_s:.0f} s for this job was reached"
        if self.journal and self.journal.failure:
            return State.FAILED, self.journal.failure.what
        if self._owner_exited or (wait_readable([0], 0) and not os.read(0, 4096)):
            return State.INTERRUPTED, OWNER_EXITED
        return None


def _run_race(order: JobOrder, journal: _Journal, watch: _Watch) -> JobRecord:
    # Before this process moves off the cores of the race, which would count as fewer usable cores.
    machine = describe_machine()
    cores = choose_cores(order.plan.cores)
    # If other cores are left, a page is drawn on those, and the race need not pause for it.
    shares_cores = len(cores) == core_limit()
    avoid_cores(cores)
    check_plan(order.plan)
    opened = open_job(order, machine, started=datetime.now(UTC), pid=os.getpid())
    assert isinstance(opened, RunOpened)
    opened = name_faster_baselines(opened)

    def stop_requested() -> RaceStopped | None:
        reason = watch.stop_reason()
        return RaceStopped(*reason) if reason else None

    race = Race(
        opened,
        emit=journal.append,
        stop_requested=stop_requested,
        pause_requested=watch.control.pause_left_s if shares_cores else lambda: 0.0,
        start_requested=lambda: not watch.is_held,
        scratch=scratch_path(order.job_id),
        cores=cores,
    )
    race.run()
    return race.record


def _measure(order: JobOrder, journal: _Journal, watch: _Watch) -> JobRecord:
    opened = open_job(order, describe_machine(), started=datetime.now(UTC), pid=os.getpid())
    assert isinstance(opened, MeasurementOpened)
    workload = find_workload(order.plan.workload)

    def check() -> None:
        if reason := watch.stop_reason():
            raise JobStopped(*reason)

    measurement = Measurement(opened, workload, emit=journal.append, check=check, folder=scratch_path(order.job_id))
    measurement.run()
    return measurement.record


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
