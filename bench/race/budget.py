"""How long a race samples: the time budget of the plan, and when the race may exceed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.race.recorder import EventRecorder
from bench.run.outcome import MIN_PAIRS

MAX_WARM_UP_SHARE = 0.25
"""Largest share of the budget that the warm-up may take."""
CORE_COUNTS_SHARE = 0.2
"""Share of the budget that is reserved for other core counts, if there are any to try."""
MIN_PAIRS_TO_STOP = 20
"""Fewest pairs after which sampling may end before the budget is spent, because the interval is narrow enough."""
MIN_PAIRS_FOR_CLAIM = MIN_PAIRS
"""No claim is made from fewer pairs, so the race takes them even if they exceed the budget, up to
`CLAIM_OVERRUN_FACTOR` times."""
MIN_PAIRS_FOR_INTERVAL = 3
"""The race takes these even beyond that, up to `MAX_OVERRUN_FACTOR` times the budget."""
CLAIM_OVERRUN_FACTOR = 2.0
MAX_OVERRUN_FACTOR = 4.0
"""Sampling ends at this multiple of the budget in any case. Other core counts are tried only if that fits below it."""


class SamplingBudget:
    """The time of a race since its first warm-up sample, without the periods that are excluded from it."""

    def __init__(self, recorder: EventRecorder, budget_s: float, *, tries_core_counts: bool) -> None:
        self._recorder, self.budget_s = recorder, budget_s
        self._pairs_share = 1 - (CORE_COUNTS_SHARE if tries_core_counts else 0)
        self._since: float | None = None

    def start(self) -> None:
        self._since = self._recorder.now

    @property
    def spent_s(self) -> float:
        """0 before `start`."""
        return 0.0 if self._since is None else self._recorder.now - self._since

    @contextmanager
    def exclude(self) -> Iterator[None]:
        """Do not count the time of the `with` block."""
        assert self._since is not None
        began = self._recorder.now
        yield
        self._since += self._recorder.now - began

    @property
    def is_warm_up_spent(self) -> bool:
        return self.spent_s >= self.budget_s * MAX_WARM_UP_SHARE

    def is_spent(self, pairs: int) -> bool:
        """Whether sampling has to end after so many pairs."""
        spent_s = self.spent_s
        if spent_s >= self.budget_s * MAX_OVERRUN_FACTOR:
            return True
        return spent_s >= self.budget_s * self._pairs_share and pairs >= self.min_pairs

    @property
    def min_pairs(self) -> int:
        """The pairs to take even if they exceed the budget."""
        within_overrun = self.spent_s < self.budget_s * CLAIM_OVERRUN_FACTOR
        return MIN_PAIRS_FOR_CLAIM if within_overrun else MIN_PAIRS_FOR_INTERVAL

    def allows(self, seconds: float) -> bool:
        """Whether something that takes so long, after the pairs, keeps the race below its longest overrun."""
        return self.spent_s + seconds <= MAX_OVERRUN_FACTOR * self.budget_s
