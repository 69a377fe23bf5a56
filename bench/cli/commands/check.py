"""`check`: self-checks, which measure what Fairlap itself costs and whether its results can be believed."""

from __future__ import annotations

import argparse
import importlib

from bench.cli.errors import EXIT_STATUS, CommandError
from bench.run.events import State

CHECKS = {
    "overhead": ("bench.selfcheck.overhead:check_overhead", "cost of a sample and of the clock, compared with pyperf"),
    "same-arm": (
        "bench.selfcheck.same_arm:check_same_arm",
        "how often an arm raced against itself seems different, without and with other load",
    ),
    "interference": (
        "bench.selfcheck.interference:check_interference",
        "whether idle services of the accelerated arm slow down the baseline",
    ),
    "environment": (
        "bench.selfcheck.environment:check_environment",
        "whether the arms are as fast in a race as in a plain process",
    ),
    "start": ("bench.selfcheck.startup:check_startup", "start-up time of the dashboard in a browser"),
    "statistics": (
        "bench.selfcheck.statistics:check_statistics",
        "how often simulated races claim a difference, with and without one",
    ),
    "store": ("bench.selfcheck.store:check_store", "speed of the database with 10,000 runs"),
    "time": ("bench.selfcheck.timing:check_time", "how long races take, and how much of that is measured"),
}
"""Function and description by name. A function is imported only when it is called: each needs other packages."""
WORKLOAD_CHECKS = ("same-arm", "interference", "environment")
"""The checks that can be asked for one workload."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    width = max(map(len, CHECKS))
    descriptions = "\n".join(f"  {name:{width}}  {description}" for name, (_, description) in CHECKS.items())
    parser = commands.add_parser(
        "check",
        help="measure what Fairlap itself costs, and whether its results can be believed",
        description="Run a self-check and print its results. The results are to be read; nothing is stored.",
        epilog=f"checks:\n{descriptions}\n\n'overhead' and 'start' need packages of requirements-dev.txt.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("check", choices=CHECKS, metavar="CHECK", help=f"one of {', '.join(CHECKS)}")
    parser.add_argument(
        "--workload", metavar="WORKLOAD", help=f"the workload to check; only for {', '.join(WORKLOAD_CHECKS)}"
    )
    parser.set_defaults(command=run_check)


def run_check(options: argparse.Namespace) -> int:
    from bench.selfcheck.requirements import MissingRequirement

    if options.workload and options.check not in WORKLOAD_CHECKS:
        raise CommandError(f"--workload: check {options.check} does not race a workload; remove this option")
    arguments = {"workload": options.workload} if options.workload else {}
    function, _ = CHECKS[options.check]
    module, _, name = function.partition(":")
    try:
        getattr(importlib.import_module(module), name)(**arguments)
    except MissingRequirement as error:
        raise CommandError(str(error)) from error
    except RuntimeError as error:
        raise CommandError(f"check {options.check}: {error}", EXIT_STATUS[State.FAILED]) from error
    return 0
