"""Samples: one timed repetition of one arm at a time, in rounds in which every arm takes its turn."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from math import ceil

from bench.race.arm import WORKLOAD_REMEDY, ArmProcess
from bench.race.conversation import Conversation
from bench.race.recorder import EventRecorder
from bench.race.turns import TurnPlanner
from bench.race.watchdog import CHECK_INTERVAL_S, Watchdog
from bench.run.events import SampleTaken
from bench.values.samples import Phase, Repetition, Sample
from bench.worker import protocol
from bench.workload.cases import Step

MIN_STEP_S = 0.02
"""A step that is faster than this is called several times inside a sample, so that the sum of its calls takes at least
this long. A shorter sample takes less time than what surrounds it: the other arm is stopped, and a core is woken."""
MAX_CALLS_S = 0.2
"""Longest time that the repeated calls of one step may take in the slower arm, but for the last of them."""
MAX_CALLS = 100_000
MIN_REQUESTS, MAX_REQUESTS = 4, 1_000
"""Fewest and most requests in a sample: one more is not timed, and the time of every request is stored."""
CALL_COUNT_SAMPLES = 3
"""Number of an arm's latest samples from which the number of calls is chosen."""
MIN_CALLS_GROWTH = 2.0
"""A step is called more often if its calls in a sample take less than `MIN_STEP_S` by at least this factor."""
MAX_DRAWING_SHARE = 0.10
"""Largest share of a race's time that it may pause for pages to be drawn."""


class DrawingPauses:
    """Pauses the race while a page draws it, because the page uses the cores on which the arms race."""

    def __init__(self, recorder: EventRecorder, watchdog: Watchdog, pause_requested: Callable[[], float]) -> None:
        """`pause_requested` returns the seconds for which a page asks the race to pause; 0 if none does."""
        self._recorder, self._watchdog, self._pause_requested = recorder, watchdog, pause_requested
        self._paused_s = 0.0

    def wait(self) -> None:
        """Sleep until no page asks for a pause, or until `MAX_DRAWING_SHARE` of the race has gone into pauses."""
        while (left_s := self._pause_requested()) > 0 and self._paused_s < MAX_DRAWING_SHARE * self._recorder.now:
            nap_s = min(left_s, CHECK_INTERVAL_S)
            time.sleep(nap_s)
            self._paused_s += nap_s
            self._watchdog.check()


