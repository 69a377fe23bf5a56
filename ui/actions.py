"""Everything that a visitor can change on the server. Pages call nothing else to start, stop, upload or delete.

Each function looks up who the visitor is and refuses with Denied what that visitor may not do, whatever the page has
drawn. So a button that is shown by mistake, a forged message of a browser and an address have no more rights than the
visitor. The command line does not pass here: a person who works on the machine is its operator.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from bench.machine.last_noise import save_noise
from bench.machine.noise import Noise, measure_noise
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.sweep import SweepRecord
from bench.scheduler.background_series import SeriesRefused
from bench.scheduler.queue import QueueEntry
from bench.scheduler.race_series import RaceSeries, SeriesHistory, SeriesRace
from bench.scheduler.run_import import read_run, store_imported
from bench.scheduler.series_goals import Goal
from bench.scheduler.sweep_series import (
    SweepRequest,
    SweepSeries,
    find_open_sweep,
    load_sweep,
    open_sweep,
    why_not_continue,
)
from bench.storage import uploads
from bench.system.environment import SettingsError
from bench.system.limits import core_limit
from bench.workload.file_summary import UploadedFile
from bench.workload.parameters import Upload
from bench.workload.registry import load_workloads
from ui import admission, services
from ui.access import visitor as access
from ui.access.identity import find_visitor, remember_visitor
from ui.access.plans import check_plan_allowed
from ui.access.settings import read_limits
from ui.access.visitor import Denied, check_end, check_start

MAX_RELEASE_S = 5.0
"""Longer than the arms of a held race take to end."""
RELEASE_CHECK_INTERVAL_S = 0.1


def start_race(plan: Plan) -> str:
    """Queue a race, or start the one of the same plan that is held; returns its id. Raises Denied, OSError and
    StoreError."""
    with admission.admit(plan) as visitor:
        if held := services.get_dispatcher().start_held(plan, visitor.id):
            return held
        return services.get_dispatcher().submit_race(plan, origin="page", **admission.describe_owner(visitor))


def hold_race(plan: Plan) -> bool:
    """Have the arms of a race get ready, so that `start_race` shows its first pair at once. False if nothing was done.

    A page asks for this by itself, so only for operators, and only if nothing else waits or runs. Another race that was
    held ends. Raises OSError and StoreError.
    """
    dispatcher, visitor = services.get_dispatcher(), find_visitor()
    if not visitor.is_operator or access.why_not_start(visitor) or find_workload(plan.workload).local_only:
        return False
    if dispatcher.find_held(visitor.id, plan):
        return False
    release_held_race()
    if dispatcher.entries():
        return False
    dispatcher.hold_race(plan, origin="page", **admission.describe_owner(visitor))
    return True


def release_held_race() -> str:
    """End the race that the visitor holds; returns its id, empty if there is none. Raises OSError."""
    dispatcher, visitor = services.get_dispatcher(), find_visitor()
    # A browser that has not identified itself has the same id as the people of this machine.
    held = dispatcher.find_held(visitor.id) if visitor.is_operator else ""
    if held:
        dispatcher.stop(held, origin="page")
    return held


def start_series(goals: Sequence[Goal], *, again: bool = False) -> None:
    """Race what `goals` choose, one race after the other, also when the page is closed. See `RaceSeries`.

    Each race is admitted when it is queued, with the rights and limits of that moment: the series ends when the visitor
    may queue no more, when it has taken too long, and when a race of it is stopped. Raises Denied.
    """
    history = SeriesHistory(services.get_store(), services.get_machine(), again=again)
    _start(RaceSeries(goals, history))


def start_sweep(request: SweepRequest) -> str:
    """Race the cells of a sweep, as `start_series` does; returns its id.

    The newest sweep over the same cells goes on if it did not finish, and if the visitor may stop it. Raises Denied,
    PlanError, OSError and StoreError.
    """
    visitor, store, machine = find_visitor(), services.get_store(), services.get_machine()
    record = None if request.again else find_open_sweep(store, request, machine)
    if record is None or access.why_not_end(visitor, record.owner):
        ownership = admission.describe_owner(visitor)
        ownership.pop("time_limit_s", None)
        record = open_sweep(request, machine, origin="page", **ownership)
    return _go_on(record)


def continue_sweep(sweep_id: str) -> None:
    """Race the cells of a stored sweep that have no result. Raises Denied, PlanError, OSError and StoreError."""
    record = load_sweep(services.get_store(), sweep_id)
    if record is None:
        raise Denied("The sweep was deleted.")
    check_end(find_visitor(), record.owner)
    if why := why_not_continue(record, services.get_machine()):
        raise Denied(why)
    _go_on(record)


def _go_on(record: SweepRecord) -> str:
    history = SeriesHistory(services.get_store(), services.get_machine())
    _start(SweepSeries(record, history, core_limit()))
    return record.id


def _start(series: RaceSeries) -> None:
    """Raises Denied."""
    visitor = find_visitor()
    check_start(visitor)
    for goal in series.goals:
        check_plan_allowed(goal.first, visitor)  # Before their inputs are checked.
    background, dispatcher = services.get_background_series(), services.get_dispatcher()
    if not visitor.is_operator and background.count_active() >= read_limits().queue_length:
        raise Denied("Too many series of races go on, the most that this server takes. Try again later.")

    recall_visitor, began = remember_visitor(), time.monotonic()

    def submit(plan: Plan, *, prepare: Callable[[], bool], **submission: Unpack[SeriesRace]) -> str:
        # Not within this rerun: the visitor is the one who has started the series, with the rights of now.
        try:
            owner = recall_visitor()
            admission.check_series_time(owner, time.monotonic() - began)
            with admission.admit(plan, owner):
                if not prepare():
                    return ""
                ownership = admission.describe_owner(owner)
                limit_s = submission["time_limit_s"]
                ownership |= submission | {"time_limit_s": min(limit_s, ownership.get("time_limit_s") or limit_s)}
                return dispatcher.submit_race(plan, checked=False, origin="page", **ownership)
        except (Denied, SettingsError) as denied:
            raise SeriesRefused(str(denied)) from denied

    if not background.start(visitor.id, series, submit):
        raise Denied("A series of races of yours goes on. Stop it, or wait until it ends.")


def find_series() -> RaceSeries | None:
    """The visitor's series of races that goes on, or the last one that ended since the server started."""
    visitor = find_visitor()
    # A browser that has not identified itself yet has no id either, and started none.
    return services.get_background_series().find(visitor.id) if visitor.id or visitor.is_operator else None


