"""Checks the inputs of a plan before its job is queued, in a process of its own with limited memory."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.storage.upload_check import MAX_MEMORY_BYTES
from bench.system.isolated_call import CallRaised, CallTimeout, IsolatedCallError
from bench.system.limited_check import TooManyChecks, call_check
from bench.worker.environment import make_thread_counts
from bench.worker.process import make_work_fields
from bench.worker.protocol import WorkRequest
from bench.workload.interface import BadInput

MAX_CHECK_S = 60.0
"""Longest time that checking the inputs may take."""


def check_inputs(plan: Plan) -> None:
    """Raise BadInput if the workload finds that the inputs of `plan` cannot be used.

    Plans that use only inputs that come with the workload are not checked, unless the workload declares it. A check of
    those that needs more memory or time than it may have finds nothing: the arms have more.
    """
    resolved = resolve(plan)
    own_inputs = [
        parameter.name
        for parameter in resolved.parameters
        if parameter.takes_files and plan.parameters[parameter.name] not in parameter.choices
    ]
    workload = resolved.workload
    if not workload.input_check or not (own_inputs or workload.checks_every_plan):
        return
    try:
        call_check(
            "bench.scheduler.input_check:run_input_check",
            workload.input_check,
            make_work_fields(plan, list(range(plan.cores)), Path()),
            limit_s=MAX_CHECK_S,
            memory_limit_bytes=MAX_MEMORY_BYTES,
            # One thread: each one reserves memory, and a race that runs now needs the cores.
            environment=os.environ | make_thread_counts(1),
        )
    except TooManyChecks as error:
        raise BadInput(f"the input was not checked: {error}", "Try again in a minute.") from error
    except CallTimeout:
        # A slow machine or a slow disk is no fault of the input: the arms have more time, and check the same.
        return
    except CallRaised as error:
        # NumPy raises a class of its own, _ArrayMemoryError.
        if error.kind.endswith("MemoryError"):
            if not own_inputs:
                return
            limit = f"{MAX_MEMORY_BYTES >> 30} GiB"
            raise BadInput(f"checking the input takes more than {limit} of memory", "Use a smaller file.") from error
        if not error.remedy:
            remedy = (
                "Use another file." if own_inputs else "Choose other settings, and report it if that does not help."
            )
            raise BadInput(f"the input could not be checked: {error}", remedy) from error
        raise BadInput(error.what, error.remedy) from error
    except IsolatedCallError as error:
        # The process ended, as a library may do that gets no memory.
        if not own_inputs:
            return
        raise BadInput(f"the input could not be checked: {error}", "Use another file.") from error


def run_input_check(check: str, fields: dict[str, Any]) -> None:
    """Call the function `check`, written as `module:name`, with the settings of a plan. Raises what it raises."""
    module, _, name = check.partition(":")
    getattr(importlib.import_module(module), name)(WorkRequest.model_validate(fields).settings())
