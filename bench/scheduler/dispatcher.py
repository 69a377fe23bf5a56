"""Submits jobs, starts them one after the other, and lets any process of the user follow or stop them.

A dispatcher belongs to a process, not to a browser session: a job goes on when its page is closed. Each job runs in a
process of its own, `bench.scheduler.runner`, so that the work of the pages cannot disturb it more than any other
program would.
"""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Unpack

from bench import paths
from bench.machine.describe import describe_machine
from bench.machine.exhaustion import describe_failure
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.files import control_path, journal_path, order_path
from bench.run.job import QUEUE_FAILED, JobKind, Origin, is_job_id
from bench.scheduler.best_stages import SelectedRuns, find_stages
from bench.scheduler.cleaner import Cleaner
from bench.scheduler.control import ControlPipe, PauseRequest, StartRequest, StopRequest, remove_pipe, send_request
from bench.scheduler.input_check import check_inputs
from bench.scheduler.job_status import JobFollower, JobStatus
from bench.scheduler.order import JobOrder, Submission, WaitingOrder, order_measurement, order_race, write_order
from bench.scheduler.queue import Queue, QueueEntry, Ticket
from bench.scheduler.queue_retry import QueueRetry
from bench.scheduler.recovery import EXIT_NOT_BEGUN, EXIT_NOT_STORED, interrupt_waiting, recover_jobs
from bench.scheduler.runner_process import run_order
from bench.storage.store import Store, StoreError
from bench.storage.uploads import note_upload_uses

POLL_INTERVAL_S = 0.1
"""Time between two checks whether it is a waiting job's turn."""
STOP_CHECK_INTERVAL_S = 0.25
"""Time between two checks whether another process has asked to stop a waiting job."""
MAX_FOLLOWED_JOBS = 16
"""Number of records kept in memory for the pages that show them."""
MAX_PROBLEMS = 200
"""Number of jobs whose loss is remembered."""
STOPPED_WHILE_WAITING = "It was stopped before its turn came; nothing was measured."
UNKNOWN_JOB = "There is no such run."


@dataclass(frozen=True, slots=True)
class _WaitingJob:
    order: JobOrder
    ticket: Ticket
    control: ControlPipe

    def leave(self) -> None:
        """Give up the place in the queue, and remove the files that the dispatcher has made."""
        self.leave_order()
        with contextlib.suppress(OSError):
            remove_pipe(self.order.job_id)
            order_path(self.order.job_id).unlink(missing_ok=True)

    def leave_order(self) -> None:
        """As `leave`, but the order stays: the next start of Fairlap stores the job as interrupted."""
        self.ticket.leave()
        self.control.close()


