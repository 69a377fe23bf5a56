"""`history`: the runs of a plan in the order of time, and what changed with a step."""

from __future__ import annotations

import argparse

from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import CommandError
from bench.cli.job_ids import SHOWN_ID_DIGITS, find_stored_job
from bench.formatting import format_duration, format_estimate, format_interval
from bench.run.job import JobKind
from bench.scheduler.recovery import recover_jobs
from bench.storage.plan_history import MAX_HISTORY_RUNS, build_history, filter_history
from bench.storage.store import Store


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "history",
        help="all runs of the plan of a stored race, with step changes and what changed then",
        description="List the runs of a plan on one machine in the order of time, and find the runs since which times "
        "or ratio are others than before. Each step is listed with what changed in the machine and its software.",
    )
    parser.add_argument("id", metavar="RUN", help="an id that 'show' lists, or the beginning of it")
    parser.set_defaults(command=show_history)


def show_history(options: argparse.Namespace) -> int:
    store = Store()
    recover_jobs(store)
    row = store.row(find_stored_job(store, options.id))
    if row is None or row.kind is not JobKind.RACE:
        raise CommandError(f"{options.id} is not a race, or has just been deleted")
    history = build_history(store.rows(limit=MAX_HISTORY_RUNS, **filter_history(row.digest)), store.load)
    console = make_console()
    console.print(f"{row.title}, plan {row.digest}", style="bold")
    table = make_table(console, "id", "started", "baseline", "accelerated", "ratio", "95 % interval", "step")
    for number, one in enumerate(history.rows):
        assert one.interval and one.baseline_s and one.accelerated_s
        table.add_row(
            one.id[:SHOWN_ID_DIGITS],
            f"{one.started.astimezone():%Y-%m-%d %H:%M}",
            format_duration(one.baseline_s),
            format_duration(one.accelerated_s),
            format_estimate(one.interval),
            format_interval(one.interval),
            ", ".join(step.series for step in history.steps if step.position == number),
        )
    print_table(console, table)
    console.print()
    console.print(history.summary)
    for step in history.steps:
        console.print(step.text)
    return 0
