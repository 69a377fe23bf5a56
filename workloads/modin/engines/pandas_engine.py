"""TODO: workloads.modin.engines.pandas_engine."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from bench.values import Table
from bench.workload.interface import ProgressReporter
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.errors import translate_known_errors


class PandasEngine:
    """pandas in this process: a result is there when its call returns."""

    service = ""
    storing = ""
    outside = None

    def __init__(self, progress: ProgressReporter) -> None:
        progress("importing pandas")
        self.pd = importlib.import_module("pandas")
        # Both arms import pandas before either engine starts: what counts is what Modin costs beyond it.
        self.started_s = 0.0
        self.facts = {"engine": f"pandas {self.pd.__version__}"}

    def wait(self, result: Any) -> None:
        return None

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, CallExecution]:
        began = time.perf_counter()
        result = work()
        return result, CallExecution(time.perf_counter() - began)

    def plain(self, result: Any) -> Any:
        return result

    def check(self, result: Any) -> None:
        return None

    def explained(self) -> AbstractContextManager[None]:
        return translate_known_errors()

    def nodes(self) -> Table | None:
        return None
