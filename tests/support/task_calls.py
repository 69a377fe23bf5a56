"""Helpers for tests that call a workload's task in their own process."""

import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from bench.workload.arguments import check_arguments
from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from bench.workload.tasks import Task


class ReportRecorder:
    """Records what a task reports, instead of sending it. See `bench.workload.interface.TaskReporter`."""

    def __init__(self, task: Task | None = None) -> None:
        """With `task`, reports are checked against its declaration."""
        self.task = task
        self.reports: list[tuple[str, Any]] = []

    def progress(self, text: str, share: float | None = None) -> None:
        assert share is None or 0 <= share <= 1

    def report(self, name: str, value: BaseModel) -> None:
        if self.task:
            assert type(value) is self.task.reports[name]
        self.reports.append((name, value))

    def values(self, name: str) -> list[Any]:
        """The reports called `name`, in order."""
        return [value for reported, value in self.reports if reported == name]


def call_task(
    workload: str, task: str, settings: Settings, arguments: Mapping[str, Any] | None = None
) -> tuple[Any, ReportRecorder]:
    """The result of a task, and what it reported. Arguments are checked as in a real measurement."""
    tasks = load_workloads()[workload].tasks
    declared = tasks.task(task)
    checked = check_arguments(declared, arguments or {})
    module, _, name = tasks.handler.partition(":")
    handler = getattr(importlib.import_module(module), name)()
    recorder = ReportRecorder(declared)
    result = getattr(handler, task)(settings, checked, recorder)
    assert type(result) is declared.result
    # A report that JSON cannot hold would fail on its way to the page.
    for _, value in [*recorder.reports, ("result", result)]:
        assert type(value).model_validate_json(value.model_dump_json()) == value
    return result, recorder
