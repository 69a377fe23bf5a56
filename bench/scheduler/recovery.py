"""Stores the jobs whose processes have died, also those that still waited, and removes their files."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from pydantic import ValidationError

from bench import paths
from bench.claims.verdict import decide_claims
from bench.machine.describe import describe_machine
from bench.plan.validation import PlanError
from bench.run.events import State, StateChanged
from bench.run.files import control_path, damaged_path, journal_path, order_path, scratch_path, unreadable_order_path
from bench.run.job import ENDED_WHILE_WAITING, JobKind
from bench.run.job_record import JobRecord, apply_event, open_record
from bench.run.journal import JournalReader, has_live_writer
from bench.run.record import Run
from bench.run.sweep import SweepRecord
from bench.run.upgrades import NewerVersionError
from bench.scheduler.control import has_reader
from bench.scheduler.order import WaitingOrder, open_job
from bench.scheduler.sweep_liveness import is_live
from bench.storage.store import Store

LOGGER = logging.getLogger(__name__)
EXIT_NOT_STORED = 74
"""Exit status of a runner that could not store its finished job. The journal stays, for the next start."""
EXIT_NOT_BEGUN = 75
"""Exit status of a runner that could not begin its job. The last line of its error log is a sentence that says why."""
PROCESS_ENDED = "its process ended"

_unreadable: dict[Path, str] = {}
"""Why a journal cannot be read. Every start of a job looks at them again, but each is logged once."""


def recover_jobs(store: Store) -> list[str]:
    """Store the jobs whose processes have died, as interrupted; returns their ids.

    Of a journal that is damaged in the middle, the beginning is stored, and the file is renamed to `damaged_path`. A
    journal that cannot be read at all stays where it is, and an order is renamed to `unreadable_order_path`, for a
    person to look at: see `describe_left_files`. Raises StoreError.
    """
    # First: what is left of a pipe tells that the process of its sweep has died, and is removed afterwards.
    recovered = _recover_sweeps(store)
    for path in sorted(paths.journals().glob("*.jsonl")):
        try:
            if has_live_writer(path):
                continue
            record, damage = _read_journal(path)
        except FileNotFoundError:
            continue  # Another process has just recovered it.
        except (OSError, ValueError) as error:
            if _is_empty(path):
                path.unlink(missing_ok=True)
            else:
                _note_unreadable(path, error)
            continue
        if _is_held(record):
            # Nobody had started it: it is no attempt.
            remove_files(record.id)
            path.unlink(missing_ok=True)
            continue
        _complete(record, damage)
        if damage and (row := store.row(record.id)) and row.state in (State.FINISHED, State.FAILED, State.STOPPED):
            LOGGER.warning("The journal %s is damaged; its run was stored before", path)
        else:
            store.save(record)
        remove_files(record.id)
        if damage:
            path.replace(damaged_path(record.id))
        path.unlink(missing_ok=True)
        recovered.append(record.id)
    return recovered + _recover_waiting(store)


def describe_left_files() -> list[str]:
    """What a user should know about files of jobs that could not be read, one sentence each. See `recover_jobs`."""
    sentences = [
        f"{path} cannot be read and stays where it is: {reason}. Look at it, or delete it."
        for path, reason in sorted(_unreadable.items())
        if path.exists()
    ]
    sentences += [
        f"The journal of run {path.stem[:8]} was damaged. What is before the damage was stored; the file is kept as "
        f"{path}. Look at it, or delete it."
        for path in sorted(paths.journals().glob("*.damaged"))
    ]
    return sentences + [
        f"Job {path.stem[:8]} waited when its process ended, and its order cannot be read, so the job was not stored. "
        f"The file is kept for 90 days as {path}. Look at it, or delete it."
        for path in sorted(paths.journals().glob("*.unreadable"))
    ]


def _read_journal(path: Path) -> tuple[JobRecord, str]:
    """The record of a journal, and what is wrong after its last event; empty if nothing is.

    Raises ValueError if not even the first event can be read, or if a newer version wrote it, and OSError.
    """
    events = JournalReader(path).read_new()
    first = next(events, None)
    if first is None:
        raise ValueError("there are no events")
    record, count = open_record(first), 1
    try:
        for event in events:
            apply_event(record, event)
            count += 1
    except NewerVersionError:
        raise
    except ValueError:
        return record, f"its process ended, and its journal is damaged after line {count}"
    return record, ""


def _recover_waiting(store: Store) -> list[str]:
    """Store the jobs that never began, because their dispatchers died while they waited."""
    recovered = []
    for path in paths.journals().glob("*.control"):
        job_id = path.stem
        if has_reader(path) or journal_path(job_id).exists():
            continue
        try:
            waiting = WaitingOrder.model_validate_json(order_path(job_id).read_bytes())
            if waiting.order.waits_for_start:
                remove_files(job_id)
                continue
            interrupt_waiting(waiting, ENDED_WHILE_WAITING, store)
        except FileNotFoundError:
            remove_files(job_id)
            continue
        except (ValidationError, PlanError, KeyError) as error:
            # A newer version wrote it, or the workload has changed. Under its own name the clean-up would remove it.
            LOGGER.warning("The order of job %s cannot be read and is kept: %s", job_id, _format_reason(error))
            order_path(job_id).replace(unreadable_order_path(job_id))
            control_path(job_id).unlink(missing_ok=True)
            continue
        remove_files(job_id)
        recovered.append(job_id)
    return recovered


def _recover_sweeps(store: Store) -> list[str]:
    """Mark the sweeps whose processes have died as interrupted. They can be continued."""
    recovered: list[str] = []
    rows = store.rows(kind=JobKind.SWEEP, state=State.MEASURING)
    machine = describe_machine() if rows else None
    for row in rows:
        record = store.load(row.id)
        if not isinstance(record, SweepRecord) or machine is None or is_live(record, machine):
            continue
        if record.state is State.MEASURING:
            record.state, record.why, record.owner = State.INTERRUPTED, PROCESS_ENDED, row.owner or ""
            record.keep(record.sweep.model_copy(update={"active": ""}))
            store.save(record)
            recovered.append(row.id)
    return recovered


def interrupt_waiting(waiting: WaitingOrder, why: str, store: Store) -> None:
    """Store a job that never began. Raises PlanError, KeyError and StoreError."""
    opened = open_job(waiting.order, describe_machine(), started=waiting.submitted, pid=os.getpid())
    record = open_record(opened)
    record.apply(StateChanged(at=0.0, state=State.INTERRUPTED, why=why))
    store.save(record)


def _note_unreadable(path: Path, error: Exception) -> None:
    if path not in _unreadable:
        _unreadable[path] = _format_reason(error)
        LOGGER.warning("The journal %s cannot be read and stays where it is: %s", path, _unreadable[path])


def _format_reason(error: Exception) -> str:
    """What is wrong with a file, in one line. The texts of pydantic have several lines and an address."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}".removeprefix(": ")
            for found in error.errors(include_url=False)
        )
    return " ".join(str(error).split())


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return False


def _is_held(record: JobRecord) -> bool:
    """Whether it is a race that was held and that nobody had started, see `bench.scheduler.held_race`."""
    if record.state not in (State.PREPARING, State.READY):
        return False
    try:
        order = WaitingOrder.model_validate_json(order_path(record.id).read_bytes()).order
    except (OSError, ValidationError):
        return False  # Any other race: its order is removed when it begins.
    return order.waits_for_start


def _complete(record: JobRecord, damage: str) -> None:
    """Add what the runner would have added at the end."""
    if not record.state.over:
        record.apply(StateChanged(at=record.last_at, state=State.INTERRUPTED, why=damage or PROCESS_ENDED))
    if isinstance(record, Run) and record.statistics and not record.claims:
        record.claims = decide_claims(record)


def remove_files(job_id: str) -> None:
    """Remove the files of a job that is over, except for its journal. Those of version 0.1.0 had other names."""
    shutil.rmtree(scratch_path(job_id), ignore_errors=True)
    for path in paths.journals().glob(f"{job_id}.*"):
        if path not in (journal_path(job_id), damaged_path(job_id)):
            path.unlink(missing_ok=True)
