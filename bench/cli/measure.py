"""The command `measure`: one task of a workload, run as a job and stored."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.cli.arguments import plan_from_options
from bench.cli.exit_status import EXIT_STATUS, EXIT_STORE_ERROR, EXIT_USAGE_ERROR
from bench.cli.progress import ProgressLine, follow_job
from bench.cli.report import write_json
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.run.files import journal_path
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.scheduler.dispatcher import Dispatcher
from bench.workload.declaration import Task
from bench.workload.interface import BadInput


def run_measurement(options: argparse.Namespace) -> int:
    """Print the reports and the result as lines of JSON, as they come."""
    plan = plan_from_options(options)
    resolved = resolve(plan)
    lever = resolved.lever.name
    if any(assignment.startswith(f"{lever}=") for assignment in options.set):
        raise PlanError([f"--set {lever}=…: tasks ignore the lever; remove this option"])
    task = _find_measurement(resolved.workload.tasks.entries, options.task, plan.workload)
    if unavailable := resolved.unavailable():
        print(f"bench: {plan.workload} cannot run here: {unavailable}", file=sys.stderr)
        return EXIT_USAGE_ERROR
    if options.json not in (None, Path("-")):
        options.json.touch()  # A file that cannot be written is reported before the measurement, not after it.
    dispatcher = Dispatcher()
    try:
        job_id = dispatcher.submit_measurement(plan, task.name, options.arguments, origin="command line")
    except BadInput as error:
        raise PlanError([f"--arguments: {error}. {error.remedy}"]) from error
    line = ProgressLine()
    printer = _ReportPrinter(line, silent=options.json == Path("-"))
    stopped = False
    try:
        status = follow_job(dispatcher, job_id, line, printer.show)
    except KeyboardInterrupt:
        stopped = True
        dispatcher.stop(job_id)
        status = follow_job(dispatcher, job_id, line, printer.show)
    record = status.measurement
    if record is None:
        print(f"bench: {status.problem}", file=sys.stderr)
        return EXIT_STATUS[State.STOPPED] if stopped else EXIT_STATUS[State.FAILED]
    write_json(record, options.json)
    if record.result is not None and not printer.silent:
        print(json.dumps({"result": record.result}))
    if record.state is not State.FINISHED or status.problem:
        print(f"bench: {_describe_end(record, status.problem)}", file=sys.stderr)
    if journal_path(job_id).exists():
        return EXIT_STORE_ERROR
    return EXIT_STATUS[record.state]


def _find_measurement(tasks: tuple[Task, ...], name: str, workload: str) -> Task:
    """Raises PlanError if the workload has no such task, or if it only answers on its page."""
    measurements = {task.name: task for task in tasks if not task.resident}
    if name not in measurements:
        names = ", ".join(measurements) or "none"
        raise PlanError([f"{name}: {workload} has no such measurement; it has {names}"])
    return measurements[name]


def _describe_end(record: MeasurementRecord, problem: str) -> str:
    if record.failure:
        return f"{record.failure.what}. {record.failure.remedy}".strip()
    return problem or str(record.state)


class _ReportPrinter:
    """Prints every report once."""

    def __init__(self, line: ProgressLine, *, silent: bool) -> None:
        self.silent = silent
        self._line = line
        self._printed = 0

    def show(self, record: JobRecord) -> None:
        if self.silent or not isinstance(record, MeasurementRecord):
            return
        new = record.reports[self._printed :]
        if new:
            self._line.clear()
        for report in new:
            print(json.dumps({report.name: report.value}), flush=True)
        self._printed += len(new)


def print_measurement(record: MeasurementRecord) -> None:
    """A stored measurement, as text."""
    snapshot = record.snapshot
    reason = f": {record.why}" if record.why else ""
    print(f"{snapshot.workload_title}, {record.task_label}, {record.state}{reason}   measurement {record.id[:8]}")
    print(f"{record.machine.short}; {snapshot.command}")
    print(f"started {record.started.astimezone():%Y-%m-%d %H:%M}, took {record.seconds:.0f} s")
    for report in record.reports:
        print(json.dumps({report.name: report.value}))
    if record.result is not None:
        print(json.dumps({"result": record.result}))
    if record.failure:
        print(f"\n{record.failure.what}\n{record.failure.remedy}")
        for text in record.failure.log[-10:]:
            print(f"    {text}")
