"""`sweep`: short races over a grid of settings, and what they show together."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable

from bench.cli.arguments import add_json_option, add_plan_options, add_race_options, plan_from_options
from bench.cli.console import make_console
from bench.cli.errors import EXIT_STATUS
from bench.cli.json_output import STANDARD_OUTPUT, check_json_file, write_json
from bench.cli.measurement_report import print_text_report
from bench.cli.series import ConsoleRacer
from bench.formatting import format_count
from bench.machine.describe import describe_machine
from bench.plan.grid import parse_axis
from bench.plan.plan import Plan
from bench.plan.validation import BUDGET_RANGE_S, PlanError
from bench.run.events import State
from bench.run.sweep import CellState, Sweep, SweepRecord
from bench.scheduler.case_series import SHORT_BUDGET_S
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.race_series import SeriesHistory, SeriesProgress
from bench.scheduler.sweep_series import SweepRequest, SweepSeries, find_open_sweep, open_sweep
from bench.sweep.frontier import find_sweet_spot
from bench.sweep.report import describe_estimate
from bench.system.limits import core_limit

DEFAULT_AXES = ("cores", "batch")
EXAMPLES = """\
examples:
  python -m bench sweep colour-quantization --over cores=1,2 --over batch=1..32 --budget-per-cell 10
  python -m bench sweep bert --over instances=1,2 --over cores_per_instance=1,2 --latency 50
  python -m bench sweep estimators --case ridge --over batch=1000..1000000 --json ridge.json
  python -m bench sweep bert --over accelerated=bf16,int8 --over length=128,384

Values are separated by commas. A range such as 1..32 doubles from its first number to its last one; of a setting with
stops, it takes those in between. Without values, a few around the setting are used.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "sweep",
        help="short races over a grid of cores, batch or other settings",
        description="Race every combination of the values of one or two settings, each for a short time. Cells that "
        "have a result with these settings are not raced again, a sweep that was stopped goes on, and every race is "
        "stored.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workload", help="a name that 'list' shows")
    parser.add_argument(
        "--over",
        action="append",
        metavar="NAME=VALUES",
        help="cores, batch, a parameter, a value of the lever (baseline or accelerated), or cores_per_instance; once "
        f"or twice (default: {' and '.join(DEFAULT_AXES)})",
    )
    add_plan_options(parser)
    add_race_options(parser, budget_option="--budget-per-cell")
    parser.add_argument(
        "--latency",
        type=float,
        metavar="MS",
        help="name the cell with the highest throughput whose median time of a repetition is below so many "
        "milliseconds",
    )
    parser.add_argument("--again", action="store_true", help="race the cells that have a result too")
    add_json_option(parser, "the sweep")
    parser.set_defaults(command=sweep_grid)


def sweep_grid(options: argparse.Namespace) -> int:
    if options.budget_s is None:
        options.budget_s = SHORT_BUDGET_S
    low, high = BUDGET_RANGE_S
    if not low <= options.budget_s <= high:
        raise PlanError([f"--budget-per-cell: expected a number from {low:g} to {high:,.0f}, got {options.budget_s:g}"])
    if options.latency is not None and not 0 < options.latency < math.inf:
        raise PlanError([f"--latency: expected milliseconds above 0, got {options.latency:g}"])
    plan, limit = plan_from_options(options), core_limit()
    axes = tuple(parse_axis(plan, text, limit) for text in options.over or DEFAULT_AXES)
    request = SweepRequest(plan, axes, limit, again=options.again)
    request.make_cells()
    check_json_file(options.json)
    dispatcher, machine = Dispatcher(), describe_machine()
    record = None if options.again else find_open_sweep(dispatcher.store, request, machine)
    if record is None:
        record = open_sweep(request, machine, origin="command line")
    else:
        print(f"bench: continues the sweep {record.id[:8]}", file=sys.stderr)
    series = SweepSeries(record, SeriesHistory(dispatcher.store, machine), limit)
    racer = ConsoleRacer(dispatcher)
    try:
        series.run(racer, _report_cells(series))
    except KeyboardInterrupt:
        # While inputs are checked, or while the same race from elsewhere runs: there is no race to stop.
        racer.stopped = True
    if why := series.progress.why_ended:
        print(f"bench: the sweep has ended early: {why}", file=sys.stderr)
    if options.json != STANDARD_OUTPUT:
        _print_sweep(record, series.sweep, options.latency)
    write_json(record, options.json)
    return _find_status(racer, series.sweep, record)


def _report_cells(series: SweepSeries) -> Callable[[SeriesProgress], None]:
    """A function that prints the estimate, and what is raced next."""
    last: list[Plan | None] = []

    def report(progress: SeriesProgress) -> None:
        sweep = series.sweep
        if not last:
            last.append(None)
            _print_forecast(sweep)
        plan = progress.plan
        if plan is None or plan == last[-1]:
            return
        last.append(plan)
        cell = next(cell for cell in sweep.cells if cell.digest == plan.digest)
        done = len(sweep.cells) - sweep.count(CellState.WAITING)
        print(f"cell {done + 1} of {len(sweep.cells)}: {sweep.describe_values(cell.values)}", file=sys.stderr)

    return report


def _print_forecast(sweep: Sweep) -> None:
    waiting = sweep.count(CellState.WAITING)
    reused = sum(cell.is_reused for cell in sweep.cells)
    text = f"{format_count(len(sweep.cells), 'cell')}, {format_count(waiting, 'race')} to make"
    text += f", {reused} measured before" if reused else ""
    print(f"{text}; {describe_estimate(sweep)}" if waiting else text, file=sys.stderr)


def _print_sweep(record: SweepRecord, sweep: Sweep, latency_ms: float | None) -> None:
    console = make_console()
    console.print(f"{record.snapshot.title}, sweep, {record.state}   {record.id[:8]}", style="bold")
    print_text_report(console, record)
    if latency_ms is not None:
        console.print(find_sweet_spot(sweep, record.snapshot, latency_ms / 1000).sentence, soft_wrap=True)


def _find_status(racer: ConsoleRacer, sweep: Sweep, record: SweepRecord) -> int:
    """A failed cell is a result. A sweep in which no cell has one has failed."""
    if racer.stopped or record.state is State.STOPPED:
        return EXIT_STATUS[State.STOPPED]
    return 0 if sweep.count(CellState.MEASURED) else EXIT_STATUS[State.FAILED]
