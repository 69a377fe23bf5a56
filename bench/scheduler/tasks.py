"""What a workload does when asked, other than racing, each in a process of its own: a question answered, a model
converted.

A task never runs beside a race: it waits in the same queue and holds the machine while it works. A resident task's
process stays idle between two tasks, with what it has loaded, and ends when it was not wanted for a while. Everything
ends with the process that asked.
"""

from __future__ import annotations

import os
import select
import threading
import time
import traceback
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from bench.machine.core_selection import choose_cores
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.scheduler.queue import Queue, Ticket
from bench.storage.temp_folder import TempFolder, remove_abandoned_folders
from bench.worker import protocol
from bench.worker.environment import make_environment
from bench.worker.process import LineTooLong, ProcessEnded, SupervisedProcess, exit_remedy, make_work_fields
from bench.workload.declaration import Task

POLL_INTERVAL_S = 0.05
"""How often a waiting task looks whether it is its turn."""
MAX_IDLE_S = 600.0
"""How long a resident process waits for its next task."""
MAX_CLOSE_S = 20.0
"""How long a job that was told to stop may take to end its process."""
MAX_FINISHED_JOBS = 200
"""Jobs that are kept in memory once they are over."""
MAX_PROGRESS_LINES = 2_000
"""Progress lines that are kept of a job; the oldest go."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def over(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.STOPPED)


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """One line of progress."""

    at: float
    """Seconds since the job began to work."""
    text: str
    share: float | None


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """Something that a task told of."""

    at: float
    name: str
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A task that was asked for, as it stands."""

    id: str
    plan: Plan
    task: Task
    given: dict[str, Any]
    state: JobState = JobState.WAITING
    place: int = 0
    """Races and tasks in front, while it waits."""
    lines: tuple[TaskProgress, ...] = ()
    events: tuple[TaskEvent, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()
    began: float | None = None
    """`time.monotonic()` when it began to work."""
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has worked."""
        return 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began

    def told(self, name: str) -> list[dict[str, Any]]:
        """The values of its events called `name`, in order."""
        return [event.value for event in self.events if event.name == name]

    def first(self, name: str) -> dict[str, Any] | None:
        """The value of the first of its events called `name`, if it has told of one."""
        return next(iter(self.told(name)), None)


class TaskFailed(Exception):
    """A task that came to no end of its own."""

    def __init__(self, what: str, remedy: str = "", log: list[str] | None = None) -> None:
        super().__init__(what)
        self.remedy, self.log = remedy, tuple(log or ())


class _TaskStopped(Exception):
    """Somebody wanted the job to end."""


@dataclass(slots=True)
class _ResidentProcess:
    """A process that waits for the next task of its name."""

    child: SupervisedProcess
    cores: list[int]
    folder: TempFolder
    since: float = 0.0

    def lives(self) -> bool:
        try:
            self.child.lines()
        except ProcessEnded:
            return False
        return True

    def end(self) -> str:
        how = self.child.end()
        self.folder.remove()
        return how


class Tasks:
    """One for each process that asks for tasks; every job has a thread."""

    def __init__(self, queue: Queue | None = None) -> None:
        self.queue = queue or Queue()
        remove_abandoned_folders()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._stops: dict[str, threading.Event] = {}
        self._residents: dict[tuple[str, str], _ResidentProcess] = {}
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()
        # A supervisor ends when the thread that started it does, so all are started by one that lasts.
        self._starter = ThreadPoolExecutor(1, "fairlap-task-starter")
        threading.Thread(target=self._sweep, name="fairlap-tasks", daemon=True).start()

    def submit(self, plan: Plan, task: str, given: dict[str, Any]) -> str:
        """Have `task` of the plan's workload done with the plan's settings; the job's id."""
        job = Job(uuid.uuid4().hex, plan, find_workload(plan.workload).tasks.task(task), given)
        title = f"{find_workload(plan.workload).title}, {job.task.label}"
        ticket = self.queue.enter(run=job.id, workload=plan.workload, title=title, origin="page")
        with self._lock:
            self._jobs[job.id] = job
            self._stops[job.id] = threading.Event()
            over = [old for old in self._jobs.values() if old.state.over]
            for old in over[: max(0, len(self._jobs) - MAX_FINISHED_JOBS)]:
                del self._jobs[old.id], self._stops[old.id]
        worker = threading.Thread(target=self._work, args=(job, ticket), name=f"fairlap-{task}", daemon=True)
        with self._lock:
            self._workers = [one for one in self._workers if one.is_alive()] + [worker]
            worker.start()
        return job.id

    def job(self, id: str) -> Job | None:
        """How a job stands; None where it is not known (any more)."""
        with self._lock:
            return self._jobs.get(id)

    def last(
        self,
        workload: str,
        task: str,
        given: dict[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Job | None:
        """The newest job of a task; with `given`, the newest that was given just this; with `settings`, the newest
        whose plan has these `cores`, `seed` and parameters."""
        with self._lock:
            jobs = list(self._jobs.values())
        wanted = [job for job in jobs if job.plan.workload == workload and job.task.name == task]
        if given is not None:
            wanted = [job for job in wanted if job.given == given]
        return next((job for job in reversed(wanted) if _has_settings(job.plan, settings or {})), None)

    def stop(self, id: str) -> None:
        """End a job, whether it waits or works; what it has told stays."""
        with self._lock:
            if id in self._stops:
                self._stops[id].set()

    def close(self) -> None:
        """End every process, and wait until it has ended."""
        with self._lock:
            for stop in self._stops.values():
                stop.set()
            workers = self._workers
        for worker in workers:
            worker.join(MAX_CLOSE_S)
        with self._lock:
            residents = list(self._residents.values())
            self._residents.clear()
        for resident in residents:
            resident.end()

    # --- one job, in its thread ---

    def _work(self, job: Job, ticket: Ticket) -> None:
        stop = self._stops[job.id]
        machine = None
        try:
            machine = self._turn(job.id, ticket, stop)
            self._change(job.id, state=JobState.RUNNING, began=time.monotonic())
            result = self._done(job, stop)
            self._change(job.id, state=JobState.DONE, result=result)
        except _TaskStopped:
            self._change(job.id, state=JobState.STOPPED)
        except TaskFailed as failed:
            self._change(job.id, state=JobState.FAILED, problem=str(failed), remedy=failed.remedy, log=failed.log)
        except OSError as error:
            self._change(
                job.id,
                state=JobState.FAILED,
                problem=str(error),
                remedy="Check that the disk has room and may be written, and try again.",
            )
        except Exception as error:
            # The boundary of the thread: a mistake of ours must not leave the job running for good.
            traceback.print_exception(error)
            self._change(
                job.id,
                state=JobState.FAILED,
                problem=f"{type(error).__name__}: {error}",
                remedy="This is a mistake in Fairlap; report it with these words.",
            )
        finally:
            self._change(job.id, ended=time.monotonic())
            if machine is not None:
                os.close(machine)
            ticket.leave()

    def _turn(self, id: str, ticket: Ticket, stop: threading.Event) -> int:
        """Wait for the machine; the descriptor that holds it."""
        while True:
            place = ticket.place()
            machine = self.queue.take_machine() if place == 0 else None
            if machine is not None:
                return machine
            self._change(id, place=place)
            if stop.wait(POLL_INTERVAL_S):
                raise _TaskStopped

    def _done(self, job: Job, stop: threading.Event) -> dict[str, Any]:
        """The result, from a process that is there or a new one."""
        plan = job.plan
        tasks = find_workload(plan.workload).tasks
        try:
            cores = choose_cores(plan.cores)
        except ValueError as error:
            raise TaskFailed(str(error), "Ask for fewer cores.") from error
        key = (plan.workload, job.task.name)
        with self._lock:
            resident = self._residents.pop(key, None)
        if resident is not None and (resident.cores != cores or not resident.lives()):
            resident.end()
            resident = None
        resident = resident or self._starter.submit(_start_process, cores, tasks.environment).result()
        try:
            request = protocol.DoTask(
                desk=tasks.handler,
                task=job.task.name,
                given=job.given,
                **make_work_fields(plan, cores, resident.folder.path),
            )
            result = self._followed(job, resident.child, request, stop)
        except BaseException:
            # What is stopped in the middle of a task, or has died, is no use for the next.
            resident.end()
            raise
        if job.task.resident:
            resident.since = time.monotonic()
            with self._lock:
                self._residents[key] = resident
        else:
            resident.end()
        return result

    def _followed(
        self, job: Job, process: SupervisedProcess, request: protocol.DoTask, stop: threading.Event
    ) -> dict[str, Any]:
        """Ask, and keep what is told until the task is done."""
        began = heard = time.monotonic()
        try:
            process.send(request.model_dump_json().encode())
            while True:
                select.select([process], [], [], POLL_INTERVAL_S)
                if stop.is_set():
                    raise _TaskStopped
                for line in process.lines():
                    heard = time.monotonic()
                    match protocol.task_reply_adapter.validate_json(line):
                        case protocol.ProgressMessage() as told:
                            self._add(job.id, TaskProgress(heard - began, told.text, told.share))
                        case protocol.TaskEventMessage() as told:
                            self._add(job.id, TaskEvent(heard - began, told.name, told.value))
                        case protocol.TaskResultReply() as told:
                            return told.value
                        case protocol.ErrorReply() as told:
                            raise TaskFailed(told.what, told.remedy, [] if told.remedy else process.log_tail())
                if time.monotonic() - heard > job.task.silence_limit_s:
                    raise TaskFailed(
                        f"It said nothing for {job.task.silence_limit_s:.0f} s and was ended.",
                        "Ask for less work, or free the machine, and try again.",
                        process.log_tail(),
                    )
        except ProcessEnded as error:
            log = process.log_tail()
            how = process.end()
            raise TaskFailed(f"Its process ended in the middle of the work: {how}.", exit_remedy(how), log) from error
        except (ValidationError, LineTooLong) as error:
            raise TaskFailed(
                "Its process said what is not in the protocol.", "The workload is at fault.", process.log_tail()
            ) from error

    def _add(self, id: str, told: TaskProgress | TaskEvent) -> None:
        job = self.job(id)
        if job is None:
            return
        if isinstance(told, TaskEvent):
            self._change(id, events=(*job.events, told))
            return
        lines = job.lines
        # The same work a little further on takes the line's place.
        if lines and lines[-1].share is not None and told.share is not None and lines[-1].share < told.share:
            lines = lines[:-1]
        self._change(id, lines=(*lines, told)[-MAX_PROGRESS_LINES:])

    def _change(self, id: str, **fields: Any) -> None:
        with self._lock:
            if id in self._jobs:
                self._jobs[id] = replace(self._jobs[id], **fields)

    def _sweep(self) -> None:
        """End residents that nobody has wanted for a while."""
        while True:
            time.sleep(MAX_IDLE_S / 20)
            with self._lock:
                old = [key for key, one in self._residents.items() if time.monotonic() - one.since > MAX_IDLE_S]
                ended = [self._residents.pop(key) for key in old]
            for resident in ended:
                resident.end()


def _has_settings(plan: Plan, settings: Mapping[str, Any]) -> bool:
    """Whether a plan has these settings."""
    own = {"cores": plan.cores, "seed": plan.seed} | plan.parameters
    return all(own[name] == value for name, value in settings.items())


def _start_process(cores: list[int], own: Mapping[str, str]) -> _ResidentProcess:
    folder = TempFolder()
    environment = make_environment(len(cores), own)
    process = SupervisedProcess("bench.worker.task_worker", cores, environment, folder.path / "log")
    return _ResidentProcess(process, cores, folder)
