"""`run`: race both arms of a workload."""

from __future__ import annotations

import argparse
import sys

from bench.cli.arguments import add_json_option, add_plan_options, add_race_options, plan_from_options
from bench.cli.console import make_console
from bench.cli.errors import CommandError
from bench.cli.json_output import STANDARD_OUTPUT, check_json_file, write_json
from bench.cli.progress import ProgressLine, follow_job
from bench.cli.race_report import print_run
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.run.record import Run
from bench.scheduler.dispatcher import Dispatcher
from bench.workload.interface import BadInput, format_bad_input

EXAMPLES = """\
examples:
  python -m bench run colour-quantization --cores 2
  python -m bench run bert --accelerated int8 --budget 60 --json result.json
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "run",
        help="race both arms of a workload and print times, evidence and claim",
        description="Race the baseline of a workload against its accelerated arm. The run is stored.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workload", help="a name that 'list' shows")
    add_plan_options(parser)
    add_race_options(parser)
    add_json_option(parser, "the run")
    parser.set_defaults(command=run_race)


def run_race(options: argparse.Namespace) -> int:
    plan = plan_from_options(options)
    if unavailable := resolve(plan).unavailable():
        raise CommandError(f"{plan.workload} cannot run here: {unavailable}")
    check_json_file(options.json)
    dispatcher = Dispatcher()
    try:
        run_id = dispatcher.submit_race(plan, origin="command line")
    except BadInput as error:
        raise PlanError([format_bad_input(error)]) from error
    attempts = None
    end = follow_job(dispatcher, run_id, ProgressLine())
    if isinstance(end.record, Run):
        # A run that could not be stored is still printed.
        if end.stored:
            attempts = dispatcher.store.summarize_attempts(end.record)
        if options.json != STANDARD_OUTPUT:
            print_run(make_console(), end.record, attempts)
    if end.problem:
        print(f"bench: {end.problem}", file=sys.stderr)
    if isinstance(end.record, Run):
        # After the report, which must not be lost if the file cannot be written.
        write_json(end.record, options.json, attempts)
    return end.exit_status
