"""What the races of a series are for: a result of one plan, or the size from which on a case is faster.

See `bench.scheduler.best_stages` for one more goal, and `bench.scheduler.race_series` for the series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.plan.plan import Plan
from bench.scheduler.race_time import fits_budget, forecast_pair_s
from bench.stats.break_even import (
    BreakEven,
    SizeResult,
    SizeVerdict,
    choose_next_rows,
    count_remaining_races,
    find_break_even,
)
from bench.values.selection import Selection


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """What a goal needs to know of a race that ended, or that could not be made."""

    size: SizeResult
    pair_s: float | None
    """See `measure_pair_s`."""

    @property
    def failed(self) -> bool:
        return self.size.verdict is SizeVerdict.FAILED


class Results(Protocol):
    """What is known of plans."""

    def find(self, plan: Plan) -> SeriesResult | None:
        """The result of `plan` with the libraries that are installed now, or why it has none."""
        ...

    def was_raced(self, plan: Plan) -> bool:
        """Whether the series has raced `plan`, or could not: it is not tried twice."""
        ...

    def has_failed(self, plan: Plan) -> bool:
        """Whether the series could not race `plan`, or its race failed."""
        ...


@dataclass(frozen=True, slots=True)
class KnownResults:
    """Results that were read before, by the digests of their plans."""

    by_digest: Mapping[str, SeriesResult]

    def find(self, plan: Plan) -> SeriesResult | None:
        return self.by_digest.get(plan.digest)

    def was_raced(self, plan: Plan) -> bool:
        return False

    def has_failed(self, plan: Plan) -> bool:
        return False


def collect_pair_times(results: Results, sizes: Iterable[Plan]) -> dict[int, float]:
    """Seconds of a pair by size, of those plans that have a result: `known` of `predict_pair_s`."""
    found = ((plan.batch, results.find(plan)) for plan in sizes)
    return {size: result.pair_s for size, result in found if result is not None and result.pair_s}


class Goal(Protocol):
    """What the races of one case of a series are for."""

    @property
    def first(self) -> Plan:
        """The plan whose inputs are checked before the series starts."""
        ...

    @property
    def plans(self) -> Sequence[Plan]:
        """All plans that it may choose, `first` included."""
        ...

    def choose(self, results: Results) -> Plan | None:
        """The next race; None if there is none. Raises StoreError."""
        ...

    def count_races(self, results: Results) -> int:
        """The most races that it still takes. Raises StoreError."""
        ...

    def find_break_even(self, results: Results) -> BreakEven | None:
        """What the sizes show together; None if they are not looked for. Raises StoreError."""
        ...

    def select(self, plan: Plan) -> Selection | None:
        """What the race of `plan`, which `choose` returned, carries about how its stages were chosen; None if nothing
        was looked at. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class ResultGoal:
    """A result of one plan."""

    first: Plan

    @property
    def plans(self) -> Sequence[Plan]:
        return (self.first,)

    def choose(self, results: Results) -> Plan | None:
        """A race that failed in another series is tried again."""
        found = results.find(self.first)
        return None if results.was_raced(self.first) or (found and not found.failed) else self.first

    def count_races(self, results: Results) -> int:
        return int(self.choose(results) is not None)

    def find_break_even(self, results: Results) -> BreakEven | None:
        return None

    def select(self, plan: Plan) -> Selection | None:
        return None


@dataclass(frozen=True, slots=True)
class BreakEvenGoal:
    """The size from which on a case is faster. See `choose_next_rows`."""

    first: Plan
    """It has the size that is raced first."""
    sizes: tuple[Plan, ...]
    """One plan for each size, in order: see `plan_sizes`."""

    @property
    def plans(self) -> Sequence[Plan]:
        return self.sizes

    def choose(self, results: Results) -> Plan | None:
        """A size that failed with the libraries that are installed now is not tried again."""
        plans = {plan.batch: plan for plan in self.sizes}
        known = collect_pair_times(results, self.sizes)

        def fits(size: int) -> bool:
            return fits_budget(plans[size], forecast_pair_s(plans[size], known))

        rows = choose_next_rows(list(plans), self._find_verdicts(results), start=self.first.batch, fits=fits)
        return plans[rows] if rows is not None else None

    def count_races(self, results: Results) -> int:
        if self.choose(results) is None:
            return 0
        sizes = [plan.batch for plan in self.sizes]
        return count_remaining_races(sizes, self._find_verdicts(results), start=self.first.batch)

    def list_sizes(self, results: Results) -> list[SizeResult]:
        """What is known of each size, in order. Raises StoreError."""
        found = (results.find(plan) for plan in self.sizes)
        return [result.size for result in found if result is not None]

    def find_break_even(self, results: Results) -> BreakEven:
        return find_break_even(self.list_sizes(results), complete=self.choose(results) is None)

    def select(self, plan: Plan) -> Selection | None:
        return None

    def _find_verdicts(self, results: Results) -> dict[int, SizeVerdict]:
        return {size.rows: size.verdict for size in self.list_sizes(results)}
