"""How much a visitor of the server may start and upload, and whom a job belongs to.

The limits are those of `ui.access.settings`; the counts begin again with the server. Operators have no limits.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import paths
from bench.formatting import format_budget
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.workload.arguments import check_arguments
from ui import services
from ui.access.identity import find_visitor
from ui.access.plans import check_plan_allowed, max_budget_s
from ui.access.settings import Limits, read_limits
from ui.access.visitor import Denied, Visitor, check_start

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
class Usage:
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


usage = Usage()


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


@contextmanager
def admit(plan: Plan, visitor: Visitor | None = None) -> Iterator[Visitor]:
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
    with usage.lock:
        _check_job_limits(visitor, read_limits())
        usage.starting[visitor.id] += 1
    try:
        yield visitor
    finally:
        with usage.lock:
            usage.starting[visitor.id] -= 1
            # Without those that count nothing, or the counter would grow with every visitor.
            usage.starting += Counter()


def check_series_time(visitor: Visitor, seconds: float) -> None:
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
    return own + usage.starting[visitor.id]


def _count_all_jobs() -> int:
    """Jobs of everybody that wait, run or are being checked."""
    return len(services.get_dispatcher().entries()) + usage.starting.total()


def check_search_time(plan: Plan, task: str, arguments: Mapping[str, Any], visitor: Visitor) -> None:
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


def admit_upload(size_bytes: int) -> None:
    """Check that the visitor may upload so many bytes, and count them. Raises Denied."""
    visitor = find_visitor()
    check_start(visitor)
    if visitor.is_operator:
        return
    limits = read_limits()
    with usage.lock:
        used = usage.uploaded_bytes(visitor.id)
        if used + size_bytes > limits.upload_mb * 1e6:
            raise Denied(
                f"The file has {size_bytes / 1e6:.1f} MB, and you have uploaded {used / 1e6:.1f} MB in the last 24 "
                f"hours. A visitor of this server may upload {limits.upload_mb:g} MB."
            )
        _check_disk(size_bytes, limits)
        if not usage.count_upload(visitor.id, size_bytes):
            raise Denied("Too many visitors have uploaded files today. Try again tomorrow.")
        usage.home_size += size_bytes


def _check_disk(size_bytes: int, limits: Limits) -> None:
    if usage.home_bytes() + size_bytes > limits.disk_gb * 1e9:
        raise Denied(
            f"The data folder of this server has reached its limit of {limits.disk_gb:g} GB. Its operator has to "
            "delete runs or uploads."
        )


def describe_owner(visitor: Visitor) -> dict[str, Any]:
    """Whom a job belongs to, for the scheduler."""
    if visitor.is_operator and not visitor.id:
        return {}
    limit_s = None if visitor.is_operator else read_limits().job_s
    # The provider of a sign-in decides the name, and it is in every list.
    name = "".join(character for character in visitor.name if character.isprintable())[:MAX_NAME_CHARS] or "visitor"
    return {"requester": name, "owner": visitor.id, "time_limit_s": limit_s}