def stop_series() -> None:
    """End the visitor's series of races, and the race of it that waits or runs. Raises Denied, OSError and
    StoreError."""
    series = find_series()
    if series is None:
        return
    series.stop()
    if job_id := series.progress.job_id:
        stop_job(job_id)


def start_measurement(plan: Plan, task: str, arguments: Mapping[str, Any]) -> str:
    """Queue a measurement; returns its id. Raises Denied, BadInput, OSError and StoreError."""
    with admission.admit(plan) as visitor:
        admission.check_search_time(plan, task, arguments, visitor)
        return services.get_dispatcher().submit_measurement(
            plan, task, arguments, origin="page", **admission.describe_owner(visitor)
        )


def ask(plan: Plan, task: str, arguments: Mapping[str, Any]) -> str:
    """Ask a task that answers at once; returns the request's id. Raises Denied, BadInput and OSError."""
    with admission.admit(plan) as visitor:
        admission.check_search_time(plan, task, arguments, visitor)
        return services.get_interactive_tasks().submit(plan, task, arguments, **admission.describe_owner(visitor))


def prepare(plan: Plan, task: str) -> str:
    """Have what an interactive task needs loaded in the background; returns the request's id.

    `task` takes no arguments. A page asks for this by itself, so visitors other than operators get it only if nothing
    waits or runs, and if it displaces nothing that another visitor has loaded. Raises Denied and OSError.
    """
    tasks = services.get_interactive_tasks()
    with admission.admit(plan) as visitor:
        if not visitor.is_operator and (tasks.has_process(plan.workload) or tasks.queue.entries()):
            raise Denied("Another job uses the machine.")
        return tasks.submit(plan, task, {}, background=True, **admission.describe_owner(visitor))


