"""`export`, `import` and `rerun`: races that travel between machines."""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

from bench.cli.commands.compare import print_comparison
from bench.cli.console import make_console
from bench.cli.errors import CommandError
from bench.cli.job_ids import SHOWN_ID_DIGITS, load_stored_races
from bench.cli.json_output import check_json_file, format_json, write_json
from bench.cli.output_file import write_output_file
from bench.cli.progress import ProgressLine, follow_job
from bench.cli.race_report import print_run
from bench.plan.validation import PlanError
from bench.run.anonymise import anonymise
from bench.run.record import Run
from bench.run.run_comparison import NotComparableError, compare_runs
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.recovery import recover_jobs
from bench.scheduler.rerun import INPUTS_OPTION, check_rerun
from bench.scheduler.run_file import COMPRESSED_SUFFIX
from bench.scheduler.run_import import ImportFileError, describe_import, import_run, read_run_file
from bench.storage.store import Store
from bench.workload.interface import BadInput, format_bad_input

ANONYMOUS_OPTION = "--anonymous"


def add_export_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export",
        help="write a stored race to a file that 'import' and 'rerun' read on another machine",
        description="Write the complete record of a stored race as JSON, with a digest by which 'import' notices that "
        "the file was edited. It is the file of 'show RUN --json FILE'. Pictures are left out. A FILE that ends with "
        ".gz is compressed.",
    )
    parser.add_argument("id", metavar="RUN", help="an id that 'show' lists, or the beginning of it")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: fairlap-WORKLOAD-ID.json")
    parser.add_argument(
        ANONYMOUS_OPTION,
        action="store_true",
        help="leave out what identifies you and the machine: names, folders, process ids, values of environment "
        "variables, ids of the machine; a race of your own files is refused",
    )
    parser.set_defaults(command=export_race)


def add_import_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "import",
        help="store races that were exported elsewhere",
        description="Store races from files of 'export'. Each is validated, and marked as imported wherever it is "
        "shown. An imported race is no attempt and no result of this machine; it can be opened, compared and reported.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file that 'export' wrote")
    parser.set_defaults(command=import_races)


def add_rerun_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "rerun",
        help="race the plan of an exported file here, and show both results",
        description="Race the plan of a race that was exported elsewhere on this machine, and print both races side by "
        "side. The race of the file is not stored. Code that the file names is never run.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a file that 'export' wrote")
    parser.add_argument(
        INPUTS_OPTION,
        action="store_true",
        help="use files and models of this machine that have the names which the file gives; without it, a race with "
        "inputs of the other machine is refused",
    )
    parser.set_defaults(command=rerun_race)


def export_race(options: argparse.Namespace) -> int:
    store = Store()
    recover_jobs(store)
    (run,) = load_stored_races(store, [options.id])
    file = options.file or Path(f"fairlap-{run.plan.workload}-{run.id[:SHOWN_ID_DIGITS]}.json")
    check_json_file(file)
    if options.anonymous:
        try:
            run, attempts = anonymise(run), None
        except ValueError as error:
            raise CommandError(f"run {run.id[:SHOWN_ID_DIGITS]} is not exported: {error}") from error
    else:
        attempts = store.summarize_attempts(run)
    if file.suffix == COMPRESSED_SUFFIX:
        # Without the time and the name of the file, so that equal runs give equal files.
        content = gzip.compress(format_json(run, attempts).encode(), mtime=0)
        write_output_file("FILE", file, content, f"python -m bench export {run.id[:SHOWN_ID_DIGITS]} {file}")
    else:
        write_json(run, file, attempts)
    make_console().print(f"{file}: {run.snapshot.title}, run {run.id[:SHOWN_ID_DIGITS]}")
    return 0


def import_races(options: argparse.Namespace) -> int:
    store = Store()
    problems: list[str] = []
    for file in options.files:
        try:
            run = import_run(store, file)
        except ImportFileError as error:
            problems.append(str(error))
            continue
        number = run.id[:SHOWN_ID_DIGITS]
        make_console().print(f"Imported {number}: {run.snapshot.title}. {describe_import(run)}")
    if problems:
        raise CommandError("\nbench: ".join(problems))
    return 0


def rerun_race(options: argparse.Namespace) -> int:
    try:
        other = read_run_file(options.file)
    except ImportFileError as error:
        raise CommandError(str(error)) from error
    check_rerun(other.plan, with_inputs=options.with_inputs)
    dispatcher = Dispatcher()
    try:
        run_id = dispatcher.submit_race(other.plan, origin="command line")
    except BadInput as error:
        raise PlanError([format_bad_input(error)]) from error
    end = follow_job(dispatcher, run_id, ProgressLine())
    if isinstance(end.record, Run):
        _print_both(other, end.record, dispatcher.store if end.stored else None)
    if end.problem:
        print(f"bench: {end.problem}", file=sys.stderr)
    return end.exit_status


def _print_both(other: Run, here: Run, store: Store | None) -> None:
    console = make_console()
    print_run(console, other, None)
    console.print()
    print_run(console, here, store.summarize_attempts(here) if store else None)
    console.print()
    try:
        print_comparison(console, compare_runs([other, here], different_machines=True))
    except NotComparableError as error:
        console.print("The two runs cannot be compared:")
        for reason in error.reasons:
            console.print(f"  {reason}")
