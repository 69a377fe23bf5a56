"""What the measurements of pandas to Modin are asked, report and return. Imports nothing that is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import StrictInt, model_validator

from bench.values.base import Value
from bench.workload.interface import BadInput
from workloads.modin.calls import CALLS

MIN_ROWS, MAX_ROWS = 1 << 10, 1 << 24
DEFAULT_MIN_ROWS, DEFAULT_MAX_ROWS = 1 << 12, 1 << 18
DEFAULT_CALL = "map"
DEFAULT_SEARCH_S = 120
"""Time budget of a search, in seconds."""
BREAK_EVEN_CALLS = {call.name: call for call in CALLS if not call.excluded_from_total}
"""The calls for which a break-even size can be searched."""


class BreakEvenArguments(Value):
    call: str = DEFAULT_CALL
    """One of `BREAK_EVEN_CALLS`."""
    min_rows: StrictInt = DEFAULT_MIN_ROWS
    max_rows: StrictInt = DEFAULT_MAX_ROWS
    budget_s: StrictInt = DEFAULT_SEARCH_S
    """Time for the search. Starting Ray is not included."""

    @model_validator(mode="after")
    def _check(self) -> BreakEvenArguments:
        if self.call not in BREAK_EVEN_CALLS:
            raise BadInput(
                f"There is no call {self.call!r} that can be timed", f"Choose one of {', '.join(BREAK_EVEN_CALLS)}."
            )
        if not MIN_ROWS <= self.min_rows < self.max_rows <= MAX_ROWS:
            raise BadInput(
                f"Expected a smaller and a larger number of rows, got {self.min_rows:,} and {self.max_rows:,}",
                f"Choose two numbers from {MIN_ROWS:,} to {MAX_ROWS:,}.",
            )
        if self.budget_s < 1:
            raise BadInput(f"Expected a time budget of at least 1 s, got {self.budget_s} s", "Allow 30 s or more.")
        return self


class EngineStart(Value):
    seconds: float
    """How long Ray and Modin took to start."""


class BreakEvenPoint(Value):
    """The times of the call at one size, in seconds to the result."""

    rows: int
    pandas: list[float]
    modin: list[float]


class BreakEvenCrossing(Value):
    """Number of rows from which on Modin is faster."""

    rows: float
    low: float
    high: float
    """Ends of the 95 % interval."""


class BreakEvenResult(Value):
    verdict: Literal["gains", "loses", "unsure"]
    """`gains`: Modin is faster at all sizes or from one on. `loses`: pandas is, in the same way."""
    sentence: str
    compared: str
    """What was compared on which table, as text."""
    stopped: str
    """Why no larger size was measured; empty if all were."""
    crossing: BreakEvenCrossing | None = None
    at_every_size: bool = False
    """Whether the verdict holds at every measured size. False in results of older versions, which did not record it."""
