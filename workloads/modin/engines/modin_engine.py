"""TODO: workloads.modin.engines.modin_engine."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.values import Service, Table
from bench.workload.interface import ProgressReporter
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.errors import translate_known_errors
from workloads.modin.engines.service_monitor import ServiceMonitor

MIN_WORKED_S = 0.001
"""Processor time from which a worker counts as having worked, and not merely looked whether there was any."""


@dataclass(slots=True)
class WarningRecorder:
    """Keeps what Modin warns of: it warns where it hands a call to pandas."""

    said: list[str] = field(default_factory=list)

    def __call__(self, message: Any, category: Any, filename: Any, lineno: Any, file: Any = None, line: Any = None):
        self.said.append(str(message))

    def defaulted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(words for words in self.said if "efaulting to pandas" in words))


class ModinEngine:
    """Modin over the worker processes of a service, which a subclass starts before it calls `_load`."""

    service = ""
    storing = ""
    outside: Service | None = None

    def _load(
        self, watching: ServiceMonitor, version: str, cores: int, began: float, progress: ProgressReporter
    ) -> None:
        """Import Modin for the service of this `version`, which `watching` watches over, and cut tables into `cores`
        parts either way.

        `began` is when the service began to start, by `time.perf_counter`.
        """
        self.watching = watching
        service_s = time.perf_counter() - began
        progress("importing Modin")
        config = importlib.import_module("modin.config")
        config.Engine.put(self.service)
        config.CpuCount.put(cores)
        config.NPartitions.put(cores)
        self.pd = importlib.import_module("modin.pandas")
        self.execute = importlib.import_module("modin.utils").execute
        self.warned = WarningRecorder()
        warnings.simplefilter("always")
        warnings.showwarning = self.warned
        modin_s = time.perf_counter() - began - service_s
        # The workers start, and import pandas, when there is something to do.
        progress("first task of Modin")
        with self.explained():
            self.execute(self.pd.DataFrame({"number": range(FIRST_TASK_ROWS * cores)}).map(abs))
        self.started_s = time.perf_counter() - began
        modin = importlib.import_module("modin")
        self.facts = {
            "engine": f"Modin {modin.__version__} on {self.service} {version}",
            "start": f"{self.started_s:.1f} s: {self.service} {service_s:.1f} s, "
            f"Modin {modin_s:.1f} s, its first task {self.started_s - service_s - modin_s:.1f} s",
            "clock": "stops when modin.utils.execute says that every partition of the result is computed",
        }

    def wait(self, result: Any) -> None:
        self.execute(result)

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, CallExecution]:
        self.warned.said.clear()
        before, stored = self._worker_times(), self._stored()
        began = time.perf_counter()
        result = work()
        self.wait(result)
        first_s = time.perf_counter() - began
        self.check(result)
        spent = {pid: max(0.0, s - before.get(pid, 0.0)) for pid, s in self._worker_times().items()}
        frame = result if hasattr(result, "_query_compiler") else given
        rows, columns = frame._query_compiler._modin_frame._partitions.shape
        refs, inputs = self._references(result), self._references(given)
        return result, CallExecution(
            first_s=first_s,
            rows=rows,
            columns=columns,
            defaulted=self.warned.defaulted(),
            references=bool(refs) and refs <= inputs,
            stored=max(0, self._stored() - stored),
            workers=sum(s > MIN_WORKED_S for s in spent.values()),
            cpu_s=sum(spent.values()),
            started=len(spent.keys() - before.keys()),
        )

    def plain(self, result: Any) -> Any:
        return result._to_pandas() if hasattr(result, "_to_pandas") else result

    @contextmanager
    def explained(self) -> Iterator[None]:
        with self.watching.blamed(), translate_known_errors():
            yield

    def nodes(self) -> Table | None:
        return None

    def check(self, result: Any) -> None:
        raise NotImplementedError

    def _references(self, frame: Any) -> set[Any]:
        """What a frame's partitions are known by in the service."""
        if not hasattr(frame, "_query_compiler"):
            return set()
        partitions = frame._query_compiler._modin_frame._partitions.ravel()
        return {data for partition in partitions for data in partition.list_of_blocks}

    def _worker_times(self) -> dict[int, float]:
        """Processor seconds of the service's workers by pid."""
        raise NotImplementedError

    def _stored(self) -> int:
        """Bytes that have been stored so far, as `storing` says."""
        raise NotImplementedError


FIRST_TASK_ROWS = 64
"""Rows a core of the table of the first task: more than the fewest that Modin cuts in two."""
