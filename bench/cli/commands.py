"""TODO: bench.cli.commands."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.cli.arguments import plan_from_options
from bench.cli.exit_status import EXIT_STATUS, EXIT_STORE_ERROR, EXIT_USAGE_ERROR
from bench.cli.measure import print_measurement
from bench.cli.progress import ProgressLine, follow_job
from bench.cli.report import format_workload_table, print_run, write_json
from bench.formatting import format_number, format_ratio
from bench.machine import noise
from bench.machine.describe import describe_machine
from bench.plan.resolved import resolve
from bench.run.events import State
from bench.run.files import journal_path
from bench.run.record import Run
from bench.scheduler.dispatcher import Dispatcher
from bench.storage.store import Store
from bench.workload.declaration import Lever, Parameter
from bench.workload.registry import load_workloads


def list_workloads(options: argparse.Namespace) -> int:
    workloads = [workload for workload in load_workloads().values() if not workload.hidden]
    if options.markdown:
        print(format_workload_table(workloads))
        return 0
    for workload in workloads:
        print(f"{workload.name}: {workload.summary}")
        if workload.unavailable():
            print(f"  cannot run here: {workload.unavailable()}")
        if any(case.lever is None for case in workload.cases):
            _print_lever(workload.lever, "  ")
        if measurements := [task.name for task in workload.tasks.entries if not task.resident]:
            print(f"  measurements: {', '.join(measurements)}")
        _print_parameters((workload.batch, *workload.parameters), "  ")
        for case in workload.cases:
            print(f"  case {case.name}: {case.summary}")
            if case.lever:
                _print_lever(case.lever, "    ")
            print(f"    steps: {', '.join(step.name for step in case.steps)}")
            _print_parameters(case.parameters, "    ")
    return 0


def _print_lever(lever: Lever, indent: str) -> None:
    names = ", ".join(value.name for value in lever.values)
    print(f"{indent}lever {lever.name}: {names} ({lever.baseline} against {lever.accelerated})")
    for value in lever.values:
        if value.extra and (why := value.unavailable()):
            print(f"{indent}  {why}")


def _print_parameters(parameters: Iterable[Parameter], indent: str) -> None:
    for parameter in parameters:
        bounds = (
            ", ".join(parameter.choices) or f"{format_number(parameter.minimum)} to {format_number(parameter.maximum)}"
        )
        print(f"{indent}{parameter.name} = {parameter.default} ({bounds}): {parameter.help}")


def run_workload(options: argparse.Namespace) -> int:
    plan = plan_from_options(options)
    unavailable = resolve(plan).unavailable()
    if unavailable:
        print(f"bench: {plan.workload} cannot run here: {unavailable}", file=sys.stderr)
        return EXIT_USAGE_ERROR
    if options.json not in (None, Path("-")):
        options.json.touch()  # A file that cannot be written is told before the race, not after it.
    dispatcher = Dispatcher()
    run_id = dispatcher.submit_race(plan, origin="command line")
    line, stopped = ProgressLine(), False
    try:
        status = follow_job(dispatcher, run_id, line)
    except KeyboardInterrupt:
        stopped = True
        dispatcher.stop(run_id)
        status = follow_job(dispatcher, run_id, line)
    if status.run is None:
        print(f"bench: {status.problem}", file=sys.stderr)
        return EXIT_STATUS[State.STOPPED] if stopped else EXIT_STATUS[State.FAILED]
    write_json(status.run, options.json)
    if options.json != Path("-"):
        print_run(status.run)
    if status.problem:
        print(f"bench: {status.problem}", file=sys.stderr)
    if journal_path(run_id).exists():
        return EXIT_STORE_ERROR
    return EXIT_STATUS[status.run.state]


def show_run(options: argparse.Namespace) -> int:
    store = Store()
    if options.run is None:
        for row in store.rows(limit=50):
            ratio = format_ratio(row.ratio) if row.ratio else ""
            print(
                f"{row.id[:8]}  {row.started.astimezone():%Y-%m-%d %H:%M}  {row.title:34} {row.state:12} "
                f"{ratio:>7}  {row.sentence or ''}"
            )
        return 0
    found = store.find(options.run)
    if len(found) != 1:
        what = "no kept run has" if not found else f"{len(found)} kept runs have"
        print(f"bench: {what} an id that begins with {options.run!r}; 'show' alone lists them", file=sys.stderr)
        return EXIT_USAGE_ERROR
    record = store.load(found[0])
    if record is None:
        print(f"bench: run {options.run!r} has just been deleted", file=sys.stderr)
        return EXIT_USAGE_ERROR
    write_json(record, options.json)
    if options.json != Path("-"):
        if isinstance(record, Run):
            print_run(record)
        else:
            print_measurement(record)
    return 0


def show_machine(options: argparse.Namespace) -> int:
    machine, rest = describe_machine(), noise.measure_noise()
    if options.json:
        print(json.dumps({"machine": machine.model_dump(mode="json"), "noise": rest.model_dump(mode="json")}, indent=1))
        return 0
    print(machine.short)
    for name, value in machine.model_dump(mode="json").items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        print(f"  {name.replace('_', ' ')}: {text}")
    print(f"  noise at rest: {rest.score:.1f} % ({rest.word})")
    return 0


def run_selfcheck(options: argparse.Namespace) -> int:
    # Imported here: no other command needs what these import.
    from bench.selfcheck.interference import check_interference
    from bench.selfcheck.overhead import check_overhead
    from bench.selfcheck.same_arm import check_same_arm
    from bench.selfcheck.startup import check_startup
    from bench.selfcheck.store import check_store

    checks = {
        "overhead": check_overhead,
        "same-arm": check_same_arm,
        "beside": check_interference,
        "start": check_startup,
        "store": check_store,
    }
    checks[options.what]()
    return 0
