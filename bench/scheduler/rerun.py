"""Whether the plan of somebody's race may be raced here: nothing that its file names is run or read unasked."""

from __future__ import annotations

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, check_plan, find_workload
from bench.storage.uploads import is_upload, is_upload_available
from bench.system.limits import core_limit

INPUTS_OPTION = "--with-inputs"


def check_rerun(plan: Plan, *, with_inputs: bool) -> None:
    """Check that `plan`, which came from a file, can be raced here. Raises PlanError with what to do.

    Code of the other person's is never run. Files and models that the plan names are those of this machine, and may be
    others with the same name, so they are used only `with_inputs`.
    """
    workload = find_workload(plan.workload)
    if workload.local_only:
        raise PlanError(
            [
                f"this race runs code of the person who made it, {_list_texts(plan)}, and Fairlap runs no code that a "
                "file names. Read the script, and start it yourself: python -m bench profile SCRIPT"
            ]
        )
    check_plan(plan, core_limit())
    resolved = resolve(plan)
    if unavailable := resolved.unavailable():
        raise PlanError([f"{plan.workload} cannot run here: {unavailable}"])
    inputs = resolved.own_inputs()
    if missing := [name for name, value in inputs.items() if not is_upload_available(value)]:
        raise PlanError(
            [
                f"{name}: the race used an uploaded file that is not on this machine. Get the file, upload it on the "
                "page of the workload, and race it there."
                for name in missing
            ]
        )
    # An upload is named by its content.
    others = {name: value for name, value in inputs.items() if not is_upload(value)}
    if others and not with_inputs:
        named = ", ".join(f"{name} {value!r}" for name, value in others.items())
        raise PlanError(
            [
                f"the race used inputs of the machine where it was made: {named}. To use what has these names here, "
                f"add {INPUTS_OPTION}; the races are compared only if its content is the same."
            ]
        )


def _list_texts(plan: Plan) -> str:
    """The settings of a plan that are texts, as they are in the file."""
    return ", ".join(f"{name} {value!r}" for name, value in plan.parameters.items() if isinstance(value, str))
