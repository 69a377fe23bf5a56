"""The command line: parses the arguments, calls the command, and turns errors into messages and exit statuses."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import paths
from bench.cli.commands import (
    best,
    check,
    clean,
    compare,
    delete,
    gallery,
    history,
    list_workloads,
    machine,
    measure,
    prepare,
    profile,
    report,
    run,
    show,
    stop,
    sweep,
    travel,
)
from bench.cli.errors import EXIT_STATUS, EXIT_STORE_ERROR, EXIT_USAGE_ERROR, CommandError
from bench.machine.exhaustion import describe_failure
from bench.machine.noise import NoiseError
from bench.paths import FolderError
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.storage.store import StoreError
from bench.system.environment import SettingsError
from bench.workload.registry import ExtraWorkloadError

EXIT_STATUS_HELP = """\
exit status:
  0    finished; the claim of a race may still be refused
  1    failed
  2    the command was wrong; nothing was started
  3    interrupted
  4    the database, the data folder or the queue cannot be used
  130  stopped with Ctrl-C
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (those of the process by default) and return its exit status."""
    options = make_parser().parse_args(arguments)
    # A shell starts background jobs with SIGINT ignored. An explicit SIGINT should still stop them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = options.command(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has closed the pipe ('| head'). Python would try to flush the rest when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PlanError as error:
        return _fail("\n".join(f"bench: {problem}" for problem in error.problems), EXIT_USAGE_ERROR)
    except CommandError as error:
        return _fail(f"bench: {error}", error.status)
    except (ExtraWorkloadError, SettingsError) as error:
        return _fail(f"bench: {error}", EXIT_USAGE_ERROR)
    except (StoreError, FolderError) as error:
        return _fail(f"bench: {error}", EXIT_STORE_ERROR)
    except NoiseError as error:
        return _fail(f"bench: {error}", EXIT_STATUS[State.FAILED])
    except OSError as error:
        return _fail(f"bench: {describe_failure(error, _data_folder())}", EXIT_STATUS[State.FAILED])


def _data_folder() -> Path:
    try:
        return paths.home()
    except FolderError:
        return Path.cwd()


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Fairlap benchmarks an accelerated library against its stock version on this machine.",
        epilog=EXIT_STATUS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    every = (
        list_workloads,
        run,
        best,
        measure,
        gallery,
        sweep,
        profile,
        prepare,
        stop,
        show,
        compare,
        history,
        report,
        delete,
        machine,
        check,
        clean,
    )
    for command in every:
        command.add_parser(commands)
    for add_parser in (travel.add_export_parser, travel.add_import_parser, travel.add_rerun_parser):
        add_parser(commands)
    return parser
