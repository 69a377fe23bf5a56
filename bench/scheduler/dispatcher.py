"""Submits jobs, starts them one after the other, and lets any process of the user follow or stop them.

A dispatcher belongs to a process, not to a browser session: a job goes on when its page is closed. Each job runs in a
process of its own, `bench.scheduler.runner`, so that the work of the pages cannot disturb it more than any other
program would.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.paths import ROOT
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.files import control_path, error_log_path, journal_path
from bench.run.job import JobKind, Origin, is_job_id
from bench.run.job_record import JobRecord, apply_event, open_record
from bench.run.journal import JournalReader
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.scheduler.control import ControlPipe, PauseRequest, StopRequest, remove_pipe, send_request
from bench.scheduler.order import JobOrder, order_measurement, order_race
from bench.scheduler.queue import Queue, QueueEntry, Ticket
from bench.scheduler.recovery import EXIT_NOT_STORED, recover_jobs
from bench.storage.store import Store, StoreError

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
class JobStatus:
    """The state of a job."""

    place: int = 0
    """Number of jobs in front, while it waits."""
    record: JobRecord | None = None
    """None until the job begins."""
    problem: str = ""
    """Why the job was lost or is not known."""

    @property
    def run(self) -> Run | None:
        """The record of a race; None for a measurement, and until the race begins."""
        return self.record if isinstance(self.record, Run) else None

    @property
    def measurement(self) -> MeasurementRecord | None:
        """The record of a measurement; None for a race, and until the measurement begins."""
        return self.record if isinstance(self.record, MeasurementRecord) else None

    @property
    def over(self) -> bool:
        return bool(self.problem) or (self.record is not None and self.record.state.over)


@dataclass(frozen=True, slots=True)
class _WaitingJob:
    order: JobOrder
    ticket: Ticket
    control: ControlPipe

    def leave(self) -> None:
        """Give up the place in the queue, and remove the files that the dispatcher has made."""
        self.ticket.leave()
        self.control.close()
        remove_pipe(self.order.job_id)
        error_log_path(self.order.job_id).unlink(missing_ok=True)


class Dispatcher:
    """One for each process that submits jobs. Its thread waits for the machine and starts the jobs one by one."""

    def __init__(self, store: Store | None = None, queue: Queue | None = None) -> None:
        """Raises StoreError if the store cannot be used."""
        self.store = store or Store()
        self.queue = queue or Queue()
        self._waiting: list[_WaitingJob] = []
        self._problems: OrderedDict[str, str] = OrderedDict()
        self._followed: OrderedDict[str, _JobFollower] = OrderedDict()
        self._changed = threading.Condition()
        recover_jobs(self.store)
        # A daemon thread, so that the process can end while it waits. Runners notice that by their standard input.
        threading.Thread(target=self._work, name="fairlap-dispatcher", daemon=True).start()
        threading.Thread(target=self._remove_stopped_jobs, name="fairlap-stop-requests", daemon=True).start()

    def submit_race(self, plan: Plan, *, origin: Origin, requester: str | None = None) -> str:
        """Queue a race of `plan`; returns its id. Raises OSError."""
        order = order_race(plan, origin=origin, requester=requester)
        return self._submit(order, find_workload(plan.workload).title)

    def submit_measurement(
        self, plan: Plan, task: str, arguments: Mapping[str, Any], *, origin: Origin, requester: str | None = None
    ) -> str:
        """Queue a task of the plan's workload; returns the job's id.

        Raises BadInput if the arguments do not fit the task, KeyError if the workload has no such task, and OSError.
        """
        order = order_measurement(plan, task, arguments, origin=origin, requester=requester)
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
        if is_job_id(job_id):
            send_request(job_id, StopRequest(origin=origin))

    def request_pause(self, run_id: str, seconds: float) -> None:
        """Ask a race to take no sample for `seconds`, because a page is about to be drawn on the same cores."""
        if is_job_id(run_id):
            send_request(run_id, PauseRequest(until=time.time() + seconds))

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

    def status(self, job_id: str) -> JobStatus:
        """The state of a job of any process of this user, or of a stored one. Raises StoreError."""
        if not is_job_id(job_id):
            return JobStatus(problem=UNKNOWN_JOB)
        with self._changed:
            problem = self._problems.get(job_id, "")
            follower = self._followed.setdefault(job_id, _JobFollower(job_id))
            self._followed.move_to_end(job_id)
            while len(self._followed) > MAX_FOLLOWED_JOBS:
                self._followed.popitem(last=False)
        record = follower.read(self.store)
        if record is None and not problem:
            ids = [entry.job_id for entry in self.entries()]
            if job_id not in ids:
                return JobStatus(problem=UNKNOWN_JOB)
            return JobStatus(place=ids.index(job_id))
        return JobStatus(record=record, problem=problem)

    # --- the queue ---

    def _submit(self, order: JobOrder, title: str) -> str:
        control = ControlPipe.create(order.job_id)
        try:
            ticket = self.queue.enter(
                job_id=order.job_id,
                kind=order.kind,
                workload=order.plan.workload,
                task=order.task,
                digest=order.digest,
                title=title,
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
            self._changed.notify_all()
        return order.job_id

    def _work(self) -> None:
        while True:
            try:
                job, machine = self._next()
            except Exception as error:
                # The boundary of the thread: a problem with the queue must not end it.
                traceback.print_exception(error)
                self._give_up(f"The queue of this machine cannot be used: {error}")
                continue
            try:
                self._serve(job, machine)
            except Exception as error:
                # The boundary of the thread: it survives a full disk, and the page learns what happened to the job.
                traceback.print_exception(error)
                self._set_problem(job.order.job_id, f"The run was lost: {error}")
            finally:
                job.leave()

    def _next(self) -> tuple[_WaitingJob, int]:
        """Wait until it is the turn of the first job; returns it with a descriptor that holds the machine's lock."""
        with self._changed:
            while True:
                if not self._waiting:
                    self._changed.wait()
                    continue
                first = self._waiting[0]
                machine = self.queue.take_machine() if first.ticket.place() == 0 else None
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
        job.leave()

    def _give_up(self, problem: str) -> None:
        """Drop all waiting jobs."""
        with self._changed:
            for job in self._waiting:
                self._set_problem(job.order.job_id, problem)
                job.leave()
            self._waiting.clear()

    def _serve(self, job: _WaitingJob, machine: int) -> None:
        """Run the job in a process of its own, and wait for its end."""
        job_id = job.order.job_id
        try:
            with error_log_path(job_id).open("wb") as error:
                process = subprocess.Popen(
                    [sys.executable, "-m", "bench.scheduler.runner", str(job.control.descriptor)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=error,
                    # The runner keeps the machine's lock: it is free again when all processes of the job have ended.
                    pass_fds=(machine, job.control.descriptor),
                    start_new_session=True,
                )
        finally:
            os.close(machine)
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(job.order.model_dump_json().encode() + b"\n")
            process.stdin.flush()
        status = process.wait()
        process.stdin.close()
        if status == 0:
            return
        lines = _read_error_log(job_id)
        last = lines[-1] if lines else f"it exited with status {status}"
        if status == EXIT_NOT_STORED:
            self._set_problem(job_id, last)
            return
        self._set_problem(job_id, f"The process of the run exited early: {last}")
        recover_jobs(self.store)

    def _set_problem(self, job_id: str, problem: str) -> None:
        with self._changed:
            self._problems[job_id] = problem
            while len(self._problems) > MAX_PROBLEMS:
                self._problems.popitem(last=False)


def _read_error_log(job_id: str) -> list[str]:
    """The lines of the runner's error log."""
    try:
        text = error_log_path(job_id).read_text(errors="replace")
    except FileNotFoundError:
        return []  # Another process has already recovered the job.
    return text.strip().splitlines()


class _JobFollower:
    """Reads a job's record from its journal while it runs, and from the store afterwards. Shared by all sessions."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.record: JobRecord | None = None
        self._reader = JournalReader(journal_path(job_id))
        self._lock = threading.Lock()

    def read(self, store: Store) -> JobRecord | None:
        with self._lock:
            if self.record is not None and self.record.state.over:
                return self.record
            try:
                for event in self._reader.read_new():
                    if self.record is None:
                        self.record = open_record(event)
                    else:
                        apply_event(self.record, event)
            except FileNotFoundError:
                # Not begun, or over and stored.
                self.record = store.load(self.job_id)
            except ValueError as error:
                raise StoreError(f"the journal of run {self.job_id[:8]} cannot be read: {error}") from error
            return self.record
