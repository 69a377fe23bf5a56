"""Options that several commands share, and the plan that they ask for."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.plan.plan import Plan
from bench.plan.query import from_query
from bench.plan.validation import PlanError, find_workload
from bench.storage.uploads import UploadError, check_file, save_upload
from bench.system.limits import core_limit
from bench.workload.file_summary import UPLOAD_PREFIX, FileSummary
from bench.workload.parameters import Parameter

PLAN_FIELDS = ("case", "cores", "batch", "baseline", "accelerated", "budget_s", "target", "seed", "accuracy_limit")


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Options of a plan that races and measurements have in common."""
    parser.add_argument("--case", help="variant of the workload (default: the first in the list)")
    parser.add_argument("--cores", type=int, metavar="N", help="number of cores (default: all that may be used)")
    parser.add_argument("--batch", type=int, metavar="N", help="amount of work per repetition; its meaning is listed")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the workload or of the case; may be repeated",
    )
    parser.add_argument("--baseline", metavar="VALUE", help="value of the lever in the baseline arm")
    parser.add_argument("--accelerated", metavar="VALUE", help="value of the lever in the accelerated arm")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all random choices")


def add_race_options(parser: argparse.ArgumentParser, *, budget_option: str = "--budget") -> None:
    """Options of a plan that only races have."""
    parser.add_argument(
        budget_option,
        type=float,
        dest="budget_s",
        metavar="SECONDS",
        help="time for warm-up, pairs and other core counts of a race; preparing the arms, evidence and accuracy take "
        "more",
    )
    parser.add_argument(
        "--target",
        type=float,
        metavar="SHARE",
        help="stop when the sampling error of every ratio is at most this share of the ratio; 0 uses the whole time "
        "budget. The interval is wider by what one race cannot see, such as the difference between two processes of "
        "one program",
    )
    parser.add_argument(
        "--accuracy-limit",
        type=float,
        dest="accuracy_limit",
        metavar="SHARE",
        help="lowest accuracy of the accelerated arm, as a share of the baseline's, with which a claim is made: 0.99 "
        "allows a loss of 1 %%. The whole 95 %% interval of the loss must be within it",
    )


def add_json_option(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help=f"write {what} as JSON; '-' writes to standard output and nothing else",
    )


def parse_json_object(text: str) -> dict[str, Any]:
    """The value of an option that expects a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"this is not JSON ({error}): {text}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f'expected a JSON object such as {{"name": 1}}, got {text}')
    return value


def plan_from_options(options: argparse.Namespace) -> Plan:
    """The plan that the options ask for. Raises PlanError."""
    workload = find_workload(options.workload)
    limit = core_limit()
    settings = {"cores": str(limit)}
    settings |= {name: str(value) for name in PLAN_FIELDS if (value := getattr(options, name, None)) is not None}
    levers = {lever.name for lever in workload.levers()}
    for assignment in options.set:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise PlanError([f"--set {assignment}: expected NAME=VALUE"])
        settings["accelerated" if name in levers else name] = value
    return from_query(workload.name, settings, core_limit=limit, read_value=_resolve_path)


def _resolve_path(parameter: Parameter, value: str) -> str:
    """`value` with a relative path made absolute, because the work is done in another folder.

    The file of an image parameter is added to the uploads, as if it had been uploaded on a page. Other files are
    checked where they are. What the check found is printed to standard error.
    """
    if not value.strip() or value in parameter.choices or value.startswith(UPLOAD_PREFIX):
        return value
    try:
        path = Path(value.strip()).expanduser()
    except RuntimeError as error:
        raise PlanError([f"{parameter.name}: {value}: {error}"]) from error
    if parameter.kind == "image":
        return _hand_in_image(parameter, path)
    is_path = parameter.path == "always" or (parameter.path == "if there" and _looks_like_path(value))
    if is_path and not path.exists():
        raise PlanError([f"{parameter.name}: {value}: there is no such file or folder"])
    if is_path or (parameter.path == "if there" and path.exists()):
        if parameter.upload and path.is_file():
            _print_summary(path.name, _check_file(parameter, path))
        return str(path.absolute())
    return value


def _hand_in_image(parameter: Parameter, path: Path) -> str:
    """The value that refers to the file at `path`, which becomes an upload. Raises PlanError."""
    assert parameter.upload
    if not path.is_file():
        raise PlanError(
            [
                f"{parameter.name}: there is no file {path}, and no picture of that name; there are "
                f"{', '.join(parameter.choices)}"
            ]
        )
    try:
        value, described = save_upload(path.read_bytes(), path.name, parameter.upload)
    except (UploadError, OSError) as error:
        raise PlanError([f"{parameter.name}: {path}: {error}"]) from error
    _print_summary(described.name, described.summary)
    return value


def _check_file(parameter: Parameter, path: Path) -> FileSummary:
    assert parameter.upload
    try:
        return check_file(path.absolute(), parameter.upload, path.name)
    except UploadError as error:
        raise PlanError([f"{parameter.name}: {path}: {error}"]) from error


def _print_summary(name: str, summary: FileSummary) -> None:
    print(f"{name}: {summary.text}", *summary.notes, sep="\n  ", file=sys.stderr)


def _looks_like_path(value: str) -> bool:
    """Whether a value that may also be a name of another kind, such as `owner/model`, can only be a path."""
    return value.strip().startswith(("/", "./", "../", "~"))
