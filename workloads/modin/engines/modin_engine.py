"""Modin on the worker processes of a service. Subclasses start the service: Ray or Dask."""

from __future__ import annotations

import time
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.workload.interface import ProgressReporter
from workloads.modin.engines import modin_adapter
from workloads.modin.engines.base import CallExecution, Engine
from workloads.modin.engines.errors import translate_known_errors
from workloads.modin.engines.service_monitor import ServiceMonitor

MIN_ACTIVE_CPU_S = 0.001
"""CPU time from which a worker counts as active. A worker that only polls for tasks uses less."""


@dataclass(slots=True)
class WarningRecorder:
    """Records warnings in place of `warnings.showwarning`. Modin warns when it hands a call to pandas."""

    texts: list[str] = field(default_factory=list)

    def __call__(
        self, message: Any, category: Any, filename: Any, lineno: Any, file: Any = None, line: Any = None
    ) -> None:
        self.texts.append(str(message))

    def default_warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for text in self.texts if modin_adapter.is_default_warning(text)))


class ModinEngine(Engine):
    """Executes calls with Modin. A subclass starts its service, and calls `_import_modin` and then `_load`."""

    def _import_modin(self, cores: int, progress: ProgressReporter) -> None:
        """Import Modin, and pandas with it, for tables that are split into `cores` parts along both axes.

        The service need not have started.
        """
        progress("importing pandas and Modin")
        began = time.perf_counter()
        self.pd = modin_adapter.load_modin(self.service, cores)
        self._execute = modin_adapter.load_execute()
        self._import_s = time.perf_counter() - began

    def _load(
        self,
        monitor: ServiceMonitor,
        service_version: str,
        cores: int,
        started: float,
        progress: ProgressReporter,
    ) -> None:
        """Execute a first task.

        `monitor` watches the service. `started` is the value of `time.perf_counter` at which the service began to
        start.
        """
        self.monitor = monitor
        service_s = time.perf_counter() - started - self._import_s
        self.recorded_warnings = WarningRecorder()
        warnings.simplefilter("always")
        warnings.showwarning = self.recorded_warnings
        # The workers import Modin with their first task.
        progress("first task of Modin")
        with self.translate_errors():
            self.wait(self.pd.DataFrame({"number": range(modin_adapter.MIN_SPLIT_ROWS * cores)}).map(abs))
        self.start_s = time.perf_counter() - started
        self.facts = {
            "engine": f"Modin {modin_adapter.GUARD.require_version()} on {self.service} {service_version}",
            "start": f"{self.start_s:.1f} s: {self.service} {service_s:.1f} s, imports {self._import_s:.1f} s, "
            f"first task of Modin {self.start_s - service_s - self._import_s:.1f} s",
            "clock": "stops when modin.utils.execute returns: every partition of the result is then computed",
        }

    def wait(self, result: Any) -> None:
        self._execute(result)

    def observe(self, work: Callable[[], Any], table: Any) -> tuple[Any, CallExecution]:
        self.recorded_warnings.texts.clear()
        cpu_before, stored_before = self._worker_cpu_times_s(), self._total_stored_bytes()
        started = time.perf_counter()
        result = work()
        self.wait(result)
        first_s = time.perf_counter() - started
        self.raise_failure(result)
        cpu_s = {pid: max(0.0, s - cpu_before.get(pid, 0.0)) for pid, s in self._worker_cpu_times_s().items()}
        rows, columns = modin_adapter.partition_grid(result if modin_adapter.is_frame(result) else table)
        references = modin_adapter.partition_references(result)
        return result, CallExecution(
            first_s=first_s,
            partition_rows=rows,
            partition_columns=columns,
            default_warnings=self.recorded_warnings.default_warnings(),
            passes_references=bool(references) and references <= modin_adapter.partition_references(table),
            stored_bytes=max(0, self._total_stored_bytes() - stored_before),
            active_workers=sum(s > MIN_ACTIVE_CPU_S for s in cpu_s.values()),
            worker_cpu_s=sum(cpu_s.values()),
            started_workers=len(cpu_s.keys() - cpu_before.keys()),
        )

    def to_pandas(self, result: Any) -> Any:
        return result.modin.to_pandas() if modin_adapter.is_frame(result) else result

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        with self.monitor.translate_errors(), translate_known_errors():
            yield

    @abstractmethod
    def _worker_cpu_times_s(self) -> dict[int, float]:
        """CPU time of each worker process of the service, by process id."""

    @abstractmethod
    def _total_stored_bytes(self) -> int:
        """Bytes that the service has stored since it was started, as `stored_label` says."""