def stop_request(request_id: str) -> None:
    """End a request of an interactive task. Raises Denied."""
    tasks, visitor = services.get_interactive_tasks(), find_visitor()
    request = tasks.find(request_id)
    if request is not None:
        check_end(visitor, request.owner)
        tasks.stop(request_id)


def why_not_start() -> str:
    """Why the visitor may not start jobs or upload files; empty if that is allowed."""
    return access.why_not_start(find_visitor())


def why_not_stop(job_id: str) -> str:
    """Why the visitor may not stop a job or delete what it has stored; empty if that is allowed. Raises StoreError."""
    visitor = find_visitor()
    return "" if visitor.is_operator else access.why_not_end(visitor, services.get_dispatcher().find_owner(job_id))


def stop_job(job_id: str) -> None:
    """End a job that waits or runs; what it has measured is stored. Raises Denied, OSError and StoreError."""
    dispatcher, visitor = services.get_dispatcher(), find_visitor()
    if not visitor.is_operator:
        check_end(visitor, dispatcher.find_owner(job_id))
    dispatcher.stop(job_id, origin="page")


def delete_jobs(job_ids: Sequence[str]) -> None:
    """Delete stored jobs: all of them, or none if the visitor may not delete one. Raises Denied and StoreError."""
    visitor, store = find_visitor(), services.get_store()
    rows = [row for job_id in job_ids if (row := store.row(job_id))]
    for row in rows:
        check_end(visitor, row.owner)
    for row in rows:
        store.delete(row.id)


def save_file(content: bytes, name: str, upload: Upload) -> tuple[str, UploadedFile]:
    """Check and store a file that is called `name`; returns the parameter's value and what the check found.

    Raises Denied and UploadError.
    """
    admission.admit_upload(len(content))
    return uploads.save_upload(content, name, upload)


def import_run(content: bytes, name: str) -> str:
    """Store the exported race in a file that is called `name`, as imported; returns its id.

    Raises Denied, ImportFileError and StoreError.
    """
    admission.admit_upload(len(content))
    visitor, run = find_visitor(), read_run(content, name)
    known = load_workloads().get(run.plan.workload)
    if known and known.local_only and not visitor.is_local:
        raise Denied("Races of scripts are imported on the machine itself only: python -m bench import FILE.")
    # Who brought it may delete it.
    run.owner = visitor.id
    store_imported(services.get_store(), run)
    return run.id


def measure_noise_now() -> Noise | QueueEntry | None:
    """The noise of the machine, which is kept. If a job waits or runs, that job; None if one is just ending.

    Raises Denied, NoiseError and OSError. No job starts meanwhile.
    """
    check_start(find_visitor())
    dispatcher = services.get_dispatcher()
    if held := release_held_race():
        _wait_for_end(held)
    if entries := dispatcher.entries():
        return entries[0]
    lock = dispatcher.queue.take_machine()
    if lock is None:
        return None
    try:
        noise = measure_noise()
    finally:
        os.close(lock)
    save_noise(noise)
    return noise


def _wait_for_end(job_id: str) -> None:
    """Wait until the arms of a race that was held have ended, but not long."""
    until = time.monotonic() + MAX_RELEASE_S
    while time.monotonic() < until:
        if all(entry.job_id != job_id for entry in services.get_dispatcher().entries()):
            return
        time.sleep(RELEASE_CHECK_INTERVAL_S)
