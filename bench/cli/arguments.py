"""TODO: bench.cli.arguments."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.machine.limits import core_limit
from bench.plan.plan import Plan
from bench.plan.query import from_query
from bench.plan.validation import PlanError, find_workload
from bench.storage.uploads import UPLOAD_PREFIX, UploadError, save_image
from bench.workload.declaration import Parameter


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
    """The plan that the options of `run` and `do` ask for. Raises PlanError."""
    workload = find_workload(options.workload)
    limit = core_limit()
    names = ("case", "cores", "batch", "baseline", "accelerated", "budget_s", "target", "seed", "accuracy_limit")
    settings = {"cores": str(limit)}
    settings |= {name: str(getattr(options, name)) for name in names if getattr(options, name, None) is not None}
    levers = {lever.name for lever in workload.levers()}
    for assignment in options.set:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise PlanError([f"--set {assignment}: expected NAME=VALUE"])
        settings["accelerated" if name in levers else name] = value
    return from_query(workload.name, settings, core_limit=limit, read_value=_resolve_path)


def _resolve_path(parameter: Parameter, value: str) -> str:
    """`value` with a relative path made absolute, because the work is done in another folder.

    The file of an image parameter is added to the uploads, as if it had been uploaded on a page.
    """
    if not value.strip() or value in parameter.choices or value.startswith(UPLOAD_PREFIX):
        return value
    try:
        path = Path(value.strip()).expanduser()
    except RuntimeError as error:
        raise PlanError([f"{parameter.name}: {value}: {error}"]) from error
    if parameter.kind == "image" and path.is_file():
        try:
            return save_image(path.read_bytes())
        except UploadError as error:
            raise PlanError([f"{parameter.name}: {value}: {error}"]) from error
    if parameter.path == "always" or (parameter.path == "if there" and path.exists()):
        return str(path.absolute())
    return value
