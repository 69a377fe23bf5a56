"""What every engine has in common. An engine executes the calls of an arm: pandas in its own process, or Modin on the
worker processes of a service, Ray or Dask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bench.values.arms import Service
from bench.values.output import Table


@dataclass(frozen=True, slots=True)
class CallExecution:
    """How one call was executed."""

    first_s: float
    """Time to the result."""
    partition_rows: int = 1
    partition_columns: int = 1
    """The grid of partitions of the result, or of the input if the result is not partitioned."""
    default_warnings: tuple[str, ...] = ()
    """Modin's warnings that it handed the call to pandas."""
    passes_references: bool = False
    """Whether the result consists of partitions of the input, so that nothing was computed."""
    stored_bytes: int = 0
    """Bytes that the service stored during the call; `Engine.stored_label` says where."""
    active_workers: int = 0
    """Worker processes that used CPU time."""
    worker_cpu_s: float = 0.0
    """CPU time of the worker processes."""
    started_workers: int = 0
    """Worker processes that were started during the call."""


class Engine(ABC):
    """Executes calls."""

    pd: Any
    """pandas, or the module with the same functions that replaces it."""
    facts: dict[str, str]
    """Facts for the run's record, by label."""
    start_s: float
    """Time to import and start what the engine needs in addition to pandas.

    For a Ray of this process's own it may include the import of pandas, during which Ray's workers start.
    """
    service: str = ""
    """Name of the service whose processes do the work; empty for pandas."""
    stored_label: str = ""
    """What `CallExecution.stored_bytes` counts, to be written after the number of bytes."""
    external_service: Service | None = None
    """The service, if it was not started by this process."""

    @abstractmethod
    def wait(self, result: Any) -> None:
        """Return when every partition of `result` has been computed, or has failed."""

    @abstractmethod
    def raise_failure(self, result: Any) -> None:
        """Raise the error of a partition of `result` that has failed. Call it after `wait`, outside the clock."""

    @abstractmethod
    def observe(self, work: Callable[[], Any], table: Any) -> tuple[Any, CallExecution]:
        """Run `work`, which uses `table`, until its result is computed. Returns the result and how it was executed."""

    @abstractmethod
    def to_pandas(self, result: Any) -> Any:
        """`result` as a pandas object, if it is a frame or a series of this engine; otherwise `result` itself."""

    @abstractmethod
    def translate_errors(self) -> AbstractContextManager[None]:
        """Replaces errors of the service inside the block by EngineFault or ServiceDied, which have a remedy."""

    def describe_nodes(self) -> Table | None:
        """The nodes of an external service, and what each has done so far."""
        return None
