"""`gallery`: all cases of the estimators, one short race after the other, and a table of what they found."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence

from bench.claims.case_table import describe_case
from bench.cli.console import make_console
from bench.cli.errors import CommandError
from bench.cli.gallery_table import CaseResults, print_results
from bench.cli.series import ConsoleRacer
from bench.formatting import format_cores, format_count
from bench.machine.describe import describe_machine
from bench.plan.plan import Plan
from bench.plan.validation import PlanError, find_workload
from bench.scheduler.case_series import SHORT_BUDGET_S, SeriesSettings, find_fresh_run, plan_series, plan_sizes
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.race_series import (
    RaceSeries,
    SeriesHistory,
    SeriesProgress,
)
from bench.scheduler.race_time import estimate_race_s, explain_slow, forecast_pair_s
from bench.scheduler.series_goals import BreakEvenGoal, Goal, ResultGoal, collect_pair_times
from bench.system.limits import core_limit
from bench.workload.declaration import Workload
from bench.workload.parameters import Setting

WORKLOAD = "estimators"
DATA_PARAMETER, GENERATED = "data", "generated"
OWN_TABLE_PARAMETER, NO_TABLE = "file", "none"
DEFAULT_MAX_ROWS = 300_000
EXAMPLES = """\
examples:
  python -m bench gallery
  python -m bench gallery --cores 1 --batch 3000 --set dtype=float32
  python -m bench gallery --cores 1 --cores 2
  python -m bench gallery --break-even --case ridge --case svc --cores 1
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "gallery",
        help="all estimators, one short race after the other, as one table",
        description="Race every case of the estimators, with the default parameters of each, and print one table. The "
        "races are stored. Cases that have a result with these settings are not raced again.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--case", action="append", metavar="CASE", help="only this case; may be repeated")
    parser.add_argument(
        "--cores",
        type=int,
        action="append",
        metavar="N",
        help="number of cores (default: all that may be used); may be repeated, for columns side by side",
    )
    parser.add_argument("--batch", type=int, metavar="N", help="number of rows (default: that of each case)")
    parser.add_argument(
        "--break-even",
        action="store_true",
        help="race other numbers of rows too, to find the one from which on each case is faster",
    )
    parser.add_argument(
        "--max-rows",
        type=int,
        metavar="N",
        help=f"with --break-even: the largest number of rows (default: {DEFAULT_MAX_ROWS:,})",
    )
    parser.add_argument(
        "--budget",
        type=float,
        dest="budget_s",
        default=SHORT_BUDGET_S,
        metavar="SECONDS",
        help=f"time budget of each race (default: {SHORT_BUDGET_S:g}); slow cases use 30 to 90 s, for 8 pairs",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the cases that have it; may be repeated",
    )
    parser.add_argument("--again", action="store_true", help="race the cases that have a result too")
    parser.set_defaults(command=race_gallery)


def race_gallery(options: argparse.Namespace) -> int:
    workload = find_workload(WORKLOAD)
    if unavailable := workload.unavailable():
        raise CommandError(f"{WORKLOAD} cannot run here: {unavailable}")
    goals = _make_goals(workload, options)
    dispatcher = Dispatcher()
    history = SeriesHistory(dispatcher.store, describe_machine(), again=options.again)
    _print_forecast(workload, history, goals)
    series, racer = RaceSeries(goals, history), ConsoleRacer(dispatcher)
    try:
        series.run(racer, _report_races(len(goals)))
    except KeyboardInterrupt:
        # While inputs are checked, or while the same race from elsewhere runs: there is no race to stop.
        racer.stopped = True
    if why := series.progress.why_ended:
        print(f"bench: the series has ended early: {why}", file=sys.stderr)
    _print_problems(history, goals)
    print_results(make_console(), _list_results(history, racer, goals), with_break_even=options.break_even)
    return racer.find_status(history, goals)


def _print_problems(history: SeriesHistory, goals: Sequence[Goal]) -> None:
    """Why plans have no result."""
    for goal in goals:
        for plan in goal.plans:
            where = f"bench: {plan.case} at {plan.batch:,} rows"
            if problem := history.problems.get(plan.digest):
                print(f"{where}: {problem}", file=sys.stderr)
            elif isinstance(goal, BreakEvenGoal) and (found := history.find(plan)) and found.failed:
                print(f"{where} failed before: {found.size.reason} Use --again to race it again.", file=sys.stderr)


