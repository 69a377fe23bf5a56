"""`profile`: a user's own script, traced and raced."""

from __future__ import annotations

import argparse
import sys

from bench.cli.arguments import add_json_option
from bench.cli.console import make_console
from bench.cli.errors import EXIT_STATUS, CommandError
from bench.cli.json_output import STANDARD_OUTPUT, check_json_file, write_json
from bench.cli.measurement_report import print_measurement
from bench.cli.progress import JobEnd, ProgressLine, follow_job
from bench.cli.race_report import print_run
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.script_jobs import (
    EACH_TIME,
    TASK,
    describe_profile_runs,
    estimate_runs_by_profile,
    explain_no_race,
    plan_script,
    script_name,
)
from bench.workload.interface import BadInput, format_bad_input

DESCRIPTION = """\
Run a Python script with stock scikit-learn and with scikit-learn-intelex, without changing it. Print for each line that
calls scikit-learn how long it took, whether it ran accelerated, and if not, why not. Then race the whole script. Both
are stored.

The script runs in its own folder, with its arguments and an empty standard input: 5 times for the profile, then as
often as the time budget of the race allows. What it writes, it writes each time, so it must not change its own input.
For a claim it must print a result with a number, such as a score, that is the same in every run: seed it.
"""
EXAMPLES = """\
examples:
  python -m bench profile digits.py
  python -m bench profile --budget 120 --cores 2 train.py --rows 100000
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "profile",
        help="a script of your own: what scikit-learn-intelex accelerates in it, and a race of the whole script",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cores", type=int, metavar="N", help="number of cores (default: all that may be used)")
    parser.add_argument(
        "--budget", type=float, dest="budget_s", metavar="SECONDS", help="time for the pairs of the race (default: 60)"
    )
    parser.add_argument(
        "--limit",
        type=int,
        metavar="SECONDS",
        help="longest time of one run of the script, which is ended after it (default: the time budget)",
    )
    parser.add_argument("--no-race", action="store_true", help="only trace the script")
    add_json_option(parser, "the profile")
    parser.add_argument("script", help="path of the script; options of this command come before it")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")
    parser.set_defaults(command=profile_script)


def profile_script(options: argparse.Namespace) -> int:
    plan = plan_script(
        options.script, options.arguments, cores=options.cores, budget_s=options.budget_s, limit_s=options.limit
    )
    if unavailable := resolve(plan).unavailable():
        raise CommandError(f"profile cannot run here: {unavailable}")
    check_json_file(options.json)
    _print_note(describe_profile_runs(plan, races=not options.no_race))
    dispatcher = Dispatcher()
    profile = _profile(dispatcher, plan, silent=options.json == STANDARD_OUTPUT)
    record = profile.record
    if not isinstance(record, MeasurementRecord):
        return profile.exit_status
    write_json(record, options.json)
    if profile.exit_status != EXIT_STATUS[State.FINISHED] or options.no_race:
        return profile.exit_status
    if reason := explain_no_race(record):
        _print_note(f"there is no race. {reason}")
        return profile.exit_status
    _print_note(_announce_race(plan, record))
    return _race(dispatcher, plan, silent=options.json == STANDARD_OUTPUT)


def _announce_race(plan: Plan, profile: MeasurementRecord) -> str:
    runs = estimate_runs_by_profile(plan, profile)
    return f"{script_name(plan)} now runs up to about {runs:,} times in the race. {EACH_TIME}"


def _profile(dispatcher: Dispatcher, plan: Plan, *, silent: bool) -> JobEnd:
    try:
        job_id = dispatcher.submit_measurement(plan, TASK, {}, origin="command line")
    except BadInput as error:
        raise PlanError([format_bad_input(error)]) from error
    end = follow_job(dispatcher, job_id, ProgressLine())
    if isinstance(end.record, MeasurementRecord) and not silent:
        print_measurement(make_console(), end.record)
    _print_problem(end)
    return end


def _race(dispatcher: Dispatcher, plan: Plan, *, silent: bool) -> int:
    try:
        run_id = dispatcher.submit_race(plan, origin="command line")
    except BadInput as error:
        raise PlanError([format_bad_input(error)]) from error
    end = follow_job(dispatcher, run_id, ProgressLine())
    if isinstance(end.record, Run) and not silent:
        console = make_console()
        console.print()
        print_run(console, end.record, dispatcher.store.summarize_attempts(end.record) if end.stored else None)
    _print_problem(end)
    return end.exit_status


def _print_problem(end: JobEnd) -> None:
    if end.problem:
        _print_note(end.problem)


def _print_note(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
