"""How long a race samples: the time budget of the plan, and how far the race may exceed it."""

from __future__ import annotations

from bench.race.recorder import EventRecorder
from bench.run.outcome import MIN_PAIRS

MAX_WARM_UP_SHARE, MAX_WARM_UP_S = 0.1, 2.0
"""The warm-up ends with the round that is under way after this share of the budget, or after so many seconds: a user
waits for the first pair, and first pairs that were still warm-up are excluded."""
CORE_COUNTS_SHARE = 0.2
"""Share of the budget that is reserved for other core counts, while any of them may fit."""
MIN_PAIRS_TO_STOP = 20
"""Fewest pairs after which sampling may end before the budget is spent, because the sampling error is small enough."""
MIN_PAIRS_FOR_INTERVAL = 3
"""Pairs that are taken even beyond the budget, up to the limit, if `MIN_PAIRS` do not fit into it."""
MAX_SPENT_FACTOR, MAX_SPENT_EXTRA_S = 1.35, 4.0
"""The warm-up, the pairs and other core counts end after so many budgets and seconds, but for the last sample, and what
is not expected to fit is not begun: a user waits for the budget, not for a multiple of it."""


class SamplingBudget:
    """The time of a race since its first warm-up sample."""

    def __init__(self, recorder: EventRecorder, budget_s: float) -> None:
        self._recorder, self.budget_s = recorder, budget_s
        self._pairs_share = 1.0
        self._since: float | None = None

    def start(self, *, tries_core_counts: bool) -> None:
        """Begin to count. Without other core counts to try, the pairs may use all of the budget."""
        self._pairs_share = 1 - (CORE_COUNTS_SHARE if tries_core_counts else 0)
        self._since = self._recorder.now

    @property
    def is_pairs_share_spent(self) -> bool:
        """Whether what is left of the budget is reserved for other core counts."""
        return self._pairs_share < 1 and self.spent_s >= self.budget_s * self._pairs_share

    def give_back_to_pairs(self) -> None:
        """Let the pairs use all of the budget, because no other core count will be tried."""
        self._pairs_share = 1.0

    @property
    def spent_s(self) -> float:
        """0 before `start`."""
        return 0.0 if self._since is None else self._recorder.now - self._since

    @property
    def limit_s(self) -> float:
        """The largest `spent_s`."""
        return MAX_SPENT_FACTOR * self.budget_s + MAX_SPENT_EXTRA_S

    @property
    def left_s(self) -> float:
        """The time until the limit; 0 if it is over."""
        return max(0.0, self.limit_s - self.spent_s)

    @property
    def is_warm_up_spent(self) -> bool:
        return self.spent_s >= min(self.budget_s * MAX_WARM_UP_SHARE, MAX_WARM_UP_S)

    def is_spent(self, pairs: int, sampling_s: float) -> bool:
        """Whether sampling has to end after so many pairs that count, which took `sampling_s` seconds.

        With the budget spent, pairs that a claim lacks are taken if they fit below the limit; else a few, for an
        interval.
        """
        if self.spent_s >= self.limit_s:
            return True
        if self.spent_s < self.budget_s * self._pairs_share:
            return False
        if not pairs:
            return False
        needed_s = (MIN_PAIRS - pairs) * sampling_s / pairs
        return pairs >= (MIN_PAIRS if needed_s <= self.left_s else MIN_PAIRS_FOR_INTERVAL)

    def allows(self, seconds: float) -> bool:
        """Whether something that takes so long ends before the limit."""
        return seconds <= self.left_s
