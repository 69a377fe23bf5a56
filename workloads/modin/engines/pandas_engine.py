"""pandas in the process of the arm: a result is computed when its call returns."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from bench.workload.interface import ProgressReporter
from workloads.modin.engines.base import CallExecution, Engine
from workloads.modin.engines.errors import translate_known_errors


def import_pandas(progress: ProgressReporter) -> Any:
    """Import pandas, which every arm needs. It is no part of an engine's start."""
    progress("importing pandas")
    return importlib.import_module("pandas")


class PandasEngine(Engine):
    """Executes calls with pandas."""

    def __init__(self, progress: ProgressReporter) -> None:
        self.pd = import_pandas(progress)
        # Both arms import pandas. What Modin needs in addition is its start.
        self.start_s = 0.0
        self.facts = {"engine": f"pandas {self.pd.__version__}"}

    def wait(self, result: Any) -> None:
        return None

    def raise_failure(self, result: Any) -> None:
        return None

    def observe(self, work: Callable[[], Any], table: Any) -> tuple[Any, CallExecution]:
        started = time.perf_counter()
        result = work()
        return result, CallExecution(time.perf_counter() - started)

    def to_pandas(self, result: Any) -> Any:
        return result

    def translate_errors(self) -> AbstractContextManager[None]:
        return translate_known_errors()