class Sampler:
    """Takes samples and emits an event for each."""

    def __init__(
        self,
        recorder: EventRecorder,
        conversation: Conversation,
        pauses: DrawingPauses,
        *,
        steps: Sequence[Step],
        seed: int,
        resume_delay_s: float,
    ) -> None:
        """`steps` are those that the plan runs, in order. `resume_delay_s` is the time between continuing an arm's
        processes and its sample."""
        self._recorder, self._conversation, self._pauses = recorder, conversation, pauses
        self._steps = {step.name: step for step in steps}
        self._turns = TurnPlanner(seed)
        self._resume_delay_s = resume_delay_s
        self._pair_numbers = itertools.count()
        self._calls: dict[str, int] = {}

    @property
    def request_steps(self) -> list[str]:
        """The steps whose calls are requests."""
        return [name for name, step in self._steps.items() if step.is_request]

    def next_pair(self) -> int:
        """A pair number that no sample of this race has yet."""
        return next(self._pair_numbers)

    def choose_call_counts(self, warm_up: Iterable[Sequence[Sample]]) -> None:
        """Decide how many times each step is called inside the following samples, from the warm-up samples of each arm.

        The count is the same in all arms.
        """
        series = list(warm_up)
        self._calls = {name: self._choose_count(name, *find_step_times(name, series)) for name in self._steps}

    def use_prepared_call_counts(self, processes: Iterable[ArmProcess]) -> bool:
        """Decide the same from the calls that the arms have timed while they prepared.

        Returns False, and decides nothing, if an arm has not timed every step.
        """
        times = [process.call_s for process in processes]
        if not all(self._steps.keys() <= call_s.keys() for call_s in times):
            return False
        seconds = {name: [call_s[name] for call_s in times] for name in self._steps}
        self._calls = {name: self._choose_count(name, min(series), max(series)) for name, series in seconds.items()}
        return True

    def _choose_count(self, step: str, seconds: float, slower: float) -> int:
        choose = choose_request_count if self._steps[step].is_request else choose_call_count
        return choose(seconds, slower)

    def raise_call_counts(self, series: Iterable[Sequence[Sample]]) -> bool:
        """Raise the call count of each step for which the samples of each arm show that it is far too low.

        It is too low if it was chosen from a call that was not warm yet, or that was timed while the other arm used the
        same cores. Returns whether a count has changed.
        """
        samples = list(series)
        larger: dict[str, int] = {}
        for name in self._steps:
            seconds, slower = find_step_times(name, samples)
            count = self._calls.get(name, 1)
            possible = self._choose_count(name, seconds, slower)
            if min(possible, MIN_STEP_S / max(seconds, 1e-9)) >= MIN_CALLS_GROWTH * count:
                larger[name] = possible
        self._calls |= larger
        return bool(larger)

    def sample_round(self, processes: Iterable[ArmProcess], phase: Phase) -> None:
        """One sample of each of `processes`, in balanced order, under one pair number."""
        self._pauses.wait()
        pair = self.next_pair()
        taking_part = list(processes)
        series = (phase, *((process.arm, len(process.cores)) for process in taking_part))
        for place, number in enumerate(self._turns.next_order(len(taking_part), series)):
            self.sample(taking_part[number], phase, pair, place)

    def sample_alone(self, process: ArmProcess, phase: Phase) -> Sample:
        """One sample of one arm, under a pair number of its own."""
        return self.sample(process, phase, self.next_pair(), 0)

    def sample(self, process: ArmProcess, phase: Phase, pair: int, place: int) -> Sample:
        """One sample of one arm: the `place`-th of the pair `pair`.

        All other arms are stopped meanwhile (`bench.race.conversation`).
        """
        process.resume()
        time.sleep(self._resume_delay_s)
        # Both samples of a pair are of the same repetition, so that an input that varies is the same for both.
        request = protocol.Repeat(
            repetition=pair, calls=self._calls, requests=self.request_steps, in_race=phase is Phase.RACE
        )
        reply = self._conversation.ask(process, request, protocol.RepeatedReply)
        return self.record_sample(process, reply.repetition, phase, pair, place)

    def record_sample(self, process: ArmProcess, repetition: Repetition, phase: Phase, pair: int, place: int) -> Sample:
        """Emit the sample of a repetition that `process` has timed.

        Raises ArmError if the arm timed other steps than those of the plan.
        """
        timed = [time.step for time in repetition.steps]
        if timed != list(self._steps):
            raise process.make_error(
                f"timed the steps {timed}, not those declared, {list(self._steps)}", WORKLOAD_REMEDY
            )
        steps = [
            timed.model_copy(update={"excluded_from_total": self._steps[timed.step].excluded_from_total})
            for timed in repetition.steps
        ]
        began = repetition.began - self._recorder.start
        sample = Sample(
            arm=process.arm,
            phase=phase,
            cores=len(process.cores),
            pair=pair,
            place=place,
            repetition=repetition.model_copy(update={"began": began, "steps": steps}),
        )
        self._recorder.emit(SampleTaken(at=self._recorder.now, sample=sample))
        return sample


def find_step_times(step: str, series: Iterable[Sequence[Sample]]) -> tuple[float, float]:
    """The time of a step in the faster and in the slower arm, from the samples of each arm.

    It is the fastest of an arm's latest samples, so that one disturbed sample does not decide it.
    """
    times = [min(sample.seconds(step) for sample in samples[-CALL_COUNT_SAMPLES:]) for samples in series]
    return min(times), max(times)


def choose_call_count(seconds: float, slower: float = 0.0) -> int:
    """How many times to call a step inside a sample. A call takes `seconds` in the faster arm, `slower` in the other.

    At least 1 and at most `MAX_CALLS`; see also `MIN_STEP_S` and `MAX_CALLS_S`.
    """
    if seconds >= MIN_STEP_S:
        return 1
    needed = round(MIN_STEP_S / max(seconds, 1e-9) + 0.5)
    affordable = ceil(MAX_CALLS_S / slower) if slower else MAX_CALLS
    return max(1, min(MAX_CALLS, needed, affordable))


def choose_request_count(seconds: float, slower: float = 0.0) -> int:
    """How many requests to send inside a sample. One takes `seconds` in the faster arm, `slower` in the other.

    As many as `choose_call_count` says, but at least `MIN_REQUESTS`, or those that the slower arm can afford, and at
    most `MAX_REQUESTS`.
    """
    affordable = ceil(MAX_CALLS_S / slower) if slower else MIN_REQUESTS
    return min(MAX_REQUESTS, max(min(MIN_REQUESTS, affordable), choose_call_count(seconds, slower)))
