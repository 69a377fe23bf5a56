"""`measure`: one measurement of a workload that is not a race."""

from __future__ import annotations

import argparse
import json
import sys

from bench.cli.arguments import add_json_option, add_plan_options, parse_json_object, plan_from_options
from bench.cli.errors import CommandError
from bench.cli.json_output import STANDARD_OUTPUT, check_json_file, write_json
from bench.cli.progress import ProgressLine, follow_job
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.scheduler.dispatcher import Dispatcher
from bench.workload.interface import BadInput, format_bad_input
from bench.workload.tasks import Task

EXAMPLES = """\
examples:
  python -m bench measure memory-traffic roofline --cores 2
  python -m bench measure modin break_even --arguments '{"call": "map", "budget_s": 60}' --json result.json

'list' shows the measurements of each workload, with their arguments and defaults.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "measure",
        help="measure something other than a race: a curve, a conversion, a profile",
        description="Do one of a workload's measurements. Every value that it reports, and its result, is printed as a "
        "line of JSON. The measurement is stored.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workload", help="a name that 'list' shows")
    parser.add_argument("task", metavar="measurement", help="one of the workload's measurements")
    add_plan_options(parser)
    parser.add_argument(
        "--arguments", type=parse_json_object, default={}, metavar="JSON", help="the measurement's arguments, an object"
    )
    add_json_option(parser, "the measurement")
    parser.set_defaults(command=run_measurement)


def run_measurement(options: argparse.Namespace) -> int:
    plan = plan_from_options(options)
    resolved = resolve(plan)
    lever = resolved.lever.name
    if any(assignment.startswith(f"{lever}=") for assignment in options.set):
        raise PlanError([f"--set {lever}=…: measurements ignore the lever; remove this option"])
    task = _find_measurement(resolved.workload.tasks.entries, options.task, plan.workload)
    if unavailable := resolved.unavailable():
        raise CommandError(f"{plan.workload} cannot run here: {unavailable}")
    check_json_file(options.json)
    dispatcher = Dispatcher()
    try:
        job_id = dispatcher.submit_measurement(plan, task.name, options.arguments, origin="command line")
    except BadInput as error:
        raise PlanError([format_bad_input(error)]) from error
    line = ProgressLine()
    printer = _ReportPrinter(line, silent=options.json == STANDARD_OUTPUT)
    end = follow_job(dispatcher, job_id, line, printer.print_new)
    problem = end.problem
    if isinstance(end.record, MeasurementRecord):
        printer.print_result(end.record)
        problem = problem or _describe_end(end.record)
    if problem:
        print(f"bench: {problem}", file=sys.stderr)
    if isinstance(end.record, MeasurementRecord):
        write_json(end.record, options.json)
    return end.exit_status


def _find_measurement(tasks: tuple[Task, ...], name: str, workload: str) -> Task:
    """Raises PlanError if the workload has no such task, or if it only answers on its page."""
    measurements = {task.name: task for task in tasks if not task.resident}
    if name not in measurements:
        names = ", ".join(measurements) or "none"
        raise PlanError([f"{name}: {workload} has no such measurement; it has {names}"])
    return measurements[name]


def _describe_end(record: MeasurementRecord) -> str:
    """Why the measurement has no result; empty if it has one."""
    if record.failure:
        return f"{record.failure.what}. {record.failure.remedy}".strip()
    return "" if record.state is State.FINISHED else str(record.state)


class _ReportPrinter:
    """Prints every reported value once, and the result, as lines of JSON."""

    def __init__(self, line: ProgressLine, *, silent: bool) -> None:
        self._line, self._silent = line, silent
        self._printed = 0

    def print_new(self, record: JobRecord) -> None:
        if self._silent or not isinstance(record, MeasurementRecord):
            return
        new = record.reports[self._printed :]
        if new:
            self._line.clear()
        for report in new:
            print(json.dumps({report.name: report.value}), flush=True)
        self._printed += len(new)

    def print_result(self, record: MeasurementRecord) -> None:
        if record.result is not None and not self._silent:
            print(json.dumps({"result": record.result}))
