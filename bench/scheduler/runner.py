"""One job in a process of its own: `python -m bench.scheduler.runner CONTROL`, started by `bench.scheduler.dispatcher`.

CONTROL is the inherited descriptor of the job's control pipe. The first line of standard input is the order. End of
file there means that the process that submitted the job has exited; the job then ends as interrupted. The job's events
go to its journal and the finished record to the store; then the journal is removed.

The runner adopts the orphans of a supervisor that is killed, and ends them. Only a kill of the runner and of a
supervisor at the same moment could leave a process behind.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from datetime import UTC, datetime

from bench.machine.core_selection import avoid_cores, choose_cores
from bench.machine.describe import describe_machine
from bench.plan.command import format_measure_command
from bench.plan.resolved import resolve
from bench.plan.validation import check_plan
from bench.race.race import Race
from bench.race.watchdog import RaceStopped
from bench.run.events import State
from bench.run.files import control_path, error_log_path, journal_path, scratch_path
from bench.run.job import JobKind, Origin
from bench.run.job_record import JobRecord
from bench.run.journal import JournalWriter
from bench.run.measurement import MeasurementOpened
from bench.run.opening import open_run
from bench.run.snapshot import take_snapshot
from bench.scheduler.control import ControlPipe
from bench.scheduler.measurement import JobStopped, Measurement
from bench.scheduler.order import JobOrder
from bench.scheduler.recovery import EXIT_NOT_STORED
from bench.storage.store import Store, StoreError
from bench.system.limits import core_limit
from bench.system.prctl import adopt_orphans, die_with_parent
from bench.system.process_tree import end_descendants

STOP_REASONS: dict[Origin, str] = {
    "page": "Stop was pressed on the page",
    "command line": "Ctrl-C was pressed on the command line",
}
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
    journal = JournalWriter(journal_path(order.job_id))
    scratch = scratch_path(order.job_id)
    scratch.mkdir()
    try:
        record = _run_race(order, journal, watch) if order.kind is JobKind.RACE else _measure(order, journal, watch)
    finally:
        end_descendants(grace_s=END_GRACE_S)
        shutil.rmtree(scratch, ignore_errors=True)
        control_path(order.job_id).unlink(missing_ok=True)

    try:
        Store().save(record)
    except StoreError as error:
        print(f"The run is over but was not stored: {error} It waits in {journal.path}.", file=sys.stderr)
        return EXIT_NOT_STORED
    journal.path.unlink()
    # The dispatcher reads this file only after a failure. It may have died in the meantime.
    error_log_path(order.job_id).unlink(missing_ok=True)
    return 0


class _Watch:
    """Notices requests to this job, and the exit of the process that submitted it."""

    def __init__(self, control: ControlPipe) -> None:
        self.control = control
        self._owner_exited = False

    def note_owner_exit(self) -> None:
        self._owner_exited = True

    def stop_reason(self) -> tuple[State, str] | None:
        """The state in which the job has to end now, and why; None if it may go on."""
        if request := self.control.stop_request():
            return State.STOPPED, STOP_REASONS[request.origin]
        ready, _, _ = select.select([0], [], [], 0)
        if self._owner_exited or (ready and not os.read(0, 4096)):
            return State.INTERRUPTED, OWNER_EXITED
        return None


def _run_race(order: JobOrder, journal: JournalWriter, watch: _Watch) -> JobRecord:
    # Before this process moves off the cores of the race, which would count as fewer usable cores.
    machine = describe_machine()
    cores = choose_cores(order.plan.cores)
    # If other cores are left, a page is drawn on those, and the race need not pause for it.
    shares_cores = len(cores) == core_limit()
    avoid_cores(cores)
    check_plan(order.plan)
    opened = open_run(
        order.plan,
        run_id=order.job_id,
        machine=machine,
        started=datetime.now(UTC),
        origin=order.origin,
        requester=order.requester,
        pid=os.getpid(),
    )

    def stop_requested() -> RaceStopped | None:
        reason = watch.stop_reason()
        return RaceStopped(*reason) if reason else None

    race = Race(
        opened,
        emit=journal.append,
        stop_requested=stop_requested,
        pause_requested=watch.control.pause_left_s if shares_cores else lambda: 0.0,
        scratch=scratch_path(order.job_id),
        cores=cores,
    )
    race.run()
    return race.record


def _measure(order: JobOrder, journal: JournalWriter, watch: _Watch) -> JobRecord:
    resolved = resolve(order.plan)
    workload = resolved.workload
    command = format_measure_command(order.plan, order.task, order.arguments)
    opened = MeasurementOpened(
        id=order.job_id,
        plan=order.plan,
        snapshot=take_snapshot(resolved).model_copy(update={"command": command}),
        task=order.task,
        task_label=workload.tasks.task(order.task).label,
        digest=order.digest,
        arguments=order.arguments,
        machine=describe_machine(),
        started=datetime.now(UTC),
        origin=order.origin,
        requester=order.requester,
        pid=os.getpid(),
    )

    def check() -> None:
        if reason := watch.stop_reason():
            raise JobStopped(*reason)

    measurement = Measurement(opened, workload, emit=journal.append, check=check, folder=scratch_path(order.job_id))
    measurement.run()
    return measurement.record


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
