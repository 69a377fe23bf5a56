"""The course of a race: prepare, warm up, sample pairs, check the results, try other core counts, decide the claims.

The pairs come as early as possible, because they are what a user waits for; nothing before them needs the results.

A race reports everything as typed events. It runs on one thread; while it waits for an arm it checks for stop
requests, reads the machine's telemetry and limits the arms' memory (`bench.race.watchdog`).
"""

from __future__ import annotations

import importlib
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.claims.verdict import decide_claims
from bench.machine import noise
from bench.machine.core_selection import core_counts_to_try
from bench.machine.exhaustion import make_failure
from bench.race.arm import ArmError, ArmProcess
from bench.race.budget import MIN_PAIRS_TO_STOP, SamplingBudget
from bench.race.core_counts import fits_core_count, keeps_own_cores, try_core_counts
from bench.race.first_pairs import FirstPairs
from bench.race.preparation import prepare_arms, require_same_work
from bench.race.results import collect_evidence, measure_quality
from bench.race.session import RaceSession
from bench.race.watchdog import CHECK_INTERVAL_S, RaceStopped
from bench.run import events
from bench.run.events import State
from bench.run.outcome import MIN_PAIRS
from bench.run.record import Run
from bench.stats.no_win import excludes_win
from bench.stats.warmup import is_warm
from bench.values.arms import Failure
from bench.values.base import Arm
from bench.values.samples import Phase

MIN_ESTIMATE_INTERVAL_S = 0.3
"""Shortest time between two estimates on screen."""
MAX_ESTIMATE_SHARE = 0.1
"""Largest share of the time that computing estimates may take."""


