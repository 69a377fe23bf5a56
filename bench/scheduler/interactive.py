"""Tasks that answer a person at once, by a process that stays: question answering.

The first request starts a process, which keeps what it has loaded for the next one and ends when none comes for a
while. All resident tasks of a workload share one process. A request waits in the machine's queue and holds the machine
while it works, so it never runs beside a race. It is no job: it has no journal, is not stored, and everything ends with
the process that asked.

A background request prepares the process for a question that may come, such as loading models. It ends as soon as
another job waits, unless that is a request of the same workload and settings, which needs the same preparation.
"""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel

from bench import paths
from bench.machine.core_selection import choose_cores
from bench.machine.exhaustion import make_failure
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.job import Origin, current_requester
from bench.run.measurement import ProgressLine, measurement_digest
from bench.run.phases import TaskPhase, add_progress, measure_phases
from bench.scheduler import phase_times
from bench.scheduler.queue import INTERACTIVE_KIND, Queue, Ticket
from bench.scheduler.task_process import TaskFailed, TaskProcess
from bench.storage.temp_folder import ORDER_FILE, TempFolder
from bench.storage.uploads import note_upload_uses
from bench.values.arms import Failure
from bench.worker import protocol
from bench.worker.process import make_work_fields
from bench.workload.arguments import check_arguments
from bench.workload.tasks import Task

POLL_INTERVAL_S = 0.05
"""Time between two checks whether it is a waiting request's turn."""
YIELD_CHECK_INTERVAL_S = 0.5
"""Time between two checks whether another job waits for the end of a background request."""
MAX_IDLE_S = 600.0
"""How long a process waits for its next request before it is ended."""
MAX_CLOSE_S = 20.0
"""Longest wait for a stopped request to end its process."""
MAX_FINISHED_REQUESTS = 50
"""Number of finished requests kept in memory."""

M = TypeVar("M", bound=BaseModel)


class RequestState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def over(self) -> bool:
        return self in (RequestState.FINISHED, RequestState.FAILED, RequestState.STOPPED)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it is now."""

    id: str
    plan: Plan
    task: Task
    arguments: dict[str, Any]
    owner: str = ""
    """See `bench.run.events.RunOpened.owner`."""
    time_limit_s: float | None = None
    """The request is stopped after it has worked for so many seconds; None for no limit."""
    state: RequestState = RequestState.WAITING
    place: int = 0
    """Number of jobs in front, while it waits."""
    background: bool = False
    """See the docstring of this module."""
    phases: tuple[TaskPhase, ...] = ()
    """What the task has done, and does now."""
    expected_s: Mapping[str, float] = field(default_factory=dict[str, float])
    """Seconds that each phase took when it was last done with these settings; empty if that is not known."""
    result: dict[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    began: float | None = None
    """`time.monotonic()` when it began to work."""
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has worked."""
        return 0.0 if self.began is None else (self.ended or time.monotonic()) - self.began

    def arguments_as(self, model: type[M]) -> M:
        return model.model_validate(self.arguments)

    def result_as(self, model: type[M]) -> M:
        return model.model_validate(self.result)


class _Stopped(Exception):
    """The request was stopped."""


@dataclass(slots=True)
class _Resident:
    """A process that waits for the next request of its workload."""

    process: TaskProcess
    folder: TempFolder
    idle_since: float = 0.0
    settings: str = ""
    """`settings_digest` of its last request: what it has loaded."""

    def end(self) -> None:
        self.process.end()
        self.folder.remove()


