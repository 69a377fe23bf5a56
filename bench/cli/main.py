"""TODO: bench.cli.main."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.cli.arguments import parse_json_object
from bench.cli.commands import list_workloads, run_selfcheck, run_workload, show_machine, show_run
from bench.cli.exit_status import EXIT_STATUS, EXIT_STORE_ERROR, EXIT_USAGE_ERROR
from bench.cli.measure import run_measurement
from bench.machine import noise
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.storage.store import StoreError
from bench.workload.registry import ExtraWorkloadError


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    # A shell starts its background jobs with SIGINT ignored; asked for by name, it stops the run all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = options.command(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read along has seen enough ('| head'); Python must not try to flush what nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PlanError as error:
        for problem in error.problems:
            print(f"bench: {problem}", file=sys.stderr)
        return EXIT_USAGE_ERROR
    except ExtraWorkloadError as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_USAGE_ERROR
    except StoreError as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_STORE_ERROR
    except (OSError, noise.NoiseError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_STATUS[State.FAILED]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Race stock against accelerated code, honestly."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listed = commands.add_parser("list", help="the workloads and their parameters")
    listed.add_argument("--markdown", action="store_true", help="as the table that README shows")
    listed.set_defaults(command=list_workloads)

    run = commands.add_parser("run", help="race one workload")
    run.add_argument("workload", help="one of those that 'list' shows")
    run.add_argument("--cores", type=int, help="cores for each arm (default: all that this process may use)")
    run.add_argument("--case", help="one of the workload's cases (default: the first that 'list' shows)")
    run.add_argument("--batch", type=int)
    run.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter, or the lever, of the workload"
    )
    run.add_argument("--baseline", help="value of the lever in the baseline arm")
    run.add_argument("--accelerated", help="value of the lever in the accelerated arm")
    run.add_argument("--budget", type=float, dest="budget_s", metavar="SECONDS", help="how long to sample")
    run.add_argument(
        "--target", type=float, help="relative half-width of the ratio's interval to stop at; 0 uses all the budget"
    )
    run.add_argument("--seed", type=int)
    run.add_argument("--accuracy-limit", type=float, dest="accuracy_limit")
    run.add_argument("--json", type=Path, metavar="FILE", help="write the run there ('-' for standard output)")
    run.set_defaults(command=run_workload)

    measure = commands.add_parser(
        "measure", help="measure something else than a race: a curve, a conversion, a profile"
    )
    measure.add_argument("workload", help="one of those that 'list' shows")
    measure.add_argument("task", help="its name, as 'list' shows it")
    measure.add_argument("--case", help="one of the workload's cases (default: the first that 'list' shows)")
    measure.add_argument("--cores", type=int, help="cores to use (default: all that this process may use)")
    measure.add_argument("--batch", type=int)
    measure.add_argument("--baseline", help="value of the lever in the baseline arm, for tasks that compare the arms")
    measure.add_argument("--accelerated", help="value of the lever in the accelerated arm, likewise")
    measure.add_argument("--seed", type=int)
    measure.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the workload")
    measure.add_argument(
        "--arguments", type=parse_json_object, default={}, metavar="JSON", help="the task's arguments, a JSON object"
    )
    measure.add_argument(
        "--json", type=Path, metavar="FILE", help="write the measurement there ('-' for standard output)"
    )
    measure.set_defaults(command=run_measurement)

    show = commands.add_parser("show", help="a stored race or measurement")
    show.add_argument("run", nargs="?", help="its id, or the beginning of it; without one, the newest are listed")
    show.add_argument("--json", type=Path, metavar="FILE", help="write it there ('-' for standard output)")
    show.set_defaults(command=show_run)

    machine = commands.add_parser("machine", help="what this machine is, and its noise at rest")
    machine.add_argument("--json", action="store_true")
    machine.set_defaults(command=show_machine)

    check = commands.add_parser("check", help="what the core itself costs, and whether it can be believed")
    check.add_argument("what", choices=("overhead", "same-arm", "beside", "start", "store"))
    check.set_defaults(command=run_selfcheck)
    return parser
