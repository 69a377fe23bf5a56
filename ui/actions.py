"""Everything that a visitor can change on the server. Pages call nothing else to start, stop, upload or delete.

Each function looks up who the visitor is and refuses with Denied what that visitor may not do, whatever the page has
drawn. So a button that is shown by mistake, a forged message of a browser and an address have no more rights than the
visitor. The command line does not pass here: a person who works on the machine is its operator.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Unpack

from bench import paths
from bench.formatting import format_budget
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
from bench.workload.arguments import check_arguments
from bench.workload.file_summary import UploadedFile
from bench.workload.parameters import Upload
from bench.workload.registry import load_workloads
from ui import services
from ui.access import visitor as access
from ui.access.identity import find_visitor, remember_visitor
from ui.access.plans import check_plan_allowed, max_budget_s
from ui.access.settings import Limits, read_limits
from ui.access.visitor import Denied, Visitor, check_end, check_start

UPLOAD_PERIOD_S = 24 * 3600.0
SIZE_CHECK_INTERVAL_S = 10.0
"""The size of the data folder is measured again after so many seconds."""
UPLOAD_BUCKET_S = 3600.0
"""Uploads of one visitor in the same period are counted as one."""
MAX_UPLOADERS = 100_000
"""Visitors whose uploads are counted. Others may not upload until the uploads of one of them are forgotten."""
MAX_NAME_CHARS = 60
"""Longer names of visitors are cut."""
TIME_BUDGET_ARGUMENT = "budget_s"
"""Name of the argument with the time budget of a measurement, in seconds."""


@dataclass(slots=True)
class _Usage:
    """What visitors have used, since the server started."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    uploads: dict[str, dict[int, int]] = field(default_factory=dict)
    """Bytes that each visitor has uploaded in the last 24 hours, by the number of the period of `UPLOAD_BUCKET_S`."""
    starting: Counter[str] = field(default_factory=Counter)
    """Number of jobs of each visitor that are being checked and queued."""
    home_size: int = 0
    home_measured: float = float("-inf")

    def uploaded_bytes(self, visitor_id: str) -> int:
        return sum(self._recent(self.uploads.get(visitor_id, {})).values())

    def count_upload(self, visitor_id: str, size_bytes: int) -> bool:
        """Count an upload. False if too many visitors are counted: none is forgotten within 24 hours."""
        if visitor_id not in self.uploads:
            if len(self.uploads) >= MAX_UPLOADERS:
                self._forget_old_uploads()
            if len(self.uploads) >= MAX_UPLOADERS:
                return False
        now = _upload_bucket()
        buckets = self.uploads.get(visitor_id, {})
        self.uploads[visitor_id] = self._recent(buckets) | {now: buckets.get(now, 0) + size_bytes}
        return True

    def _forget_old_uploads(self) -> None:
        recent = {visitor_id: self._recent(buckets) for visitor_id, buckets in self.uploads.items()}
        self.uploads = {visitor_id: buckets for visitor_id, buckets in recent.items() if buckets}

    @staticmethod
    def _recent(buckets: Mapping[int, int]) -> dict[int, int]:
        since = _upload_bucket() - UPLOAD_PERIOD_S // UPLOAD_BUCKET_S
        return {bucket: size for bucket, size in buckets.items() if bucket >= since}

    def home_bytes(self) -> int:
        if time.monotonic() - self.home_measured > SIZE_CHECK_INTERVAL_S:
            self.home_size, self.home_measured = _measure_folder(str(paths.home())), time.monotonic()
        return self.home_size


_usage = _Usage()


