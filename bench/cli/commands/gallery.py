"""`gallery`: all cases of the estimators, one short race after the other, and a table of what they found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from bench.claims.case_table import CaseLine, describe_case
from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import EXIT_STATUS, CommandError
from bench.cli.progress import ProgressLine, follow_job
from bench.formatting import format_median, format_ratio_with_interval
from bench.machine.describe import describe_machine
from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.validation import PlanError, find_workload
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.case_series import (
    MAX_SEARCHED_RUNS,
    SHORT_BUDGET_S,
    SeriesSettings,
    choose_row,
    is_fresh,
    plan_series,
)
from bench.scheduler.dispatcher import Dispatcher
from bench.storage.store import Store
from bench.system.limits import core_limit
from bench.values.base import Arm
from bench.values.claims import UNDECIDED
from bench.workload.declaration import Workload
from bench.workload.interface import BadInput, format_bad_input
from bench.workload.parameters import Setting

WORKLOAD = "estimators"
COLUMNS = (
    *("estimator", "step", "rows × columns", "stock", "accelerated", "ratio (95 %)", "claim", "cores used"),
    *("path", "quality", "reason"),
)
EXAMPLES = """\
examples:
  python -m bench gallery
  python -m bench gallery --cores 1 --batch 3000 --set dtype=float32
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
    parser.add_argument("--cores", type=int, metavar="N", help="number of cores (default: all that may be used)")
    parser.add_argument("--batch", type=int, metavar="N", help="number of rows (default: that of each case)")
    parser.add_argument(
        "--budget",
        type=float,
        dest="budget_s",
        default=SHORT_BUDGET_S,
        metavar="SECONDS",
        help=f"time budget of each race (default: {SHORT_BUDGET_S:g}); slow cases use 60 to 120 s, for 8 pairs",
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
    settings = SeriesSettings(
        cores=options.cores or core_limit(),
        batch=options.batch,
        budget_s=options.budget_s,
        parameters=_read_settings(workload, options.set),
    )
    plans = plan_series(workload, _list_cases(workload, options.case), settings)
    dispatcher, machine = Dispatcher(), describe_machine()
    lines: list[CaseLine] = []
    status = 0
    for number, plan in enumerate(plans, 1):
        run = None if options.again else _find_fresh(dispatcher.store, plan, machine)
        if run is None:
            print(f"{plan.case} ({number} of {len(plans)})", file=sys.stderr)
            run, race_status = _race(dispatcher, plan)
            status = status or race_status
        if run is not None:
            lines += describe_case(run)
        if status == EXIT_STATUS[State.STOPPED]:
            break
    _print_lines(make_console(), lines)
    return status


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
    return settings


def _find_fresh(store: Store, plan: Plan, machine: Machine) -> Run | None:
    """The stored race of `plan` that need not be repeated. Raises StoreError."""
    row = choose_row(store.rows(kind=JobKind.RACE, digest=plan.digest, limit=MAX_SEARCHED_RUNS), machine)
    run = store.load(row.id) if row and row.state is State.FINISHED else None
    return run if isinstance(run, Run) and is_fresh(run, machine) else None


def _race(dispatcher: Dispatcher, plan: Plan) -> tuple[Run | None, int]:
    """The race of `plan`, None if it has not begun, and its exit status."""
    try:
        run_id = dispatcher.submit_race(plan, origin="command line")
    except BadInput as error:
        print(f"bench: {plan.case}: {format_bad_input(error)}", file=sys.stderr)
        return None, EXIT_STATUS[State.FAILED]
    end = follow_job(dispatcher, run_id, ProgressLine())
    if end.problem:
        print(f"bench: {plan.case}: {end.problem}", file=sys.stderr)
    return end.record if isinstance(end.record, Run) else None, end.exit_status


def _print_lines(console: Console, lines: Sequence[CaseLine]) -> None:
    table = make_table(console, *COLUMNS, right=("stock", "accelerated"))
    for line in lines:
        found = line.comparison
        size = "" if line.rows is None else f"{line.rows:,} × {line.columns:,}" if line.columns else f"{line.rows:,}"
        table.add_row(
            line.label,
            line.step_label,
            size,
            *(format_median(found.summary(arm)) if found else "" for arm in Arm),
            format_ratio_with_interval(found.ratio) if found else "",
            line.claim_state.value if line.claim_state else UNDECIDED,
            " | ".join(f"{found.summary(arm).effective_cores:.2f}" for arm in Arm) if found else "",
            line.path.value,
            line.quality if line.is_total else "",
            line.reason,
        )
    print_table(console, table)