class Race:
    """One race, from its first event to its last."""

    def __init__(
        self,
        opened: events.RunOpened,
        *,
        emit: Callable[[events.Event], None],
        stop_requested: Callable[[], RaceStopped | None],
        scratch: Path,
        cores: list[int],
        pause_requested: Callable[[], float] = lambda: 0.0,
        start_requested: Callable[[], bool] = lambda: True,
    ) -> None:
        """Start the race's clock; `run` does the rest.

        `emit` receives every event. `stop_requested` returns the exception to raise once the race has to end, and None
        until then. `scratch` is a folder for the arms' files. `cores` are the ids of the logical processors to race
        on, as many as the plan asks for. `pause_requested` returns the seconds for which a page
        asks the race to pause. `start_requested` returns whether the race may go on once its arms are ready.
        """
        self._start_requested, self._stop_requested = start_requested, stop_requested
        self._session = RaceSession(
            opened,
            emit=emit,
            scratch=scratch,
            cores=cores,
            stop_requested=stop_requested,
            pause_requested=pause_requested,
        )
        self._budget = SamplingBudget(self._session.recorder, self._session.plan.budget_s)
        # Importing scipy takes a moment. It happens while the arms start, where it delays neither a sample nor a stop.
        self._statistics_import = threading.Thread(
            target=importlib.import_module, args=("bench.stats.comparison",), daemon=True
        )

    @property
    def record(self) -> Run:
        """The run so far: the sum of the events."""
        return self._session.record

    def run(self) -> None:
        """Race. No arm is left when this returns.

        A failing arm, a full disk, a limit of processes and a stop request do not raise: they become the state and the
        failure of the run.
        """
        recorder, arms = self._session.recorder, self._session.arms
        recorder.open()
        try:
            self._statistics_import.start()
            self._race()
            recorder.change_state(State.FINISHED)
        except RaceStopped as stopped:
            arms.end_all()
            self._decide_claims(stopped.state, stopped.why)
            recorder.change_state(stopped.state, stopped.why)
        except ArmError as error:
            self._fail(error.failure)
        except (OSError, RuntimeError) as error:
            arms.end_all()
            if (failure := make_failure(error, self._session.scratch)) is None:
                raise
            self._fail(failure)
        finally:
            arms.end_all()

    def _fail(self, failure: Failure) -> None:
        """End the arms and the run."""
        recorder = self._session.recorder
        self._session.arms.end_all()
        recorder.emit(events.RunFailed(at=recorder.now, failure=failure))
        self._decide_claims(State.FAILED, failure.what)
        recorder.change_state(State.FAILED, failure.what)

    def _race(self) -> None:
        session = self._session
        plan, recorder = session.plan, session.recorder
        settings = {Arm.BASELINE: plan.baseline, Arm.ACCELERATED: plan.accelerated}
        arms = prepare_arms(session, session.cores, settings, session.scratch)
        require_same_work(session.record, session.workload)
        self._wait_for(self._statistics_import)
        self._wait_for_start()
        tries_core_counts = bool(core_counts_to_try(plan.cores)) and not keeps_own_cores(session.record)
        self._budget.start(tries_core_counts=tries_core_counts)
        first_pairs = FirstPairs(session, self._budget, arms)
        if not session.sampler.use_prepared_call_counts(arms.values()):
            recorder.change_state(State.WARMING_UP)
            first_pairs.are_warm = self._warm_up(arms)
            first_pairs.place_threads(Phase.WARM_UP)
        recorder.change_state(State.RACING)
        self._sample_pairs(arms, first_pairs)
        recorder.change_state(State.CHECKING)
        # Before other core counts are tried, because the arms report about their latest repetitions.
        collect_evidence(session, arms)
        measure_quality(session, arms)
        try_core_counts(session, self._budget, arms)
        session.arms.end_all()
        recorder.change_state(State.NOISE)
        self._measure_noise()
        self._decide_claims(State.FINISHED)

    def _wait_for(self, thread: threading.Thread) -> None:
        """Wait until a thread has ended. Raises RaceStopped."""
        while thread.is_alive():
            thread.join(CHECK_INTERVAL_S)
            self._session.watchdog.check()

    def _wait_for_start(self) -> None:
        """Wait until the race may go on. Its arms are stopped and use no CPU time meanwhile. Raises RaceStopped."""
        if self._start_requested():
            return
        self._session.recorder.change_state(State.READY)
        while not self._start_requested():
            # Not the watchdog: it would record the machine's telemetry for as long as nobody starts the race.
            if stopped := self._stop_requested():
                raise stopped
            time.sleep(CHECK_INTERVAL_S)

    def _warm_up(self, arms: Mapping[Arm, ArmProcess]) -> bool:
        """Sample the arms in turn until neither gets faster, then decide how often a step is called in a sample.

        Returns False if the arms were still getting faster when the warm-up's share of the budget was spent.
        """
        session, are_warm = self._session, False
        while True:
            session.sampler.sample_round(arms.values(), Phase.WARM_UP)
            samples = {arm: session.record.samples_of(arm, Phase.WARM_UP) for arm in Arm}
            first_calls = {arm: session.record.samples_of(arm, Phase.EARLY) for arm in Arm}
            are_warm = all(is_warm([sample.total_s for sample in first_calls[arm] + samples[arm]]) for arm in Arm)
            if are_warm or self._budget.is_warm_up_spent:
                break
        session.sampler.choose_call_counts(samples.values())
        return are_warm

    def _sample_pairs(self, arms: Mapping[Arm, ArmProcess], first_pairs: FirstPairs) -> None:
        """Sample pairs until every sampling error is small enough and there are enough requests for the percentiles, if
        there are any, or until the budget is spent."""
        session = self._session
        next_estimate_at = first_pairs.ended_at = session.now
        for taken in itertools.count(1):
            session.sampler.sample_round(arms.values(), Phase.RACE)
            first_pairs.examine()
            pairs = taken - first_pairs.excluded
            self._return_core_counts_share(pairs)
            is_last = self._budget.is_spent(pairs, session.now - first_pairs.ended_at)
            if not is_last and session.now < next_estimate_at:
                continue
            began = session.now
            is_narrow = self._estimate_ratios(pairs)
            cost_s = session.now - began
            next_estimate_at = session.now + max(MIN_ESTIMATE_INTERVAL_S, cost_s / MAX_ESTIMATE_SHARE)
            if is_last or (is_narrow and pairs >= MIN_PAIRS_TO_STOP) or self._cannot_win(pairs):
                return

    def _cannot_win(self, pairs: int) -> bool:
        """Whether the race ends because the accelerated arm cannot win any more, and was asked to end then."""
        comparison = self._session.record.comparison()
        if not self._session.record.ends_without_win or comparison is None or pairs < MIN_PAIRS:
            return False
        return excludes_win(comparison.ratio)

    def _return_core_counts_share(self, pairs: int) -> None:
        """Let the pairs use what is reserved for other core counts, as soon as that is all that is left and no other
        core count fits into it."""
        session = self._session
        if not self._budget.is_pairs_share_spent:
            return
        # Whether a core count fits depends on the times of the pairs that count.
        if session.record.comparison() is None:
            self._estimate_ratios(pairs)
        if session.record.comparison() is not None and not fits_core_count(session, self._budget):
            self._budget.give_back_to_pairs()

    def _estimate_ratios(self, pairs: int) -> bool:
        """Emit the statistics so far. Returns whether every sampling error is as small as the plan asks, and all
        percentiles of requests are known."""
        from bench.stats.comparison import compare_samples

        record, plan = self._session.record, self._session.plan
        samples = [sample for sample in record.samples if sample.phase == Phase.RACE]
        prepared = record.prepared[0]
        comparisons = compare_samples(samples, work=prepared.work, step_work=prepared.step_work)
        if not comparisons:
            return False
        self._session.recorder.emit(events.RatiosEstimated(at=self._session.now, pairs=pairs, comparisons=comparisons))
        return all(comparison.precision <= plan.target and comparison.has_percentiles for comparison in comparisons)

    def _measure_noise(self) -> None:
        """Measure the machine's noise at rest, after the arms have ended. The run is complete even if this fails."""
        session = self._session
        results: list[noise.Noise | noise.NoiseError] = []

        def measure() -> None:
            try:
                results.append(noise.measure_noise(cores=session.cores))
            except noise.NoiseError as error:
                results.append(error)

        thread = threading.Thread(target=measure, daemon=True)
        thread.start()
        self._wait_for(thread)
        [result] = results
        if isinstance(result, noise.NoiseError):
            session.recorder.emit(events.NoiseMeasured(at=session.now, noise=None, why=str(result)))
        else:
            session.recorder.emit(events.NoiseMeasured(at=session.now, noise=result))

    def _decide_claims(self, state: State, why: str = "") -> None:
        """Emit what the run supports, if it has statistics.

        `state` and `why` are those that the run is about to end with. They are emitted afterwards, because readers of
        the events stop at the end of the run.
        """
        record = self._session.record
        if record.statistics:
            ended = record.model_copy(update={"state": state, "why": why})
            self._session.recorder.emit(events.ClaimsDecided(at=self._session.now, claims=decide_claims(ended)))
