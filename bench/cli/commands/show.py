"""`show`: stored races and measurements."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from bench.cli.arguments import add_json_option
from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import CommandError
from bench.cli.job_ids import SHOWN_ID_DIGITS, find_stored_job
from bench.cli.json_output import STANDARD_OUTPUT, check_json_file, write_json
from bench.cli.measurement_report import print_measurement
from bench.cli.race_report import print_run
from bench.formatting import format_estimate
from bench.run.job import IMPORT_ORIGIN
from bench.run.record import Run
from bench.scheduler.recovery import describe_left_files, recover_jobs
from bench.storage.attempts import format_position
from bench.storage.store import Store

MAX_LISTED_JOBS = 50


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "show",
        help="a stored race or measurement, or the list of the newest",
        description=f"Print a stored race or measurement. Without an id, list the newest {MAX_LISTED_JOBS}.",
    )
    parser.add_argument("id", nargs="?", help="its id, or the beginning of it")
    add_json_option(parser, "it")
    parser.set_defaults(command=show_job)


def show_job(options: argparse.Namespace) -> int:
    check_json_file(options.json)
    store = Store()
    recover_jobs(store)
    console = make_console()
    if options.id is None:
        _list_jobs(console, store)
        for sentence in [*describe_left_files(), *filter(None, [store.notice])]:
            print(f"bench: {sentence}", file=sys.stderr)
        return 0
    record = store.load(find_stored_job(store, options.id))
    if record is None:
        raise CommandError(f"job {options.id!r} has just been deleted")
    attempts = store.summarize_attempts(record) if isinstance(record, Run) else None
    if options.json != STANDARD_OUTPUT:
        if isinstance(record, Run):
            print_run(console, record, attempts)
        else:
            print_measurement(console, record)
    write_json(record, options.json, attempts)
    return 0


def _list_jobs(console: Console, store: Store) -> None:
    table = make_table(console, "id", "started", "job", "state", "ratio", "attempt", "claim", right=("ratio",))
    rows = store.rows(limit=MAX_LISTED_JOBS, with_imported=True)
    attempts = store.summarize_attempts_of_all(rows)
    for row in rows:
        table.add_row(
            row.id[:SHOWN_ID_DIGITS],
            f"{row.started.astimezone():%Y-%m-%d %H:%M}",
            row.title,
            ", ".join([str(row.state), *["edited"] * row.edited, *["imported"] * (row.origin == IMPORT_ORIGIN)]),
            format_estimate(row.interval) if row.interval else "",
            format_position(attempts[row.id]) if row.id in attempts else "",
            row.sentence or "",
        )
    print_table(console, table)
