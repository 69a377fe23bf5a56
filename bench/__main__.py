"""The command line: `python -m bench list | run WORKLOAD | do WORKLOAD TASK | show RUN | machine | check WHAT`.

The same plans, events and store as the pages. Exit status: 0 the run finished (its claim may still be refused), 1 it
failed, 2 the call was wrong, 3 it was interrupted, 4 the store cannot be used, 130 it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.claims.verdict import called, cores, duration, figure, interval_text, ratio_figure
from bench.machine import noise
from bench.machine.describe import core_limit, describe
from bench.plan.plan import Plan, PlanError, make, spelled
from bench.run.events import State
from bench.run.record import Run
from bench.scheduler.dispatcher import Dispatcher, Status, journal_of
from bench.scheduler.tasks import JobState, Tasks
from bench.storage.store import Store, StoreError
from bench.storage.uploads import PREFIX, UploadError, keep
from bench.values import Outcome, Phase, Side
from bench.workload.declaration import WHOLE, Workload, registry

EXIT = {State.FINISHED: 0, State.FAILED: 1, State.INTERRUPTED: 3, State.STOPPED: 130}
WRONG_CALL, NO_STORE = 2, 4
LOOK_S = 0.2


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
        return WRONG_CALL
    except StoreError as error:
        print(f"bench: {error}", file=sys.stderr)
        return NO_STORE
    except (OSError, noise.NoiseError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT[State.FAILED]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Race stock against accelerated code, honestly."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listed = commands.add_parser("list", help="the workloads and their parameters")
    listed.add_argument("--markdown", action="store_true", help="as the table that README shows")
    listed.set_defaults(command=_list)

    run = commands.add_parser("run", help="race one workload")
    run.add_argument("workload", help="one of those that 'list' shows")
    run.add_argument("--cores", type=int, help="cores for each arm (default: all that this process may use)")
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
    run.set_defaults(command=_run)

    do = commands.add_parser("do", help="one of a workload's tasks other than racing, as its page asks for it")
    do.add_argument("workload", help="one of those that 'list' shows")
    do.add_argument("task", help="its name, as 'list' shows it")
    do.add_argument("--cores", type=int, help="cores for it (default: all that this process may use)")
    do.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the workload")
    do.add_argument("--given", type=_object, default={}, metavar="JSON", help="what the task is asked, an object")
    do.set_defaults(command=_do)

    show = commands.add_parser("show", help="a kept run again")
    show.add_argument("run", nargs="?", help="its id, or the beginning of it; without one, the list of runs")
    show.add_argument("--json", type=Path, metavar="FILE", help="write the run there ('-' for standard output)")
    show.set_defaults(command=_show)

    machine = commands.add_parser("machine", help="what this machine is, and its noise at rest")
    machine.add_argument("--json", action="store_true")
    machine.set_defaults(command=_machine)

    check = commands.add_parser("check", help="what the core itself costs, and whether it can be believed")
    check.add_argument("what", choices=("overhead", "same-arm", "beside", "start"))
    check.set_defaults(command=_check)
    return parser


def _list(options: argparse.Namespace) -> int:
    workloads = [workload for workload in registry().values() if not workload.hidden]
    if options.markdown:
        print(_markdown(workloads))
        return 0
    for workload in workloads:
        print(f"{workload.name}: {workload.sentence}")
        if workload.unavailable():
            print(f"  cannot run here: {workload.unavailable()}")
        lever = workload.lever
        names = ", ".join(value.name for value in lever.values)
        print(f"  lever {lever.name}: {names} ({lever.baseline} against {lever.accelerated})")
        for value in lever.values:
            if value.extra and (why := value.unavailable()):
                print(f"    {why}")
        print(f"  steps: {', '.join(step.name for step in workload.steps)}")
        if workload.tasks:
            print(f"  tasks: {', '.join(task.name for task in workload.tasks)}")
        for parameter in (workload.batch, *workload.parameters):
            bounds = ", ".join(parameter.choices) or f"{spelled(parameter.minimum)} to {spelled(parameter.maximum)}"
            print(f"  {parameter.name} = {parameter.default} ({bounds}): {parameter.help}")
    return 0


def _object(text: str) -> dict[str, Any]:
    """A JSON object of the command line."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"that is no JSON ({error})") from error
    if not isinstance(given, dict):
        raise argparse.ArgumentTypeError('wanted is an object, such as {"name": 1}')
    return given


