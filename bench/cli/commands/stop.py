"""`stop`: end a job that waits or runs."""

from __future__ import annotations

import argparse
import time
from datetime import datetime

from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import EXIT_STATUS, EXIT_STORE_ERROR, CommandError
from bench.cli.job_ids import SHOWN_ID_DIGITS, choose_job
from bench.run.events import State
from bench.run.files import journal_path
from bench.run.job import JobKind
from bench.scheduler.control import StopRequest, send_request
from bench.scheduler.queue import INTERACTIVE_KIND, Queue
from bench.scheduler.sweep_liveness import is_reachable
from bench.storage.job_row import JobRow
from bench.storage.store import Store

EXAMPLES = """\
examples:
  python -m bench stop
  python -m bench stop 3f1c2b7a
"""
MAX_WAIT_S = 30.0
"""Longest wait for a stopped job to end and to be stored."""
POLL_INTERVAL_S = 0.1


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "stop",
        help="end a job that waits or runs, or list these jobs",
        description="End a job that waits or runs, started by anyone in any program. What it has measured "
        "is stored. Without an id, list the jobs that wait or run on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", nargs="?", help="its id, or the beginning of it")
    parser.set_defaults(command=stop_job)


def stop_job(options: argparse.Namespace) -> int:
    queue = Queue()
    if options.id is None:
        _list_jobs(queue)
        return 0
    entries = {entry.job_id: entry for entry in queue.entries()}
    sweeps = _find_sweeps()
    matches = [job_id for job_id in (*entries, *sweeps) if job_id.startswith(options.id)]
    job_id = choose_job(options.id, matches, "waiting or running", "'stop' without an id lists them")
    if job_id in sweeps:
        return _stop_sweep(sweeps[job_id])
    title, shown_id = entries[job_id].title, job_id[:SHOWN_ID_DIGITS]
    if entries[job_id].kind == INTERACTIVE_KIND:
        raise CommandError(f"{shown_id} ({title}) answers a person at once and cannot be stopped; it ends by itself")
    if not send_request(job_id, StopRequest(origin="command line")):
        raise CommandError(
            f"{shown_id} ({title}) cannot be reached: it has just ended, or another user or another data folder "
            "(FAIRLAP_HOME) started it"
        )
    began = journal_path(job_id).exists()
    if not _wait_for_end(queue, job_id):
        raise CommandError(
            f"{shown_id} ({title}) was asked to stop, and has not ended after {MAX_WAIT_S:g} s. 'stop' without an id "
            "shows whether it still runs",
            EXIT_STATUS[State.FAILED],
        )
    if journal_path(job_id).exists():
        raise CommandError(
            f"{shown_id} ({title}) was stopped and could not be stored; its journal is stored at the next start",
            EXIT_STORE_ERROR,
        )
    outcome = f"'show {shown_id}' prints what it has measured." if began else "It had not begun; nothing is stored."
    make_console().print(f"Stopped {shown_id}: {title}. {outcome}")
    return 0


def _find_sweeps() -> dict[str, JobRow]:
    """The sweeps of this data folder that go on, by id. They wait in no queue: their races do."""
    rows = Store().rows(kind=JobKind.SWEEP, state=State.MEASURING)
    return {row.id: row for row in rows if is_reachable(row.id)}


def _stop_sweep(sweep: JobRow) -> int:
    shown_id = sweep.id[:SHOWN_ID_DIGITS]
    send_request(sweep.id, StopRequest(origin="command line"))
    deadline = time.monotonic() + MAX_WAIT_S
    while is_reachable(sweep.id):
        if time.monotonic() > deadline:
            raise CommandError(
                f"{shown_id} ({sweep.title}) was asked to stop, and goes on after {MAX_WAIT_S:g} s. 'show {shown_id}' "
                "shows its state",
                EXIT_STATUS[State.FAILED],
            )
        time.sleep(POLL_INTERVAL_S)
    make_console().print(f"Stopped {shown_id}: {sweep.title}. 'show {shown_id}' prints what it has measured.")
    return 0


def _wait_for_end(queue: Queue, job_id: str) -> bool:
    """Wait until the job has left the queue, which it does after it is stored. False after `MAX_WAIT_S`."""
    deadline = time.monotonic() + MAX_WAIT_S
    while any(entry.job_id == job_id for entry in queue.entries()):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True


def _list_jobs(queue: Queue) -> None:
    console = make_console()
    entries, sweeps = queue.entries(), _find_sweeps().values()
    if not entries and not sweeps:
        console.print("No job waits or runs.")
        return
    table = make_table(console, "id", "submitted", "job", "by", "from")
    for entry in entries:
        submitted = f"{datetime.fromtimestamp(entry.submitted):%Y-%m-%d %H:%M}"
        table.add_row(entry.job_id[:SHOWN_ID_DIGITS], submitted, entry.title, entry.requester, entry.origin)
    for row in sweeps:
        submitted = f"{row.started.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(row.id[:SHOWN_ID_DIGITS], submitted, row.title, row.requester, row.origin)
    print_table(console, table)