class Dispatcher:
    """One for each process that submits jobs. Its thread waits for the machine and starts the jobs one by one."""

    def __init__(self, store: Store | None = None, queue: Queue | None = None) -> None:
        """Raises StoreError if the store cannot be used."""
        self.store = store or Store()
        self.queue = queue or Queue()
        self._waiting: list[_WaitingJob] = []
        self._active: dict[str, JobOrder] = {}
        """The orders of the jobs that wait or run, by id."""
        self._released: set[str] = set()
        """Those of them that were held and have been started or ended."""
        self._problems: OrderedDict[str, str] = OrderedDict()
        self._followed: OrderedDict[str, JobFollower] = OrderedDict()
        self._changed = threading.Condition()
        self._retry = QueueRetry(self.queue.folder)
        recover_jobs(self.store)
        self._cleaner = Cleaner(self.store)
        self._cleaner.clean()
        # A daemon thread, so that the process can end while it waits. Runners notice that by their standard input.
        threading.Thread(target=self._work, name="fairlap-dispatcher", daemon=True).start()
        threading.Thread(target=self._remove_stopped_jobs, name="fairlap-stop-requests", daemon=True).start()

    def submit_race(self, plan: Plan, *, checked: bool = True, **submission: Unpack[Submission]) -> str:
        """Queue a race of `plan`; returns its id. Raises BadInput if its inputs cannot be used, OSError and StoreError.

        With `checked=False`, the inputs are not checked before. The arms still check them. If the stages of `plan` were
        found by a choice, the race carries that, from the page and from the command line.
        """
        if submission.get("selection") is None and find_stages(plan) is not None:
            submission["selection"] = SelectedRuns(self.store, describe_machine()).find_selection(plan)
        return self._submit(order_race(plan, **submission), find_workload(plan.workload).title, checked=checked)

    def hold_race(self, plan: Plan, **submission: Unpack[Submission]) -> str:
        """Have the arms of a race of `plan` get ready, and hold it until `start_held`; returns its id. Its inputs are
        not checked before: the arms check the same. Raises OSError and StoreError. See `bench.scheduler.held_race`."""
        submission["waits_for_start"] = True
        return self.submit_race(plan, checked=False, **submission)

    def start_held(self, plan: Plan, owner: str = "") -> str:
        """Start the held race of exactly `plan` and `owner`; returns its id, empty if there is none. Raises OSError."""
        with self._changed:
            job_id = self._find_held(owner, plan)
            if not job_id:
                return ""
            self._released.add(job_id)
            order = self._active[job_id].model_copy(update={"waits_for_start": False})
        try:
            # From now on it is an attempt, also if its process is killed.
            write_order(order)
        except OSError:
            with self._changed:
                self._released.discard(job_id)
            raise
        if send_request(job_id, StartRequest()):
            return job_id
        order_path(job_id).unlink(missing_ok=True)
        return ""

    def find_held(self, owner: str = "", plan: Plan | None = None) -> str:
        """Id of the race of `owner` that is held and was neither started nor ended, of exactly `plan` if one is given;
        empty if there is none."""
        with self._changed:
            return self._find_held(owner, plan)

    def _find_held(self, owner: str, plan: Plan | None) -> str:
        held = [order for order in self._active.values() if order.waits_for_start and order.owner == owner]
        wanted = [order.job_id for order in held if plan is None or order.digest == plan.digest]
        return next((job_id for job_id in wanted if job_id not in self._released), "")

    def submit_measurement(
        self, plan: Plan, task: str, arguments: Mapping[str, Any], **submission: Unpack[Submission]
    ) -> str:
        """Queue a task of the plan's workload; returns the job's id.

        Raises BadInput if the arguments do not fit the task or the inputs cannot be used, KeyError if the workload has
        no such task, and OSError.
        """
        order = order_measurement(plan, task, arguments, **submission)
        workload = find_workload(plan.workload)
        return self._submit(order, f"{workload.title}, {workload.tasks.task(task).label}")

    def stop(self, job_id: str, *, origin: Origin) -> None:
        """End a job of this user that waits or runs, whichever process submitted it. What it has measured is stored.

        `origin` is the program in which someone stopped it.
        """
        with self._changed:
            for job in self._waiting:
                if job.order.job_id == job_id:
                    self._remove_stopped(job)
                    return
            if job_id in self._active:
                # If it is held, nobody may start it while its arms end.
                self._released.add(job_id)
        if is_job_id(job_id):
            send_request(job_id, StopRequest(origin=origin))

    def request_pause(self, run_id: str, seconds: float) -> None:
        """Ask a race to take no sample for `seconds`, because a page is about to be drawn on the same cores."""
        if is_job_id(run_id):
            send_request(run_id, PauseRequest(until=time.time() + seconds))

    def find_owner(self, job_id: str) -> str | None:
        """The owner of a job that this process submitted or that has begun; empty for the operator, None if not known.

        Raises StoreError. See `RunOpened.owner`.
        """
        if not is_job_id(job_id):
            return None
        with self._changed:
            if job_id in self._active:
                return self._active[job_id].owner
        if row := self.store.row(job_id):
            return row.owner or ""
        record = self.status(job_id).record
        return record.owner if record else None

    def find_order(self, job_id: str) -> JobOrder | None:
        """The order of a job that waits or runs and that this process submitted; None for any other."""
        with self._changed:
            return self._active.get(job_id)

    def count_active(self, owner: str) -> int:
        """Number of jobs of `owner` that wait or run and that this process submitted."""
        with self._changed:
            return sum(order.owner == owner for order in self._active.values())

    def entries(self) -> list[QueueEntry]:
        """The jobs that wait or run on this machine, in order."""
        return self.queue.entries()

    def find_active(self, workload: str, task: str) -> list[QueueEntry]:
        """The measurements of a task that wait or run and that this user's processes submitted, oldest first."""
        return [
            entry
            for entry in self.entries()
            if (entry.kind, entry.workload, entry.task) == (JobKind.MEASUREMENT, workload, task)
            and control_path(entry.job_id).exists()
        ]

    def find_race(self, plan: Plan) -> str:
        """Id of the first race of exactly `plan` that waits or runs on this machine; empty if there is none."""
        races = (entry for entry in self.entries() if entry.kind is JobKind.RACE and entry.digest == plan.digest)
        return next((entry.job_id for entry in races), "")

    def status(self, job_id: str) -> JobStatus:
        """The state of a job of any process of this user, or of a stored one. Raises StoreError."""
        if not is_job_id(job_id):
            return JobStatus(problem=UNKNOWN_JOB)
        with self._changed:
            problem = self._problems.get(job_id, "")
            follower = self._followed.setdefault(job_id, JobFollower(job_id))
            self._followed.move_to_end(job_id)
            while len(self._followed) > MAX_FOLLOWED_JOBS:
                self._followed.popitem(last=False)
        record = follower.read(self.store)
        if record is None and not problem:
            if waiting := self._find_waiting(job_id):
                return waiting
            # It may have begun or ended since.
            record = follower.read(self.store)
            with self._changed:
                problem = self._problems.get(job_id, "" if record else UNKNOWN_JOB)
        return JobStatus(record=record, problem=problem)

    def _find_waiting(self, job_id: str) -> JobStatus | None:
        ids = [entry.job_id for entry in self.entries()]
        if job_id in ids:
            return JobStatus(place=ids.index(job_id), delay=self._retry.problem)
        with self._changed:
            # The jobs of this process are known, also if the queue cannot be read.
            return JobStatus(delay=self._retry.problem) if job_id in self._active else None

    # --- the queue ---

    def _submit(self, order: JobOrder, title: str, *, checked: bool = True) -> str:
        # Before the check, which may take a minute: the clean-up keeps the uploads that orders name.
        write_order(order)
        note_upload_uses(order.model_dump_json())
        try:
            if checked:
                check_inputs(order.plan)
            self._enter_queue(order, title)
        except BaseException:
            order_path(order.job_id).unlink(missing_ok=True)
            raise
        return order.job_id

    def _enter_queue(self, order: JobOrder, title: str) -> None:
        control = ControlPipe.create(order.job_id)
        try:
            ticket = self.queue.enter(
                job_id=order.job_id,
                kind=order.kind,
                workload=order.plan.workload,
                task=order.task,
                # Nobody may wait for the result of a race that is held: it may end without one.
                digest="" if order.waits_for_start else order.digest,
                title=f"{title}, ready to start" if order.waits_for_start else title,
                origin=order.origin,
                requester=order.requester,
            )
        except OSError:
            control.close()
            remove_pipe(order.job_id)
            raise
        with self._changed:
            # Several sessions may submit at once: the tickets decide the order, not the threads.
            self._waiting.append(_WaitingJob(order, ticket, control))
            self._waiting.sort(key=lambda job: job.ticket.path.name)
            self._active[order.job_id] = order
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            try:
                job, machine = self._next()
            except OSError as error:
                self._wait_for_queue(error)
                continue
            except Exception as error:
                # The boundary of the thread: a defect must not end it.
                traceback.print_exception(error)
                self._give_up(str(error))
                continue
            try:
                self._serve(job, machine)
            except OSError as error:
                self._set_problem(job.order.job_id, f"The run was lost. {describe_failure(error, paths.journals())}")
            except Exception as error:
                # The boundary of the thread: the page learns what happened to the job.
                traceback.print_exception(error)
                self._set_problem(job.order.job_id, f"The run was lost: {error}")
            finally:
                self._leave(job)
            self._cleaner.clean_if_due()

    def _next(self) -> tuple[_WaitingJob, int]:
        """Wait until it is the turn of the first job; returns it with a descriptor that holds the machine's lock."""
        with self._changed:
            while True:
                if not self._waiting:
                    # Errors while other jobs waited do not shorten the time that the next one has.
                    self._retry.forget_errors()
                    self._changed.wait()
                    continue
                first = self._waiting[0]
                machine = self.queue.take_machine() if first.ticket.place() == 0 else None
                self._retry.forget_errors()
                if machine is not None:
                    del self._waiting[0]
                    return first, machine
                self._changed.wait(POLL_INTERVAL_S)

    def _remove_stopped_jobs(self) -> None:
        """Serve the stop requests of other processes to waiting jobs, also while a job of this process runs."""
        while True:
            with self._changed:
                for job in [job for job in self._waiting if job.control.stop_request()]:
                    self._remove_stopped(job)
                self._changed.wait(STOP_CHECK_INTERVAL_S if self._waiting else None)

    def _remove_stopped(self, job: _WaitingJob) -> None:
        self._waiting.remove(job)
        self._set_problem(job.order.job_id, STOPPED_WHILE_WAITING)
        self._leave(job)

    def _wait_for_queue(self, error: OSError) -> None:
        """Wait before the next attempt; interrupt the waiting jobs if the errors have lasted too long."""
        delay_s = self._retry.note_error(error)
        if delay_s is None:
            self._give_up(str(error))
            self._retry.forget_errors()
            return
        with self._changed:
            self._changed.wait(delay_s)

    def _give_up(self, reason: str) -> None:
        """Store all waiting jobs as interrupted. Those that cannot be stored stay on disk for the next start."""
        with self._changed:
            waiting, self._waiting = self._waiting, []
        for job in waiting:
            job_id = job.order.job_id
            try:
                submitted = datetime.fromtimestamp(job.ticket.entry.submitted, UTC)
                order = WaitingOrder(order=job.order, submitted=submitted)
                interrupt_waiting(order, f"{QUEUE_FAILED}: {reason}", self.store)
            except (StoreError, KeyError, ValueError, OSError) as error:
                self._set_problem(
                    job_id,
                    f"The queue of this machine cannot be used: {reason}. The run did not begin, and is stored as "
                    f"interrupted at the next start, because it could not be stored now: {error}",
                )
                self._leave(job, keep_order=True)
            else:
                self._leave(job)

    def _serve(self, job: _WaitingJob, machine: int) -> None:
        """Run the job in a process of its own, and wait for its end."""
        job_id = job.order.job_id
        status, last = run_order(job.order, job.control.descriptor, machine)
        if status == 0:
            return
        if status == EXIT_NOT_STORED:
            self._set_problem(job_id, last)
            return
        problem = last if status == EXIT_NOT_BEGUN else f"The process of the run exited early: {last}"
        self._set_problem(job_id, problem)
        try:
            recover_jobs(self.store)
        except StoreError as error:
            left = journal_path(job_id)
            kept = (
                f" What was measured until then is in {left}, and is stored at the next start." if left.exists() else ""
            )
            self._set_problem(job_id, f"{problem} It could not be stored either. {error}{kept}")

    def _leave(self, job: _WaitingJob, *, keep_order: bool = False) -> None:
        # Before the job leaves the queue: a caller that sees an empty queue must not find a held race.
        with self._changed:
            self._active.pop(job.order.job_id, None)
            self._released.discard(job.order.job_id)
        if keep_order:
            job.leave_order()
        else:
            job.leave()

    def _set_problem(self, job_id: str, problem: str) -> None:
        with self._changed:
            self._problems[job_id] = problem
            while len(self._problems) > MAX_PROBLEMS:
                self._problems.popitem(last=False)
