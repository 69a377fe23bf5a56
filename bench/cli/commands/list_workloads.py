"""`list`: the workloads with their levers, cases, parameters and measurements."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence

from rich.console import Console

from bench.cli.console import make_console, make_table, print_table
from bench.formatting import format_number
from bench.values.samples import TOTAL
from bench.workload.cases import Case
from bench.workload.declaration import Workload
from bench.workload.levers import Lever
from bench.workload.parameters import Parameter
from bench.workload.registry import load_workloads
from bench.workload.tasks import Task

INDENT = 2
MAX_ARGUMENTS_CHARACTERS = 200
"""Longer default arguments are listed by name only."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "list",
        help="the workloads with their levers, cases, parameters and measurements",
        description="List the workloads, and what --case, --set, --baseline and --accelerated accept for each.",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table of workloads in the README")
    parser.set_defaults(command=list_workloads)


def list_workloads(options: argparse.Namespace) -> int:
    workloads = [workload for workload in load_workloads().values() if not workload.hidden]
    if options.markdown:
        print(format_workload_table(workloads))
        return 0
    console = make_console()
    for workload in workloads:
        _print_workload(console, workload)
    return 0


def format_workload_table(workloads: Sequence[Workload]) -> str:
    """A Markdown table of the workloads: their cases, or the steps of their only case, with published ratios."""
    rows = ["| name | what races | cases, or steps (published) |", "| --- | --- | --- |"]
    for workload in workloads:
        if len(workload.cases) == 1:
            parts = _describe_steps(workload.default_case)
        else:
            parts = [_describe_case(case) for case in workload.cases]
        rows.append(f"| `{workload.name}` | {workload.summary} | {', '.join(parts)} |")
    return "\n".join(rows)


def _describe_steps(case: Case) -> list[str]:
    """Labels of the steps, with the published ratios; the total only if a ratio was published for it."""
    published = case.published_ratios()
    return [
        f"{label} ({published[name].ratio:g}x)" if name in published else label
        for name, label in case.labels().items()
        if name in published or name != TOTAL
    ]


def _describe_case(case: Case) -> str:
    """Name of a case, with the ratios that were published for its steps."""
    labels = case.labels()
    ratios = [f"{labels[name]} {published.ratio:g}x" for name, published in case.published_ratios().items()]
    return f"`{case.name}`" + (f" ({', '.join(ratios)})" if ratios else "")


def _print_workload(console: Console, workload: Workload) -> None:
    console.print(workload.name, style="bold")
    _print_indented(console, workload.summary)
    if unavailable := workload.unavailable():
        _print_indented(console, f"cannot run here: {unavailable}", style="red")
    if any(case.lever is None for case in workload.cases):
        _print_lever(console, workload.lever)
    for task in workload.tasks.entries:
        if not task.resident:
            _print_indented(console, f"measurement {task.name}: {task.label}{_describe_arguments(task)}")
    console.print()
    cases = make_table(console, "case", "summary", "steps")
    for case in workload.cases:
        cases.add_row(case.name, case.summary, ", ".join(step.name for step in case.steps))
    print_table(console, cases, INDENT)
    for case in workload.cases:
        if case.lever:
            _print_lever(console, case.lever, f" of case {case.name}")
    console.print()
    parameters = make_table(console, "parameter", "default", "meaning", "values")
    for parameter in (workload.batch, *workload.parameters):
        parameters.add_row(*_describe_parameter(parameter))
    for case in workload.cases:
        if case.batch:
            name, *rest = _describe_parameter(workload.batch_of(case))
            parameters.add_row(f"{name} (case {case.name})", *rest)
    for parameter, cases_of_parameter in _group_case_parameters(workload):
        name, *rest = _describe_parameter(parameter)
        parameters.add_row(f"{name} (case {', '.join(cases_of_parameter)})", *rest)
    print_table(console, parameters, INDENT)
    console.print()


def _describe_arguments(task: Task) -> str:
    """The arguments of a measurement with their defaults, as `--arguments` accepts them."""
    if not task.arguments.model_fields:
        return ""
    text = json.dumps(task.arguments().model_dump(mode="json"))
    shown = text if len(text) <= MAX_ARGUMENTS_CHARACTERS else f"{{{', '.join(task.arguments.model_fields)}}}"
    return f"; arguments {shown}"


def _print_indented(console: Console, text: str, style: str | None = None) -> None:
    console.print(" " * INDENT + text, style=style)


def _print_lever(console: Console, lever: Lever, whose: str = "") -> None:
    names = ", ".join(value.name for value in lever.values)
    _print_indented(
        console, f"lever {lever.name}{whose}: {names} (baseline {lever.baseline}, accelerated {lever.accelerated})"
    )
    for value in lever.values:
        if value.optional and (why := value.unavailable()):
            _print_indented(console, f"  {why}")


def _group_case_parameters(workload: Workload) -> list[tuple[Parameter, list[str]]]:
    """Parameters that only some cases have, with the names of these cases."""
    groups: dict[str, tuple[Parameter, list[str]]] = {}
    for case in workload.cases:
        for parameter in case.parameters:
            groups.setdefault(repr(parameter), (parameter, []))[1].append(case.name)
    return list(groups.values())


def _describe_parameter(parameter: Parameter) -> Iterable[str]:
    """Name, default, meaning and accepted values. The last may be long, and nothing follows it."""
    if parameter.choices:
        values = ", ".join(parameter.choices)
    elif parameter.minimum is not None and parameter.maximum is not None:
        unit = f" {parameter.noun}s" if parameter.noun else ""
        values = f"{format_number(parameter.minimum)} to {format_number(parameter.maximum)}{unit}"
    else:
        values = {"flag": "true, false", "text": "text"}.get(parameter.kind, parameter.kind)
    return parameter.name, str(parameter.default), parameter.help, values
