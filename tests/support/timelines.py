"""A run of which every second is made up: preparing, warm-up, pairs, checks and another core count."""

import math

from bench.plan.validation import make_plan
from bench.run import events
from bench.run.events import State
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.values.base import Arm
from bench.values.readings import Reading
from bench.values.samples import Phase
from tests.support.runs import make_colour_sample, open_plan

BASELINE, ACCELERATED = Arm
SKIPPED = "the time budget was spent"


def make_timeline_run(until: float = math.inf) -> Run:
    """The run as it was `until` so many seconds after its start: at 5 s it races, at 8.5 s it measures the accuracy, at
    9.7 s it checks without an activity, at 12 s it has ended."""
    opened = open_plan(make_plan("colour-quantization", cores=1, budget_s=5))
    return Run.from_events([opened, *(event for event in _list_events() if event.at <= until)])


def _list_events() -> list[events.Event]:
    pairs = [sample for pair in range(40) for sample in _sample_pair(3.0 + 0.1 * pair, pair, Phase.RACE)]
    raced = [event.sample for event in pairs]
    return [
        _progress(0.5, BASELINE, "importing the libraries"),
        _progress(0.5, ACCELERATED, "importing the libraries"),
        events.ArmRested(at=1.5, arm=BASELINE, cores=1),
        _progress(1.5, ACCELERATED, "first call"),
        events.ArmRested(at=2.0, arm=ACCELERATED, cores=1),
        events.StateChanged(at=2.0, state=State.WARMING_UP),
        *_sample_pair(2.1, 100, Phase.WARM_UP),
        events.StateChanged(at=3.0, state=State.RACING),
        *pairs,
        events.RatiosEstimated(at=7.0, pairs=40, comparisons=compare_samples(raced, work=1e6)),
        events.StateChanged(at=7.0, state=State.CHECKING),
        _progress(8.0, BASELINE, "measuring accuracy: 30 of 40 pictures", 0.75),
        _progress(8.0, ACCELERATED, "measuring accuracy: 10 of 40 pictures", 0.25),
        events.ArmRested(at=9.0, arm=BASELINE, cores=1),
        events.ArmRested(at=9.5, arm=ACCELERATED, cores=1),
        events.TelemetryRead(at=9.7, reading=_reading(9.7)),
        events.StateChanged(at=10.0, state=State.CORES),
        _progress(10.0, BASELINE, "first call", cores=2),
        *_sample_pair(10.5, 101, Phase.CORES, cores=2),
        events.CoreCountSkipped(at=11.0, cores=4, why=SKIPPED),
        events.StateChanged(at=12.0, state=State.FINISHED),
    ]


def _progress(at: float, arm: Arm, text: str, share: float | None = None, cores: int = 1) -> events.ArmProgressed:
    return events.ArmProgressed(at=at, arm=arm, cores=cores, text=text, share=share)


def _reading(at: float) -> Reading:
    return Reading(at=at, cores=[], memory_used=1, swap_used=0)


def _sample_pair(at: float, pair: int, phase: Phase, cores: int = 1) -> list[events.SampleTaken]:
    taken: list[events.SampleTaken] = []
    for arm in Arm:
        sample = make_colour_sample(arm, pair, phase, cores)
        repetition = sample.repetition.model_copy(update={"began": at})
        at += repetition.wall_s
        taken.append(events.SampleTaken(at=at, sample=sample.model_copy(update={"repetition": repetition})))
    return taken
