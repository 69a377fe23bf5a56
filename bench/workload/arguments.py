"""Checks the arguments of a task against its declaration, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from bench.workload.interface import BadInput
from bench.workload.tasks import Task


def check_arguments(task: Task, arguments: Mapping[str, Any]) -> BaseModel:
    """The arguments as the task's model. Raises BadInput for the first of them that does not fit.

    A validator of the model may raise BadInput itself, to say in the workload's words what is wrong and what to do.
    """
    try:
        return task.arguments.model_validate(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BadInput):
            raise cause from error
        name = ".".join(str(part) for part in first["loc"]) or "arguments"
        fields = ", ".join(task.arguments.model_fields) or "none"
        raise BadInput(f"{name}: {_describe(first)}", f"The arguments of {task.name} are: {fields}.") from error


def _describe(error: Any) -> str:
    if error["type"] == "missing":
        return "missing"
    if error["type"] == "extra_forbidden":
        return "there is no such argument"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{message[0].lower()}{message[1:]}, got {error['input']!r}"
