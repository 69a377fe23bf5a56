"""A sweep: a grid over one or two settings of a plan, with one short race in each cell.

`Sweep` is the result: axes, cells, and how long it takes. It is the one value that pages, charts, reports and the
command line read. A `SweepRecord` is the job as it is stored: a measurement whose result is a `Sweep`. It is stored
again whenever a cell changes, so a sweep whose process dies loses nothing but the race of that moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from bench.formatting import format_count
from bench.run.job import JobKind
from bench.run.measurement import MeasurementRecord
from bench.stats.break_even import SizeVerdict
from bench.values.base import Arm, Value
from bench.values.output import TextReport
from bench.values.statistics import Interval
from bench.workload.parameters import Setting

SWEEP_TASK = "sweep of races"
SWEEP_LABEL = "Sweep"


class CellState(StrEnum):
    """What is known of a cell."""

    WAITING = "not raced yet"
    MEASURED = "measured"
    FAILED = "failed"
    """Its race has no result, or its settings cannot be raced here."""
    HOPELESS = "not raced"
    """Another cell has shown that a race would fail or make no claim."""


class SweepAxis(Value):
    """A setting that the sweep varies."""

    name: str
    """A field of a plan, a parameter, or `cores_per_` and what shares the cores."""
    label: str
    values: list[Setting]
    labels: list[str]
    """Each of `values` as a person reads it."""
    is_number: bool
    """Whether the values are numbers in increasing order."""
    is_size: bool = False
    """Whether a larger value means more work or more memory: an integer that is not a number of cores."""

    noun: str = ""
    """What a number counts, in the singular; empty if a person would not say it."""

    def describe(self, value: Setting) -> str:
        """`batch 4`, `2 cores`, `INT8`."""
        text = self.labels[self.values.index(value)]
        if self.noun and isinstance(value, int) and text[:1].isdigit():
            return format_count(value, self.noun)
        return text if any(character.isalpha() for character in text) else f"{self.label.lower()} {text}"


class ArmCell(Value):
    """What one arm did in a cell."""

    seconds: Interval
    """Median time of a repetition."""
    throughput: Interval
    """Units of work per second, by that time."""


class SweepCell(Value):
    """One combination of the axes' values."""

    values: list[Setting]
    """One for each axis."""
    cores: int
    digest: str
    """Of the cell's plan; empty if the settings make no plan."""
    command: str
    """The command line that races this cell alone; empty if the settings make no plan."""
    state: CellState = CellState.WAITING
    run_id: str = ""
    """The race with its result; empty without one."""
    is_reused: bool = False
    """Whether that race was made before this sweep, or elsewhere."""
    raced_at: datetime | None = None
    verdict: SizeVerdict | None = None
    """What the race shows about its total; None without a result."""
    ratio: Interval | None = None
    """Time of the baseline over that of the accelerated arm; None without enough pairs."""
    baseline: ArmCell | None = None
    accelerated: ArmCell | None = None
    pairs: int = 0
    ended_early: bool = False
    """Whether the race was allowed to end early and found that the accelerated arm cannot win."""
    duration_s: float | None = None
    """From the beginning to the end of its race."""
    reason: str = ""
    """Why there is no claim or no result."""

    def arm(self, arm: Arm) -> ArmCell | None:
        return self.baseline if arm is Arm.BASELINE else self.accelerated


class CellChoice(Value):
    """A cell that was chosen for its result, so it looks better than it is."""

    quantity: Literal["throughput", "ratio"]
    """What is highest in it."""
    arm: Arm
    values: list[Setting]
    run_id: str
    cell_count: int
    """Number of cells from which it was chosen: those that count."""
    sentence: str


class SweepEstimate(Value):
    """How long races take, as it is expected."""

    races: int
    seconds: Interval
    """Of all of them together. The ends are the 2.5 and 97.5 % quantiles of the prediction."""
    earlier_races: int
    """Number of stored races from which it follows; 0 for one by the rules of the time budget."""


class Sweep(Value):
    """The result of a sweep, as far as it has come."""

    axes: list[SweepAxis] = Field(min_length=1, max_length=2)
    cells: list[SweepCell]
    """In the order of the grid: the values of the last axis change fastest."""
    unit: str
    """What throughput counts, in the plural."""
    budget_s: float
    """Time budget of each race."""
    again: bool = False
    """Whether cells that were measured before are raced again."""
    estimate: SweepEstimate | None = None
    """Made before the first race."""
    spent_s: float = 0.0
    """Time from the first race to the last one, over all sessions of the sweep."""
    sessions: int = 0
    """How often the sweep was started or continued."""
    active: str = ""
    """Digest of the plan that is raced now; empty if none is."""
    text: TextReport | None = None
    """The sweep in words, once it is over."""
    choices: list[CellChoice] = Field(default_factory=list[CellChoice])
    """The best cells, once it is over."""

    def cell(self, values: Sequence[Setting]) -> SweepCell | None:
        return next((cell for cell in self.cells if cell.values == list(values)), None)

    def count(self, state: CellState) -> int:
        return sum(cell.state is state for cell in self.cells)

    def list_lines(self, axis: SweepAxis) -> Iterator[tuple[SweepCell | None, list[SweepCell]]]:
        """The cells along `axis`, one list for each value of the other axis, with its first cell; None without another
        axis."""
        position = self.axes.index(axis)
        lines: dict[tuple[Setting, ...], list[SweepCell]] = {}
        for cell in self.cells:
            lines.setdefault(tuple(cell.values[:position] + cell.values[position + 1 :]), []).append(cell)
        for other, cells in lines.items():
            yield (cells[0] if other else None), cells

    def find_axis(self, *names: str) -> SweepAxis | None:
        return next((axis for axis in self.axes if axis.name in names), None)

    def describe_values(self, values: Sequence[Setting]) -> str:
        """`2 cores, batch 4`."""
        return ", ".join(axis.describe(value) for axis, value in zip(self.axes, values, strict=True))


class SweepRecord(MeasurementRecord):
    """A sweep as it is stored, drawn and exported."""

    @property
    def kind(self) -> JobKind:
        return JobKind.SWEEP

    @property
    def sweep(self) -> Sweep:
        """Raises pydantic.ValidationError if another version of Fairlap wrote it."""
        return Sweep.model_validate(self.result)

    def keep(self, sweep: Sweep) -> None:
        self.result = sweep.model_dump(mode="json")


def sweep_digest(digests: Iterable[str], budget_s: float, values: Any) -> str:
    """Sixteen hexadecimal digits that are equal for sweeps over the same cells."""
    text = f"{','.join(digests)} {budget_s:g} {values}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