def _do(options: argparse.Namespace) -> int:
    """A task's events and its result, each a line of JSON, as they come."""
    plan = _plan(options)
    lever = plan.declaration.lever.name
    if any(assignment.startswith(f"{lever}=") for assignment in options.set):
        raise PlanError([f"--set {lever}=: a task has no arms, and would not heed the lever; leave it out"])
    if options.task not in {task.name for task in plan.declaration.tasks}:
        names = ", ".join(task.name for task in plan.declaration.tasks) or "none"
        raise PlanError([f"{options.task}: no such task; {plan.workload} has {names}"])
    tasks = Tasks()
    id = tasks.submit(plan, options.task, options.given)
    told = 0
    try:
        while True:
            job = tasks.job(id)
            for event in job.events[told:]:
                print(json.dumps({event.name: event.value}), flush=True)
            told = len(job.events)
            if job.state.over:
                break
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return EXIT[State.STOPPED]
    finally:
        tasks.stop(id)
        tasks.close()
    if job.state is JobState.DONE:
        print(json.dumps({"result": job.result}))
        return 0
    print(f"bench: {job.problem or job.state}. {job.remedy}".strip(), file=sys.stderr)
    return EXIT[State.FAILED]


def _markdown(workloads: Sequence[Workload]) -> str:
    rows = ["| name | what races | steps (published) |", "| --- | --- | --- |"]
    for workload in workloads:
        told = workload.figures()
        labels = {name: label for name, label in workload.labels().items() if name != WHOLE or name in told}
        steps = [f"{label} ({told[name].ratio:g}x)" if name in told else label for name, label in labels.items()]
        rows.append(f"| `{workload.name}` | {workload.sentence} | {', '.join(steps)} |")
    return "\n".join(rows)


def _run(options: argparse.Namespace) -> int:
    plan = _plan(options)
    unavailable = plan.unavailable()
    if unavailable:
        print(f"bench: {plan.workload} cannot run here: {unavailable}", file=sys.stderr)
        return WRONG_CALL
    if options.json not in (None, Path("-")):
        options.json.touch()  # A file that cannot be written is told before the race, not after it.
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan, origin="command line")
    line, stopped = _Line(), False
    try:
        status = _follow(dispatcher, run, line)
    except KeyboardInterrupt:
        stopped = True
        dispatcher.stop(run)
        status = _follow(dispatcher, run, line)
    if status.run is None:
        print(f"bench: {status.problem}", file=sys.stderr)
        return EXIT[State.STOPPED] if stopped else EXIT[State.FAILED]
    _write(status.run, options.json)
    if options.json != Path("-"):
        _print(status.run)
    if status.problem:
        print(f"bench: {status.problem}", file=sys.stderr)
    if journal_of(run).exists():
        return NO_STORE
    return EXIT[status.run.state]


def _plan(options: argparse.Namespace) -> Plan:
    names = ("batch", "baseline", "accelerated", "budget_s", "target", "seed", "accuracy_limit")
    fields = {name: getattr(options, name) for name in names if getattr(options, name, None) is not None}
    limit = core_limit()
    workload = registry().get(options.workload)
    parameters = {}
    for assignment in options.set:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise PlanError([f"--set {assignment}: wanted is NAME=VALUE"])
        if workload and name == workload.lever.name:
            fields["accelerated"] = value
        else:
            parameters[name] = _found(workload, name, value)
    return make(
        options.workload,
        core_limit=limit,
        cores=limit if options.cores is None else options.cores,
        parameters=parameters,
        **fields,
    )


def _found(workload: Workload | None, name: str, value: str) -> str:
    """A parameter's value; a path in it is looked up here, where the person is: the work is done in another folder.

    A file named for an image parameter joins the uploads, as one given to a page does; other paths become whole.
    """
    kinds = {parameter.name: parameter for parameter in workload.parameters} if workload else {}
    parameter = kinds.get(name)
    if parameter is None or not value.strip() or value in parameter.choices or value.startswith(PREFIX):
        return value
    try:
        path = Path(value.strip()).expanduser()
    except RuntimeError as error:
        raise PlanError([f"{name}: {value}: {error}"]) from error
    if parameter.kind == "image" and path.is_file():
        try:
            return keep(path.read_bytes())
        except UploadError as error:
            raise PlanError([f"{name}: {value}: {error}"]) from error
    if parameter.path == "always" or (parameter.path == "if there" and path.exists()):
        return str(path.absolute())
    return value


def _follow(dispatcher: Dispatcher, run: str, line: _Line) -> Status:
    while True:
        status = dispatcher.status(run)
        line.draw(_progress(status))
        if status.over:
            # A run is over a moment before it is stored: its process must end before ours does.
            while any(entry.run == run for entry in dispatcher.entries()):
                time.sleep(LOOK_S / 4)
            line.clear()
            return dispatcher.status(run)
        time.sleep(LOOK_S)