class InteractiveTasks:
    """One for each process that serves people. Every request has a thread."""

    def __init__(self, queue: Queue | None = None) -> None:
        self.queue = queue or Queue()
        self._requests: OrderedDict[str, Request] = OrderedDict()
        self._stops: dict[str, threading.Event] = {}
        self._residents: dict[str, _Resident] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        # A supervisor ends when the thread that started it ends, so one lasting thread starts them all.
        self._starter = ThreadPoolExecutor(1, "fairlap-interactive-starter")
        threading.Thread(target=self._end_idle, name="fairlap-interactive", daemon=True).start()

    def submit(
        self,
        plan: Plan,
        task: str,
        arguments: Mapping[str, Any],
        *,
        origin: Origin = "page",
        requester: str | None = None,
        owner: str = "",
        time_limit_s: float | None = None,
        background: bool = False,
    ) -> str:
        """Ask a resident task of the plan's workload; returns the request's id. Raises BadInput and OSError."""
        workload = find_workload(plan.workload)
        declared = workload.tasks.task(task)
        checked = check_arguments(declared, arguments).model_dump(mode="json")
        settings = settings_digest(plan, declared)
        request = Request(
            uuid.uuid4().hex,
            plan,
            declared,
            checked,
            owner,
            time_limit_s,
            background=background,
            expected_s=phase_times.load_times(workload.name, task, settings),
        )
        order = _write_order(request)
        try:
            ticket = self.queue.enter(
                job_id=request.id,
                kind=INTERACTIVE_KIND,
                workload=workload.name,
                task=task,
                digest=settings,
                title=f"{workload.title}, {declared.label}",
                origin=origin,
                requester=requester or current_requester(),
            )
        except BaseException:
            order.remove()
            raise
        thread = threading.Thread(target=self._work, args=(request, ticket, order), name=f"fairlap-{task}", daemon=True)
        with self._lock:
            self._requests[request.id] = request
            self._stops[request.id] = threading.Event()
            finished = [old for old in self._requests.values() if old.state.over]
            for old in finished[: max(0, len(self._requests) - MAX_FINISHED_REQUESTS)]:
                del self._requests[old.id], self._stops[old.id]
            self._threads = [other for other in self._threads if other.is_alive()] + [thread]
            thread.start()
        return request.id

    def find(self, request_id: str) -> Request | None:
        """The request with this id; None if it is not or no longer known."""
        with self._lock:
            return self._requests.get(request_id)

    def count_active(self, owner: str) -> int:
        """Number of requests of `owner` that wait or work, without those in the background."""
        with self._lock:
            return sum(
                request.owner == owner and not request.state.over and not request.background
                for request in self._requests.values()
            )

    def is_prepared(self, plan: Plan, task: str) -> bool:
        """Whether a process waits that has loaded what `task` needs with the settings of `plan`."""
        wanted = settings_digest(plan, find_workload(plan.workload).tasks.task(task))
        with self._lock:
            resident = self._residents.get(plan.workload)
            return resident is not None and resident.settings == wanted and resident.process.is_alive()

    def has_process(self, workload: str) -> bool:
        """Whether a process of the workload waits or works, with any settings."""
        with self._lock:
            working = any(
                request.plan.workload == workload and request.state is RequestState.RUNNING
                for request in self._requests.values()
            )
            return working or workload in self._residents

    def stop(self, request_id: str) -> None:
        """End a request that waits or works."""
        with self._lock:
            if request_id in self._stops:
                self._stops[request_id].set()

    def close(self) -> None:
        """End all requests and processes, and wait until they have ended."""
        with self._lock:
            for stop in self._stops.values():
                stop.set()
            threads = self._threads
        for thread in threads:
            thread.join(MAX_CLOSE_S)
        with self._lock:
            residents = list(self._residents.values())
            self._residents.clear()
        for resident in residents:
            resident.end()

    # --- one request, in its thread ---

    def _work(self, request: Request, ticket: Ticket, order: TempFolder) -> None:
        stop = self._stops[request.id]
        machine = None
        changes: dict[str, Any] = {}
        try:
            machine = self._wait_for_machine(request.id, ticket, stop)
            self._change(request.id, state=RequestState.RUNNING, began=time.monotonic())
            changes = {"state": RequestState.FINISHED, "result": self._run_task(request, stop)}
        except _Stopped:
            changes = {"state": RequestState.STOPPED}
        except TaskFailed as failed:
            changes = {"state": RequestState.FAILED, "failure": failed.failure}
        except OSError as error:
            changes = {"state": RequestState.FAILED, "failure": make_failure(error, paths.journals())}
        except Exception as error:
            # The boundary of the thread: without this the page would wait for ever.
            traceback.print_exception(error)
            what = f"{type(error).__name__}: {error}"
            failure = Failure(what=what, remedy="This is a defect in Fairlap. Please report it with this text.")
            changes = {"state": RequestState.FAILED, "failure": failure}
        finally:
            order.remove()
            self._change(request.id, ended=time.monotonic(), **changes)
            if machine is not None:
                os.close(machine)
            ticket.leave()

    def _wait_for_machine(self, request_id: str, ticket: Ticket, stop: threading.Event) -> int:
        """Returns a descriptor that holds the machine's lock."""
        while True:
            place = ticket.place()
            machine = self.queue.take_machine() if place == 0 else None
            if machine is not None:
                return machine
            self._change(request_id, place=place)
            if stop.wait(POLL_INTERVAL_S):
                raise _Stopped

    def _run_task(self, request: Request, stop: threading.Event) -> dict[str, Any]:
        plan, tasks = request.plan, find_workload(request.plan.workload).tasks
        try:
            cores = choose_cores(plan.cores)
        except ValueError as error:
            raise TaskFailed(str(error), "Choose fewer cores.") from error
        resident = self._take_resident(plan.workload, cores)
        resident = resident or self._starter.submit(_start_resident, cores, tasks.environment).result()
        began = time.monotonic()
        phases: tuple[TaskPhase, ...] = ()
        yield_check_at = began

        def report(message: protocol.ProgressMessage | protocol.ReportMessage) -> None:
            nonlocal phases
            if isinstance(message, protocol.ProgressMessage):
                line = ProgressLine(at=time.monotonic() - began, text=message.text, share=message.share)
                phases = add_progress(phases, line)
                self._change(request.id, phases=phases)

        def check() -> None:
            nonlocal yield_check_at
            if stop.is_set():
                raise _Stopped
            if request.background and time.monotonic() >= yield_check_at:
                yield_check_at = time.monotonic() + YIELD_CHECK_INTERVAL_S
                if self._is_in_the_way(request):
                    raise _Stopped
            if request.time_limit_s is not None and time.monotonic() - began > request.time_limit_s:
                raise TaskFailed(
                    f"It took longer than {request.time_limit_s:.0f} s, the limit for visitors of this server.",
                    "Ask for less work.",
                )

        try:
            message = protocol.DoTask(
                workload=plan.workload,
                task=request.task.name,
                arguments=request.arguments,
                **make_work_fields(plan, cores, resident.folder.path),
            )
            result = resident.process.run(request.task, message, report=report, check=check)
        except BaseException:
            # A process that was interrupted in the middle of a task, or has died, cannot do the next one.
            resident.end()
            raise
        resident.idle_since = time.monotonic()
        resident.settings = settings_digest(plan, request.task)
        with self._lock:
            self._residents[plan.workload] = resident
        times = measure_phases(phases, until=resident.idle_since - began)
        phase_times.save_times(plan.workload, request.task.name, resident.settings, times)
        return result

    def _is_in_the_way(self, request: Request) -> bool:
        """Whether a job waits for the end of a background request and does not need what that prepares."""
        wanted = (INTERACTIVE_KIND, request.plan.workload, settings_digest(request.plan, request.task))
        return any((entry.kind, entry.workload, entry.digest) != wanted for entry in self.queue.entries())

    def _take_resident(self, workload: str, cores: list[int]) -> _Resident | None:
        """The process that waits for this workload, if it is alive and runs on these cores. Another one is ended."""
        with self._lock:
            resident = self._residents.pop(workload, None)
        if resident is None or (resident.process.cores == cores and resident.process.is_alive()):
            return resident
        resident.end()
        return None

    def _change(self, request_id: str, **fields: Any) -> None:
        with self._lock:
            if request_id in self._requests:
                self._requests[request_id] = replace(self._requests[request_id], **fields)

    def _end_idle(self) -> None:
        """End processes that have had no request for `MAX_IDLE_S`."""
        while True:
            time.sleep(MAX_IDLE_S / 20)
            now = time.monotonic()
            with self._lock:
                idle = [key for key, resident in self._residents.items() if now - resident.idle_since > MAX_IDLE_S]
                ended = [self._residents.pop(key) for key in idle]
            for resident in ended:
                resident.end()


def settings_digest(plan: Plan, task: Task) -> str:
    """Equal for plans with which a process of `task` loads the same."""
    return measurement_digest(plan, "", {}, task.depends_on)


def _write_order(request: Request) -> TempFolder:
    """Note on disk what is asked for, until the folder is removed: so the uploads that it names stay."""
    order = json.dumps({"plan": request.plan.model_dump(mode="json"), "arguments": request.arguments})
    folder = TempFolder()
    try:
        (folder.path / ORDER_FILE).write_text(order)
    except OSError:
        folder.remove()
        raise
    note_upload_uses(order)
    return folder


def _start_resident(cores: list[int], environment: Mapping[str, str]) -> _Resident:
    folder = TempFolder()
    return _Resident(TaskProcess(cores, environment, folder.path), folder)
