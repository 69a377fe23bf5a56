"""Checks the inputs of a plan before its job is queued, in a process of its own with limited memory."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import find_workload
from bench.storage.upload_check import MAX_MEMORY_BYTES
from bench.system.isolated_call import CallRaised, CallTimeout, IsolatedCallError
from bench.system.limited_check import TooManyChecks, call_check
from bench.worker.environment import make_thread_counts
from bench.worker.process import make_work_fields
from bench.worker.protocol import WorkRequest
from bench.workload.interface import BadInput

MAX_CHECK_S = 60.0
"""Longest time that checking the inputs may take."""
CHECKS_PER_PROCESS = 10
"""Plans of a series that are checked in one process."""


class InputNotChecked(BadInput):
    """An input was not checked, because other checks take all places."""


def check_inputs(plan: Plan) -> None:
    """Raise BadInput if the workload finds that the inputs of `plan` cannot be used, and InputNotChecked if they could
    not be checked now.

    Plans that use only inputs that come with the workload are not checked, unless the workload declares it. A check of
    those that needs more memory or time than it may have finds nothing: the arms have more.
    """
    workload = find_workload(plan.workload)
    if not _is_checked(plan):
        return
    try:
        _call("run_input_check", workload.input_check, _make_fields(plan), limit_s=MAX_CHECK_S)
    except TooManyChecks as error:
        raise InputNotChecked(f"the input was not checked: {error}", "Try again in a minute.") from error
    except CallTimeout:
        # A slow machine or a slow disk is no fault of the input: the arms have more time, and check the same.
        return
    except CallRaised as error:
        if bad_input := _explain_error(plan, error):
            raise bad_input from error
    except IsolatedCallError as error:
        # The process ended, as a library may do that gets no memory.
        if not resolve(plan).own_inputs():
            return
        raise BadInput(f"the input could not be checked: {error}", "Use another file.") from error


def find_bad_inputs(plans: Sequence[Plan], is_stopped: Callable[[], bool] = lambda: False) -> list[BadInput | None]:
    """What `check_inputs` would raise for each of `plans` of one workload; None where it finds nothing.

    Several are checked in one process, because the libraries of a workload take seconds to import. After `is_stopped`,
    nothing more is checked.
    """
    found: list[BadInput | None] = []
    for start in range(0, len(plans), CHECKS_PER_PROCESS):
        part = plans[start : start + CHECKS_PER_PROCESS]
        found += [None] * len(part) if is_stopped() else _find_bad_inputs(part)
    return found


def _find_bad_inputs(plans: Sequence[Plan]) -> list[BadInput | None]:
    checked = [plan for plan in plans if _is_checked(plan)]
    if not checked:
        return [None] * len(plans)
    check = find_workload(checked[0].workload).input_check
    try:
        errors = _call("run_input_checks", check, list(map(_make_fields, checked)), limit_s=2 * MAX_CHECK_S)
    except (TooManyChecks, CallTimeout):
        return [None] * len(plans)
    except IsolatedCallError:
        # One of them ended the process, which says nothing about the others.
        return list(map(_find_bad_input, plans))
    by_digest = {plan.digest: error for plan, error in zip(checked, errors, strict=True)}
    raised = [by_digest.get(plan.digest) for plan in plans]
    return [
        _explain_error(plan, CallRaised(**error)) if error else None for plan, error in zip(plans, raised, strict=True)
    ]


def _find_bad_input(plan: Plan) -> BadInput | None:
    try:
        check_inputs(plan)
    except BadInput as error:
        return error
    return None


def _is_checked(plan: Plan) -> bool:
    workload = find_workload(plan.workload)
    return bool(workload.input_check) and (workload.checks_every_plan or bool(resolve(plan).own_inputs()))


def _make_fields(plan: Plan) -> dict[str, Any]:
    return make_work_fields(plan, list(range(plan.cores)), Path())


def _call(function: str, *arguments: Any, limit_s: float) -> Any:
    return call_check(
        f"{__name__}:{function}",
        *arguments,
        limit_s=limit_s,
        memory_limit_bytes=MAX_MEMORY_BYTES,
        # One thread: each one reserves memory, and a race that runs now needs the cores.
        environment=os.environ | make_thread_counts(1),
    ).value


def _explain_error(plan: Plan, error: CallRaised) -> BadInput | None:
    """What an exception of a check means for `plan`; None if it shows nothing."""
    own_inputs = resolve(plan).own_inputs()
    # NumPy raises a class of its own, _ArrayMemoryError.
    if error.kind.endswith("MemoryError"):
        if not own_inputs:
            return None
        limit = f"{MAX_MEMORY_BYTES >> 30} GiB"
        return BadInput(f"checking the input takes more than {limit} of memory", "Use a smaller file.")
    if not error.remedy:
        remedy = "Use another file." if own_inputs else "Choose other settings, and report it if that does not help."
        return BadInput(f"the input could not be checked: {error}", remedy)
    return BadInput(error.what, error.remedy)


def run_input_check(check: str, fields: dict[str, Any]) -> None:
    """Call the function `check`, written as `module:name`, with the settings of a plan. Raises what it raises."""
    module, _, name = check.partition(":")
    getattr(importlib.import_module(module), name)(WorkRequest.model_validate(fields).settings())


def run_input_checks(check: str, plans: Sequence[dict[str, Any]]) -> list[dict[str, str] | None]:
    """`run_input_check` for the settings of each plan: the fields of a CallRaised, or None where nothing is raised."""
    found: list[dict[str, str] | None] = []
    for fields in plans:
        try:
            run_input_check(check, fields)
        except Exception as error:
            # The boundary of the check: whatever the function raises becomes its answer, as in `isolated_call`.
            raised = {"kind": type(error).__name__, "what": str(error), "remedy": getattr(error, "remedy", "")}
            found.append(raised)
        else:
            found.append(None)
    return found
