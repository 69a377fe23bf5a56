"""First pairs that do not count: those of the race's warm-up, as the pairs themselves show it."""

from __future__ import annotations

from collections.abc import Mapping

from bench.race.arm import ArmProcess
from bench.race.budget import SamplingBudget
from bench.race.session import RaceSession
from bench.race.thread_placement import place_threads
from bench.run.events import WarmUpEnd
from bench.run.timeline import find_first_pair
from bench.stats.pairing import pair_samples
from bench.stats.warmup import find_common_start, is_settled
from bench.values.base import Arm
from bench.values.samples import Phase

MAX_CALL_COUNT_CHANGES = 2
"""How often the pairs may change how many times a step is called inside a sample."""


class FirstPairs:
    """Excludes the first pairs of a race that do not count.

    All pairs so far are excluded if samples for the placement of threads were taken after them, or if they show that a
    step has to be called more often inside a sample. First pairs are excluded if the following ones show that an arm
    was still getting faster. The samples of an excluded pair become samples of the warm-up.
    """

    def __init__(self, session: RaceSession, budget: SamplingBudget, arms: Mapping[Arm, ArmProcess]) -> None:
        self._session, self._budget, self._arms = session, budget, arms
        self.are_warm = False
        """Whether both arms no longer get faster, and the call counts are those of warm calls."""
        self.excluded = 0
        """Number of pairs that do not count."""
        self.ended_at = 0.0
        """When the first pair that counts began, or will begin, in seconds after the start of the race."""
        self._are_placed = False
        self._call_count_changes = 0

    def place_threads(self, phase: Phase) -> bool:
        """Spread packed threads, which the last samples of `phase` show.

        Returns whether samples were taken for that. See `bench.race.thread_placement`.
        """
        session, self._are_placed = self._session, True
        latest = {arm: session.record.samples_of(arm, phase)[-1] for arm in self._arms}
        return any([place_threads(session, process, latest[arm], self._budget) for arm, process in self._arms.items()])

    def examine(self) -> None:
        """Look at the pairs after each new one, and exclude those that do not count."""
        if not self._are_placed and self.place_threads(Phase.RACE):
            self._exclude_all()
        elif not self.are_warm:
            if self._raise_call_counts():
                self._exclude_all()
            else:
                self._exclude_warm_up()

    def _raise_call_counts(self) -> bool:
        if self._call_count_changes == MAX_CALL_COUNT_CHANGES:
            return False
        session = self._session
        has_changed = session.sampler.raise_call_counts(session.record.samples_of(arm) for arm in Arm)
        self._call_count_changes += has_changed
        return has_changed

    def _exclude_all(self) -> None:
        pairs = {sample.pair for sample in self._session.record.samples if sample.phase is Phase.RACE}
        self._exclude(len(pairs), max(pairs) + 1)

    def _exclude_warm_up(self) -> None:
        """Exclude the first pairs as far as the following ones show that an arm was still getting faster."""
        pairs = pair_samples(sample for sample in self._session.record.samples if sample.phase is Phase.RACE)
        times = {arm: [pair[arm].total_s for pair in pairs] for arm in Arm}
        if excluded := find_common_start(times.values()):
            self._exclude(excluded, pairs[excluded][Arm.BASELINE].pair)
        self.are_warm = all(is_settled(series[excluded:]) for series in times.values())

    def _exclude(self, count: int, first_pair: int) -> None:
        session = self._session
        session.recorder.emit(WarmUpEnd(at=session.now, first_pair=first_pair))
        self.excluded += count
        began = find_first_pair(session.record.samples)
        self.ended_at = session.now if began is None else began
