"""What executes an arm's calls: pandas in its own process, or Modin over workers that `on_ray` and `on_dask` start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from bench.values import Service, Table


@dataclass(frozen=True, slots=True)
class CallExecution:
    """What is known of one call's execution, beside its time."""

    first_s: float
    """Time to the result."""
    rows: int = 1
    columns: int = 1
    """Partitions of the result, or of the input where the result has none."""
    defaulted: tuple[str, ...] = ()
    """Modin's words where it handed the call to pandas."""
    references: bool = False
    """Whether the result consists of the input's own partitions: nothing was computed."""
    stored: int = 0
    """Bytes that were newly stored; the engine's `storing` says where."""
    workers: int = 0
    """Worker processes that used a processor."""
    cpu_s: float = 0.0
    """Processor time of those."""
    started: int = 0
    """Processes that Ray started for the call."""


class Engine(Protocol):
    """Executes calls."""

    pd: Any
    """pandas, or what stands in for it."""
    facts: dict[str, str]
    started_s: float
    """How long it took to import and start what comes on top of pandas."""
    service: str
    """What works for it in processes of its own, by name; empty where nothing does."""
    storing: str
    """What a note's `stored` counts, in words that go after the bytes."""
    outside: Service | None
    """What works for it and is not this process's own."""

    def wait(self, result: Any) -> None:
        """Return when `result` has been computed."""

    def observed(self, work: Callable[[], Any], given: Any) -> tuple[Any, CallExecution]:
        """Do `work`, which works on the frame `given`, to its end, and tell how it was executed."""

    def plain(self, result: Any) -> Any:
        """`result` as pandas has it."""

    def check(self, result: Any) -> None:
        """Raise what went wrong where `result`, which was waited for, has not come about. For outside of clocks."""

    def explained(self) -> AbstractContextManager[None]:
        """Turns what goes wrong inside for want of room, or of who works, into BadInput or the like."""

    def nodes(self) -> Table | None:
        """The machines of a service that is not its own, and what each did so far."""
