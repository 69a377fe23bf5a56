"""`prepare`: makes what is cached, so that the first races start at once."""

from __future__ import annotations

import argparse
import sys

from bench.cli.errors import EXIT_STATUS, CommandError
from bench.cli.progress import ProgressLine, follow_job
from bench.formatting import format_duration
from bench.machine.describe import describe_machine
from bench.run.events import State
from bench.run.job_record import JobRecord
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.preparation import PlanPreparation, list_default_plans, list_preparations
from bench.workload.interface import BadInput, format_bad_input
from bench.workload.preparation import PREPARE_TASK

EXAMPLES = """\
examples:
  python -m bench prepare
  python -m bench prepare bert modin

Run it before a demo. What is ready already is skipped; --again makes it in any case.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "prepare",
        help="prepare this machine: quantize, generate, compile and read libraries",
        description="Make what the first race of each workload would wait for: models, tables and compiled loops, for "
        "the default settings. Each preparation is a job in the queue, and is stored with its duration.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workloads", metavar="workload", nargs="*", help="names that 'list' shows; without one, all")
    parser.add_argument("--again", action="store_true", help="also what is ready already")
    parser.set_defaults(command=prepare_machine)


def prepare_machine(options: argparse.Namespace) -> int:
    dispatcher = Dispatcher()
    preparations = list_preparations(list_default_plans(), dispatcher.store, describe_machine())
    known = {entry.workload.name: entry for entry in preparations}
    if unknown := [name for name in options.workloads if name not in known]:
        raise CommandError(f"{', '.join(unknown)} cannot be prepared here. Choose from {', '.join(known)}")
    status = 0
    for name in dict.fromkeys(options.workloads or known):
        if known[name].is_ready and not options.again:
            print(f"{name}: ready", flush=True)
        else:
            status = _prepare_workload(dispatcher, known[name]) or status
    return status


def _prepare_workload(dispatcher: Dispatcher, preparation: PlanPreparation) -> int:
    """Returns the exit status. Ctrl-C stops this preparation and the command."""
    name = preparation.workload.name
    try:
        job_id = dispatcher.submit_measurement(preparation.plan, PREPARE_TASK, {}, origin="command line")
    except BadInput as error:
        print(f"bench: {name}: {format_bad_input(error)}", file=sys.stderr)
        return EXIT_STATUS[State.FAILED]
    end = follow_job(dispatcher, job_id, ProgressLine())
    if end.stopped:
        raise CommandError(f"{name}: stopped", end.exit_status)
    if end.record is None or end.exit_status:
        print(f"bench: {name}: {end.problem or _describe_failure(end.record)}", file=sys.stderr)
        return end.exit_status
    print(f"{name}: ready, {preparation.task.label} took {format_duration(end.record.last_at)}", flush=True)
    return 0


def _describe_failure(record: JobRecord | None) -> str:
    if record is None or record.failure is None:
        return "it did not finish"
    return f"{record.failure.what}. {record.failure.remedy}"
