"""What pages read of jobs: for strangers, without paths and without the output of the jobs' processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.run.events import State
from bench.run.job import JobKind, is_job_id
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.scheduler.dispatcher import UNKNOWN_JOB
from bench.scheduler.job_status import JobStatus
from bench.scheduler.queue import QueueEntry
from bench.storage.job_filter import JobFilter
from bench.storage.job_row import JobRow
from bench.storage.store import DEFAULT_LIMIT
from bench.workload.registry import load_workloads
from ui import services
from ui.access.identity import find_visitor
from ui.access.redaction import hide_paths, redact_record, redact_row, shows_everything
from ui.design.markdown import escape_markdown

TASK_PARAMETER = "task"
"""Query parameter of a workload's page: the task whose tab it opens."""
WORKLOAD_PARAMETER = "workload"
"""Query parameter of the page Sweep: the workload that it sweeps over."""
TOUR_PARAMETER, TOUR_STEP_PARAMETER = "tour", "tour_step"
"""Query parameters of every page: the tour that it is shown in, and the number of its step, from 1."""
TOUR_PART_PARAMETER, TOUR_REHEARSAL_PARAMETER = "tour_part", "tour_rehearsal"
"""Query parameters of the page of a step: the part that the presenter view shows, from 1, if it is on; and `1` in a
rehearsal. They survive a reload, and links to steps do not have them."""
TOUR_PARAMETERS = (TOUR_PARAMETER, TOUR_STEP_PARAMETER, TOUR_PART_PARAMETER, TOUR_REHEARSAL_PARAMETER)
MIN_ID_CHARS = 4
"""Shorter beginnings of an id are not looked up."""
MAX_SHOWN_IDS = 4
SHORT_ID_CHARS = 8
"""Digits of an id in links."""
HIDDEN_KIND = "hidden"
"""Kind of the entry that strangers see instead of a job of a private workload."""
HIDDEN_TITLE = "A job of the operator"
MAX_EARLIER_RUNS = 50
"""Runs of a plan among which the last one on the same machine is looked for."""


def read_status(job_id: str) -> JobStatus:
    """The state of a job of any process of the server's user, or of a stored one. Raises StoreError."""
    status = services.get_dispatcher().status(job_id)
    if shows_everything():
        return status
    is_hidden = status.record and status.record.plan.workload in list_private_workloads()
    if is_hidden or any(entry.job_id == job_id and entry.kind == HIDDEN_KIND for entry in list_entries()):
        return JobStatus(problem=UNKNOWN_JOB)
    record = redact_record(status.record) if status.record else None
    return JobStatus(place=status.place, record=record, problem=hide_paths(status.problem))


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page with query parameters, for st.page_link."""

    page: str
    query: dict[str, str]


def list_entries() -> list[QueueEntry]:
    """The jobs that wait or run, as this session's visitor may see them. Raises OSError."""
    return hide_private_entries(services.get_dispatcher().entries())


def hide_private_entries(entries: Sequence[QueueEntry]) -> list[QueueEntry]:
    """`entries` for this session's visitor: strangers see that a job of a private workload is in the queue, and no
    more."""
    if shows_everything():
        return list(entries)
    private = list_private_workloads()
    hidden = {"kind": HIDDEN_KIND, "workload": "", "task": "", "digest": "", "title": HIDDEN_TITLE}
    hidden |= {"origin": "", "requester": ""}
    return [entry.model_copy(update=hidden) if entry.workload in private else entry for entry in entries]


def describe_origin(entry: QueueEntry) -> str:
    """Where a job comes from, such as `from the page`; empty if the visitor may not know. As Markdown."""
    return f"from the {escape_markdown(entry.origin)}" if entry.origin else ""