def _upload_bucket() -> int:
    """The number of the present period of `UPLOAD_BUCKET_S`."""
    return int(time.monotonic() // UPLOAD_BUCKET_S)


def _measure_folder(folder: str) -> int:
    """Bytes of all files in a folder and its subfolders. Links are not followed."""
    total = 0
    for path, _, names in os.walk(folder, onerror=None):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_size
            except FileNotFoundError:
                continue  # Removed since the folder was read.
    return total


def start_race(plan: Plan) -> str:
    """Queue a race; returns its id. Raises Denied, OSError and StoreError."""
    with _admit(plan) as visitor:
        return services.get_dispatcher().submit_race(plan, origin="page", **_ownership(visitor))


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
        ownership = _ownership(visitor)
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
            _check_series_time(owner, time.monotonic() - began)
            with _admit(plan, owner):
                if not prepare():
                    return ""
                ownership = _ownership(owner)
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
    with _admit(plan) as visitor:
        _check_search_time(plan, task, arguments, visitor)
        return services.get_dispatcher().submit_measurement(plan, task, arguments, origin="page", **_ownership(visitor))


def ask(plan: Plan, task: str, arguments: Mapping[str, Any]) -> str:
    """Ask a task that answers at once; returns the request's id. Raises Denied, BadInput and OSError."""
    with _admit(plan) as visitor:
        _check_search_time(plan, task, arguments, visitor)
        return services.get_interactive_tasks().submit(plan, task, arguments, **_ownership(visitor))


def prepare(plan: Plan, task: str) -> str:
    """Have what an interactive task needs loaded in the background; returns the request's id.

    `task` takes no arguments. A page asks for this by itself, so visitors other than operators get it only if nothing
    waits or runs, and if it displaces nothing that another visitor has loaded. Raises Denied and OSError.
    """
    tasks = services.get_interactive_tasks()
    with _admit(plan) as visitor:
        if not visitor.is_operator and (tasks.has_process(plan.workload) or tasks.queue.entries()):
            raise Denied("Another job uses the machine.")
        return tasks.submit(plan, task, {}, background=True, **_ownership(visitor))


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
    _admit_upload(len(content))
    return uploads.save_upload(content, name, upload)


def import_run(content: bytes, name: str) -> str:
    """Store the exported race in a file that is called `name`, as imported; returns its id.

    Raises Denied, ImportFileError and StoreError.
    """
    _admit_upload(len(content))
    visitor, run = find_visitor(), read_run(content, name)
    known = load_workloads().get(run.plan.workload)
    if known and known.local_only and not visitor.is_local:
        raise Denied("Races of scripts are imported on the machine itself only: python -m bench import FILE.")
    # Who brought it may delete it.
    run.owner = visitor.id
    store_imported(services.get_store(), run)
    return run.id


def measure_noise_now() -> Noise | QueueEntry | None:
    """The noise of the machine. If a job waits or runs, that job; None if one is just ending.

    Raises Denied, NoiseError and OSError. No job starts meanwhile.
    """
    check_start(find_visitor())
    dispatcher = services.get_dispatcher()
    if entries := dispatcher.entries():
        return entries[0]
    lock = dispatcher.queue.take_machine()
    if lock is None:
        return None
    try:
        return measure_noise()
    finally:
        os.close(lock)


@contextmanager
def _admit(plan: Plan, visitor: Visitor | None = None) -> Iterator[Visitor]:
    """Check that the visitor (None: of this session) may queue a job with this plan. The job counts until the block has
    queued it.

    Raises Denied. Other visitors do not wait for the block, which checks the inputs and may take a minute.
    """
    visitor = visitor or find_visitor()
    check_start(visitor)
    check_plan_allowed(plan, visitor)
    if visitor.is_operator:
        yield visitor
        return
    with _usage.lock:
        _check_job_limits(visitor, read_limits())
        _usage.starting[visitor.id] += 1
    try:
        yield visitor
    finally:
        with _usage.lock:
            _usage.starting[visitor.id] -= 1
            # Without those that count nothing, or the counter would grow with every visitor.
            _usage.starting += Counter()


def _check_series_time(visitor: Visitor, seconds: float) -> None:
    """Raises Denied if a series of the visitor has taken too long."""
    limit_s = read_limits().series_s
    if not visitor.is_operator and seconds > limit_s:
        raise Denied(
            f"The series has taken {format_budget(math.floor(seconds))}, and a series of a visitor of this server may "
            f"take {format_budget(limit_s)}."
        )


def _check_job_limits(visitor: Visitor, limits: Limits) -> None:
    own = _count_own_jobs(visitor)
    if own >= limits.jobs_per_visitor:
        # A question cannot be stopped, nor can a job whose input is still being checked.
        jobs = services.get_dispatcher().count_active(visitor.id)
        remedy = "Wait until one ends, or stop a race or a measurement." if jobs else "Wait until one ends."
        raise Denied(f"You have {own} jobs that wait or run, the most that a visitor of this server may have. {remedy}")
    waiting = _count_all_jobs()
    if waiting >= limits.queue_length:
        raise Denied(f"{waiting} jobs wait or run, the most that this server takes. Try again later.")
    _check_disk(0, limits)


def _count_own_jobs(visitor: Visitor) -> int:
    """Jobs and questions of the visitor that wait, run or are being checked."""
    own = services.get_dispatcher().count_active(visitor.id) + services.get_interactive_tasks().count_active(visitor.id)
    return own + _usage.starting[visitor.id]


def _count_all_jobs() -> int:
    """Jobs of everybody that wait, run or are being checked."""
    return len(services.get_dispatcher().entries()) + _usage.starting.total()


def _check_search_time(plan: Plan, task: str, arguments: Mapping[str, Any], visitor: Visitor) -> None:
    """Check the time budget of a task that has its own. Raises Denied and BadInput."""
    largest = max_budget_s(visitor)
    if largest is None:
        return
    checked = check_arguments(find_workload(plan.workload).tasks.task(task), arguments)
    budget_s = getattr(checked, TIME_BUDGET_ARGUMENT, None)
    if budget_s is not None and budget_s > largest:
        raise Denied(
            f"The time budget is {budget_s:g} s, and visitors of this server may use {largest:g} s. Reduce it."
        )


def _admit_upload(size_bytes: int) -> None:
    """Check that the visitor may upload so many bytes, and count them. Raises Denied."""
    visitor = find_visitor()
    check_start(visitor)
    if visitor.is_operator:
        return
    limits = read_limits()
    with _usage.lock:
        used = _usage.uploaded_bytes(visitor.id)
        if used + size_bytes > limits.upload_mb * 1e6:
            raise Denied(
                f"The file has {size_bytes / 1e6:.1f} MB, and you have uploaded {used / 1e6:.1f} MB in the last 24 "
                f"hours. A visitor of this server may upload {limits.upload_mb:g} MB."
            )
        _check_disk(size_bytes, limits)
        if not _usage.count_upload(visitor.id, size_bytes):
            raise Denied("Too many visitors have uploaded files today. Try again tomorrow.")
        _usage.home_size += size_bytes


def _check_disk(size_bytes: int, limits: Limits) -> None:
    if _usage.home_bytes() + size_bytes > limits.disk_gb * 1e9:
        raise Denied(
            f"The data folder of this server has reached its limit of {limits.disk_gb:g} GB. Its operator has to "
            "delete runs or uploads."
        )


def _ownership(visitor: Visitor) -> dict[str, Any]:
    """Whom a job belongs to, for the scheduler."""
    if visitor.is_operator and not visitor.id:
        return {}
    limit_s = None if visitor.is_operator else read_limits().job_s
    # The provider of a sign-in decides the name, and it is in every list.
    name = "".join(character for character in visitor.name if character.isprintable())[:MAX_NAME_CHARS] or "visitor"
    return {"requester": name, "owner": visitor.id, "time_limit_s": limit_s}
