"""TODO: bench.cli.arguments."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.machine.limits import core_limit
from bench.plan.plan import Plan, make_plan
from bench.plan.validation import PlanError
from bench.storage.uploads import UPLOAD_PREFIX, UploadError, save_image
from bench.workload.declaration import Workload
from bench.workload.registry import load_workloads


def parse_json_object(text: str) -> dict[str, Any]:
    """A JSON object of the command line."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"that is no JSON ({error})") from error
    if not isinstance(given, dict):
        raise argparse.ArgumentTypeError('wanted is an object, such as {"name": 1}')
    return given


def plan_from_options(options: argparse.Namespace) -> Plan:
    names = ("batch", "baseline", "accelerated", "budget_s", "target", "seed", "accuracy_limit")
    fields = {name: getattr(options, name) for name in names if getattr(options, name, None) is not None}
    limit = core_limit()
    workload = load_workloads().get(options.workload)
    parameters = {}
    for assignment in options.set:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise PlanError([f"--set {assignment}: wanted is NAME=VALUE"])
        if workload and name == workload.lever.name:
            fields["accelerated"] = value
        else:
            parameters[name] = _resolve_parameter(workload, name, value)
    return make_plan(
        options.workload,
        core_limit=limit,
        cores=limit if options.cores is None else options.cores,
        parameters=parameters,
        **fields,
    )


def _resolve_parameter(workload: Workload | None, name: str, value: str) -> str:
    """A parameter's value; a path in it is looked up here, where the person is: the work is done in another folder.

    A file named for an image parameter joins the uploads, as one given to a page does; other paths become whole.
    """
    kinds = {parameter.name: parameter for parameter in workload.parameters} if workload else {}
    parameter = kinds.get(name)
    if parameter is None or not value.strip() or value in parameter.choices or value.startswith(UPLOAD_PREFIX):
        return value
    try:
        path = Path(value.strip()).expanduser()
    except RuntimeError as error:
        raise PlanError([f"{name}: {value}: {error}"]) from error
    if parameter.kind == "image" and path.is_file():
        try:
            return save_image(path.read_bytes())
        except UploadError as error:
            raise PlanError([f"{name}: {value}: {error}"]) from error
    if parameter.path == "always" or (parameter.path == "if there" and path.exists()):
        return str(path.absolute())
    return value