def link_to_entry(entry: QueueEntry) -> PageLink | None:
    """Where a job that waits or runs can be followed; None for a race of a workload without a page, and for a job that
    the visitor may not see.

    A race is followed on the tab of its settings, and a measurement on the page Runs, which draws every measurement. A
    question is seen only by the session that asked; the link leads to its tab.
    """
    if entry.kind == HIDDEN_KIND:
        return None
    if entry.kind is JobKind.MEASUREMENT:
        return PageLink(services.page_script("runs"), {"run": entry.job_id})
    plan = find_active_plan(entry)
    settings = to_query(plan) if plan else {}
    if entry.kind is JobKind.RACE:
        page = services.workload_page_script(entry.workload)
        return PageLink(page, settings | {"run": entry.job_id}) if page else None
    return link_to_task(entry.workload, entry.task, settings)


def link_to_task(workload: str, task: str, settings: dict[str, str]) -> PageLink | None:
    """The tab of a task on the page of its workload, with these settings of a plan; None without a page. Without a
    task, the tab of the settings."""
    page = services.workload_page_script(workload)
    return PageLink(page, settings | ({TASK_PARAMETER: task} if task else {})) if page else None


def find_active_plan(entry: QueueEntry) -> Plan | None:
    """The plan of a job that this server queued, also while it waits. None for a job of another process or of another
    visitor."""
    job = services.find_order(entry.job_id) or services.get_interactive_tasks().find(entry.job_id)
    visitor = find_visitor()
    return job.plan if job and (visitor.is_operator or visitor.owns(job.owner)) else None


class AmbiguousIdError(ValueError):
    """Several jobs begin with an id. The message names them."""


def find_job_id(text: str) -> str:
    """The id of the job whose id begins with `text`; `text` itself if there is none, or if it is too short to look up.
    Only jobs that the visitor may see are found.

    Every address that names a job is read by this function. Raises AmbiguousIdError, OSError and StoreError.
    """
    if is_job_id(text) or len(text) < MIN_ID_CHARS:
        return text
    visible = [entry.job_id for entry in list_entries() if entry.kind != HIDDEN_KIND]
    active = {job_id for job_id in visible if job_id.startswith(text)}
    found = sorted(active | set(services.get_store().find(text, **filter_visible())))
    if len(found) > 1:
        shown = ", ".join(job_id[: len(text) + 4] for job_id in found[:MAX_SHOWN_IDS])
        raise AmbiguousIdError(f"{len(found)} runs begin with {text}: {shown}. Use more digits of the id.")
    return found[0] if found else text


def load_record(job_id: str) -> JobRecord | None:
    """A stored job; None if there is none. Raises StoreError."""
    record = services.get_store().load(job_id)
    if record is None or shows_everything():
        return record
    return None if record.plan.workload in list_private_workloads() else redact_record(record)


def find_row(job_id: str) -> JobRow | None:
    """One job as lists show it. Raises StoreError."""
    row = services.get_store().row(job_id)
    if row is None or shows_everything():
        return row
    return None if row.workload in list_private_workloads() else redact_row(row)


def find_previous_run(run: Run) -> JobRow | None:
    """The last finished run of the same plan on the same machine before `run`; None if there is none. Raises
    StoreError."""
    rows = list_rows(
        limit=MAX_EARLIER_RUNS,
        kind=JobKind.RACE,
        digest=run.digest,
        state=State.FINISHED,
        started_before=run.started,
    )
    return next((row for row in rows if row.ratio is not None and row.is_from(run.machine)), None)


def comparison_query(*run_ids: str) -> dict[str, str]:
    """The query of the page Runs that compares runs."""
    return {"compare": ",".join(run_id[:SHORT_ID_CHARS] for run_id in run_ids)}


def list_rows(*, limit: int | None = DEFAULT_LIMIT, offset: int = 0, **filters: Unpack[JobFilter]) -> list[JobRow]:
    """As `Store.rows`, without the jobs that the visitor may not see. Raises StoreError."""
    rows = services.get_store().rows(limit=limit, offset=offset, **(filters | filter_visible()))
    return rows if shows_everything() else [redact_row(row) for row in rows]


def filter_visible() -> JobFilter:
    """The jobs that this session's visitor may see."""
    return JobFilter() if shows_everything() else JobFilter(without_workloads=list_private_workloads())


def list_private_workloads() -> list[str]:
    """The workloads that run code of the operator's own, whose jobs strangers do not see."""
    return [name for name, workload in load_workloads().items() if workload.local_only]
