"""`compare`: several stored races of one plan side by side."""

from __future__ import annotations

import argparse

from rich.console import Console

from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import CommandError
from bench.cli.job_ids import load_stored_races
from bench.run.run_comparison import (
    MAX_COMPARED_RUNS,
    MIN_COMPARED_RUNS,
    NotComparableError,
    RunComparison,
    compare_runs,
)
from bench.scheduler.recovery import recover_jobs
from bench.storage.store import Store
from bench.values.output import Table

MACHINES_OPTION = "--different-machines"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "compare",
        help="several stored races of one plan: what differs, and how far their times differ",
        description=f"Compare {MIN_COMPARED_RUNS} to {MAX_COMPARED_RUNS} stored races of one plan with the earliest of "
        "them: first what differs in their environments, then the time of each arm and the ratio, per step, with 95 % "
        "intervals. Races of different plans are refused.",
    )
    parser.add_argument("ids", nargs="+", metavar="RUN", help="an id that 'show' lists, or the beginning of it")
    parser.add_argument(
        MACHINES_OPTION,
        action="store_true",
        help="yes, compare races of different machines too; the result says that it is one of different machines",
    )
    parser.set_defaults(command=compare_stored)


def compare_stored(options: argparse.Namespace) -> int:
    store = Store()
    recover_jobs(store)
    runs = load_stored_races(store, options.ids)
    try:
        comparison = compare_runs(runs, different_machines=options.different_machines)
    except NotComparableError as error:
        remedy = f" To compare different machines, add {MACHINES_OPTION}." if error.only_machines else ""
        reasons = "".join(f"\n  {reason}" for reason in error.reasons)
        raise CommandError(
            f"these runs cannot be compared:{reasons}{remedy and f'{chr(10)}{remedy.strip()}'}"
        ) from error
    print_comparison(make_console(), comparison)
    return 0


def print_comparison(console: Console, comparison: RunComparison) -> None:
    """The differences first, then times and ratios."""
    console.print(f"{comparison.runs[0].snapshot.title}, {len(comparison.runs)} runs", style="bold")
    for warning in comparison.warnings:
        console.print(warning, style="yellow")
    if comparison.differences.rows:
        _print_table(console, comparison.differences)
    else:
        console.print("Same settings, same machine, same software and environment.")
    for table in (comparison.arms, comparison.ratios):
        console.print()
        _print_table(console, table)


def _print_table(console: Console, content: Table) -> None:
    console.print(f"{content.label}:")
    table = make_table(console, *content.columns)
    for row in content.rows:
        table.add_row(*row)
    print_table(console, table)