def _make_goals(workload: Workload, options: argparse.Namespace) -> list[Goal]:
    """Raises PlanError."""
    names, parameters = _list_cases(workload, options.case), _read_settings(workload, options.set)
    max_rows = _read_max_rows(options, parameters)
    series = [
        plan_series(
            workload,
            names,
            SeriesSettings(cores=cores, batch=options.batch, budget_s=options.budget_s, parameters=parameters),
        )
        for cores in sorted(set(options.cores or [core_limit()]))
    ]
    # All core counts of a case, one after the other.
    plans = [plan for plans in zip(*series, strict=True) for plan in plans]
    if max_rows is None:
        return [ResultGoal(plan) for plan in plans]
    return [BreakEvenGoal(plan, tuple(plan_sizes(workload, plan, max_rows))) for plan in plans]


def _read_max_rows(options: argparse.Namespace, parameters: dict[str, Setting]) -> int | None:
    """The largest number of rows of a search; None without one. Raises PlanError."""
    if not options.break_even:
        if options.max_rows is not None:
            raise PlanError(["--max-rows: it belongs to --break-even; add that, or use --batch for one number of rows"])
        return None
    if parameters.get(DATA_PARAMETER, GENERATED) != GENERATED:
        raise PlanError([f"--break-even: real data has only so many rows; leave out --set {DATA_PARAMETER}=…"])
    max_rows = DEFAULT_MAX_ROWS if options.max_rows is None else options.max_rows
    largest = find_workload(WORKLOAD).batch.maximum
    if largest is not None and not 0 < max_rows <= largest:
        raise PlanError([f"--max-rows: expected an integer from 1 to {largest:,.0f}, got {max_rows:,}"])
    return max_rows


def _list_cases(workload: Workload, chosen: Sequence[str] | None) -> list[str]:
    """Raises PlanError."""
    known = [case.name for case in workload.cases]
    if unknown := [name for name in chosen or () if name not in known]:
        raise PlanError([f"case: there is no {name!r}; there are {', '.join(known)}" for name in unknown])
    return [name for name in known if not chosen or name in chosen]


def _read_settings(workload: Workload, assignments: Sequence[str]) -> dict[str, Setting]:
    """Raises PlanError."""
    known = {parameter.name for case in workload.cases for parameter in workload.parameters_of(case)}
    settings: dict[str, Setting] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise PlanError([f"--set {assignment}: expected NAME=VALUE"])
        if name not in known:
            raise PlanError([f"{name}: no case of {workload.name} has such a parameter"])
        settings[name] = value
    if settings.get(OWN_TABLE_PARAMETER, NO_TABLE) != NO_TABLE:
        raise PlanError(
            [
                f"--set {OWN_TABLE_PARAMETER}=…: the gallery races data that it makes for each number of rows, and "
                "keeps results. A table has only its own rows, and may change. Race it with "
                f"python -m bench run {workload.name} --case CASE --set {OWN_TABLE_PARAMETER}=…"
            ]
        )
    return settings


def _print_forecast(workload: Workload, history: SeriesHistory, goals: Sequence[Goal]) -> None:
    """How long the series takes, and which cases are too slow for a claim."""
    total_s, races = 0.0, 0
    for goal in goals:
        left = goal.count_races(history)
        if not left:
            continue
        plan = goal.first
        sizes = plan_sizes(workload, plan, max(plan.batch, DEFAULT_MAX_ROWS))
        pair_s = forecast_pair_s(plan, collect_pair_times(history, sizes))
        if slow := explain_slow(plan, pair_s):
            print(f"bench: {plan.case} at {plan.batch:,} rows will probably make no claim: {slow}", file=sys.stderr)
        races += left
        total_s += left * estimate_race_s(plan, None, pair_s)
    if races:
        minutes = math.ceil(total_s / 60)
        print(f"at most {format_count(races, 'race')}, about {minutes:,} min", file=sys.stderr)


def _report_races(goal_count: int) -> Callable[[SeriesProgress], None]:
    """A function that prints what is raced next."""
    last: list[Plan] = []

    def report(progress: SeriesProgress) -> None:
        plan = progress.plan
        if plan is not None and plan not in last[-1:]:
            last.append(plan)
            print(
                f"{plan.case} ({progress.goal + 1} of {goal_count}): {plan.batch:,} rows, {format_cores(plan.cores)}",
                file=sys.stderr,
            )
        if progress.waits_for:
            print(f"waiting for the same race from elsewhere, {progress.waits_for[:8]}", file=sys.stderr)

    return report


def _list_results(history: SeriesHistory, racer: ConsoleRacer, goals: Sequence[Goal]) -> Iterator[CaseResults]:
    """Raises StoreError."""
    for goal in goals:
        plan = goal.first
        # The series' own race comes first: it may have failed, and then says why.
        run = racer.records.get(plan.digest) or find_fresh_run(history.store, plan, history.machine)
        break_even = goal.find_break_even(history)
        if run is not None:
            yield CaseResults(plan, tuple(describe_case(run)), break_even)
        elif break_even is not None and break_even.sizes:
            # The size of the gallery failed, and others have a result.
            yield CaseResults(plan, (), break_even)