class _Line:
    """A line that is drawn over on a terminal, and printed when its first words change elsewhere."""

    def __init__(self) -> None:
        self.stream = sys.stderr
        self.live = self.stream.isatty()
        self.last = ""

    def draw(self, text: str) -> None:
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write("\r" + text[:width].ljust(width))
            self.stream.flush()
        elif text.partition(":")[0] != self.last:
            self.last = text.partition(":")[0]
            print(text, file=self.stream)

    def clear(self) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def _progress(status: Status) -> str:
    run = status.run
    if run is None:
        return f"waiting: {status.place} in front" if status.place else "starting"
    text = f"{run.state}: {run.last_at:.0f} s"
    if run.state is State.PREPARING:
        return text + "".join(f", {side} {words}" for side, words in run.progress.items())
    whole = run.comparison()
    if whole is None:
        return f"{text}, {len(run.samples)} samples"
    return (
        f"{text}, {whole.baseline.count} pairs, "
        f"{duration(whole.baseline.median)} | {duration(whole.accelerated.median)}, "
        f"{interval_text(whole.ratio)}"
    )


def _print(run: Run) -> None:
    workload = run.plan.declaration
    labels = workload.labels()
    lever = workload.lever
    print(f"{workload.title}, {run.state}{': ' + run.why if run.why else ''}   run {run.id[:8]}")
    print(f"{run.machine.short}; {cores(run.plan.cores)}, batch {run.plan.batch}, seed {run.plan.seed}")
    if run.statistics:
        first, second = lever[run.plan.baseline].label, lever[run.plan.accelerated].label
        print(f"\n{'':20} {first[:20]:>20} {second[:20]:>20}   ratio (95 % interval)        published")
        for comparison in run.statistics:
            published = workload.figures().get(comparison.step)
            ratio = comparison.ratio
            print(
                f"{labels[comparison.step]:20} {duration(comparison.baseline.median):>20} "
                f"{duration(comparison.accelerated.median):>20}   "
                f"{interval_text(ratio):24} {ratio_figure(published.ratio) if published else ''}"
            )
        used = [f"{getattr(run.statistics[0], side).effective_cores:.2f}" for side in Side]
        pairs = run.statistics[0].baseline.count
        warm_up = sum(sample.phase is Phase.WARM_UP for sample in run.samples)
        print(
            f"\n{pairs} pairs after {warm_up} samples of warm-up; "
            f"asked {cores(run.plan.cores)}, used {' and '.join(used)}"
        )
    for evidence in run.evidence.get(Side.ACCELERATED, []):
        print(f"{labels[evidence.step]}: {evidence.path}. {evidence.reason or '; '.join(evidence.words)}")
    if run.quality:
        for one, other in zip(run.quality.baseline, run.quality.accelerated, strict=False):
            print(f"{called(one, other)}: {figure(one)} | {figure(other)}")
        for measure in run.quality.agreement:
            print(f"{measure.label}: {figure(measure)}")
    if run.failure:
        print(f"\n{run.failure.what}\n{run.failure.remedy}")
        for text in run.failure.log[-10:]:
            print(f"    {text}")
    claim = run.claim(WHOLE)
    if claim:
        print(f"\n{claim.sentence}")
        for finding in claim.findings:
            if finding.outcome is not Outcome.PASSED:
                print(f"  {finding.outcome}: {finding.title}: {finding.seen}. {finding.remedy} [{finding.source}]")


def _write(run: Run, file: Path | None) -> None:
    if file is None:
        return
    text = json.dumps(run.report(), indent=1, ensure_ascii=False)
    if file == Path("-"):
        print(text)
    else:
        file.write_text(text + "\n")


def _show(options: argparse.Namespace) -> int:
    store = Store()
    if options.run is None:
        for row in store.rows(limit=50):
            ratio = ratio_figure(row.ratio) if row.ratio else ""
            print(
                f"{row.id[:8]}  {row.started.astimezone():%Y-%m-%d %H:%M}  {row.workload:22} {row.state:12} "
                f"{ratio:>7}  {row.sentence or ''}"
            )
        return 0
    found = store.find(options.run)
    if len(found) != 1:
        what = "no kept run has" if not found else f"{len(found)} kept runs have"
        print(f"bench: {what} an id that begins with {options.run!r}; 'show' alone lists them", file=sys.stderr)
        return WRONG_CALL
    run = store.load(found[0])
    if run is None:
        print(f"bench: run {options.run!r} has just been deleted", file=sys.stderr)
        return WRONG_CALL
    _write(run, options.json)
    if options.json != Path("-"):
        _print(run)
    return 0


def _machine(options: argparse.Namespace) -> int:
    machine, rest = describe(), noise.measure()
    if options.json:
        print(json.dumps({"machine": machine.model_dump(mode="json"), "noise": rest.model_dump(mode="json")}, indent=1))
        return 0
    print(machine.short)
    for name, value in machine.model_dump(mode="json").items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        print(f"  {name.replace('_', ' ')}: {text}")
    print(f"  noise at rest: {rest.score:.1f} % ({rest.word})")
    return 0


def _check(options: argparse.Namespace) -> int:
    from bench.selfcheck import overhead  # what it imports is needed by no other command

    checks = {
        "overhead": overhead.overhead,
        "same-arm": overhead.same_arm,
        "beside": overhead.beside,
        "start": overhead.start,
    }
    checks[options.what]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
