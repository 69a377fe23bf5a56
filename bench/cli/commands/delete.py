"""`delete`: remove stored races and measurements."""

from __future__ import annotations

import argparse

from bench.cli.console import make_console
from bench.cli.job_ids import SHOWN_ID_DIGITS, find_stored_job
from bench.scheduler.recovery import recover_jobs
from bench.storage.store import Store

EXAMPLES = """\
examples:
  python -m bench delete 3f1c2b7a
  python -m bench delete 3f1c2b7a 90d4e6aa
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "delete",
        help="remove stored races and measurements, started by anyone",
        description="Remove stored races and measurements with their samples and pictures. If one of them is not "
        "found, none is removed. Attempts at a plan still count. A job that waits or runs is not stored yet: use "
        "'stop' first. Uploads stay until 'clean' removes them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ids", nargs="+", metavar="ID", help="an id that 'show' lists, or the beginning of it")
    parser.set_defaults(command=delete_jobs)


def delete_jobs(options: argparse.Namespace) -> int:
    store = Store()
    recover_jobs(store)
    # All of them first, so that a mistyped id deletes nothing. The same job may be named twice.
    job_ids = dict.fromkeys(find_stored_job(store, beginning) for beginning in options.ids)
    console = make_console()
    for job_id in job_ids:
        row = store.row(job_id)
        if row is None or not store.delete(job_id):
            console.print(f"{job_id[:SHOWN_ID_DIGITS]} has just been deleted by another process.")
            continue
        started = f"{row.started.astimezone():%Y-%m-%d %H:%M}"
        console.print(f"Deleted {job_id[:SHOWN_ID_DIGITS]}: {row.title}, {row.state}, started {started}.")
    return 0
