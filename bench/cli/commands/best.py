"""`best`: find the best of each stage of an application by racing, and confirm it with a race of its own."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from bench.cli.arguments import add_json_option, add_plan_options, add_race_options, plan_from_options
from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import EXIT_STATUS, CommandError
from bench.cli.json_output import STANDARD_OUTPUT, check_json_file, write_json
from bench.cli.race_report import print_run
from bench.cli.series import ConsoleRacer
from bench.formatting import format_count
from bench.machine.describe import describe_machine
from bench.plan.command import format_command
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.run.events import State
from bench.scheduler.best_stages import (
    BestStages,
    BestStagesGoal,
    SelectedRuns,
    estimate_choice_s,
    plan_all_stages,
)
from bench.scheduler.best_stages_text import describe_result, list_stage_lines
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.race_series import RaceSeries, SeriesHistory, SeriesProgress

EXAMPLES = """\
examples:
  python -m bench best documents --cores 2
  python -m bench best documents --set classifier=logistic-regression --budget 60 --json result.json
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "best",
        help="find which stages of an application gain on this machine, and confirm them with a race of their own",
        description="Race an application with all its stages accelerated, again without the stages that lose, and at "
        "last with those that gain. Only the last race is to be quoted: its samples decided nothing. A choice that is "
        "stored and up to date is printed without a race; one that was stopped goes on.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workload", help="a name that 'list' shows, of a workload with stages")
    add_plan_options(parser)
    add_race_options(parser)
    parser.add_argument("--again", action="store_true", help="find it again, even if a choice is stored")
    add_json_option(parser, "the race that confirms the choice")
    parser.set_defaults(command=find_best)


def find_best(options: argparse.Namespace) -> int:
    plan = plan_all_stages(plan_from_options(options))
    if unavailable := resolve(plan).unavailable():
        raise CommandError(f"{plan.workload} cannot run here: {unavailable}")
    check_json_file(options.json)
    dispatcher, machine = Dispatcher(), describe_machine()
    since = datetime.now(UTC) if options.again else None
    goal = BestStagesGoal(plan, SelectedRuns(dispatcher.store, machine, since))
    history = SeriesHistory(dispatcher.store, machine, again=options.again)
    if races := goal.count_races(history):
        minutes = math.ceil(estimate_choice_s(goal, history) / 60)
        print(f"at most {format_count(races, 'race')}, about {minutes:,} min", file=sys.stderr)
    series, racer = RaceSeries([goal], history), ConsoleRacer(dispatcher)
    try:
        series.run(racer, _report_races(goal))
    except KeyboardInterrupt:
        # While the input is checked, or while the same race from elsewhere runs: there is no race to stop.
        racer.stopped = True
    if why := series.progress.why_ended:
        print(f"bench: the choice has ended early: {why}", file=sys.stderr)
    for problem in history.problems.values():
        print(f"bench: {problem}", file=sys.stderr)
    choice = goal.find_choice()
    if options.json != STANDARD_OUTPUT:
        _print_choice(make_console(), choice, dispatcher)
    if (run := choice.confirmed_by) is not None:
        write_json(run, options.json, dispatcher.store.summarize_attempts(run))
    if racer.stopped:
        return EXIT_STATUS[State.STOPPED]
    return 0 if choice.is_over else racer.find_status(history, [goal]) or EXIT_STATUS[State.FAILED]


def _report_races(goal: BestStagesGoal) -> Callable[[SeriesProgress], None]:
    """A function that prints what is raced next."""
    last: list[Plan] = []

    def report(progress: SeriesProgress) -> None:
        plan = progress.plan
        if plan is None or plan in last[-1:]:
            return
        last.append(plan)
        print(f"race {len(last)}: {goal.describe_race(plan)}", file=sys.stderr)

    return report


def _print_choice(console: Console, choice: BestStages, dispatcher: Dispatcher) -> None:
    if run := choice.confirmed_by:
        print_run(console, run, dispatcher.store.summarize_attempts(run))
        console.print()
    console.print(f"{describe_result(choice)}.", style="bold")
    if changes := choice.changes:
        console.print(f"Out of date: since then, something has changed: {'; '.join(changes)}.")
    lines = list_stage_lines(choice)
    if not lines:
        return
    table = make_table(console, "stage", "when chosen", "verdict", "kept", "when confirmed", "why")
    for line in lines:
        table.add_row(line.label, line.chosen, line.verdict, "yes" if line.is_kept else "no", line.confirmed, line.why)
    print_table(console, table)
    if choice.confirmed_by:
        console.print(f"To race these stages again: {format_command(choice.plan)}")
