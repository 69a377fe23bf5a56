"""Shows a run that has ended as it was at any moment of its course.

The journal of a run is not kept, so its events are made again from the record: stages and activities from the timeline,
samples and telemetry from their times. What the record has no time of comes when its stage ended: evidence, quality and
core counts; and with the end of the run its noise, claims and failure. Records of Fairlap 0.1.0 have no timeline; their
stages follow from the phases of their samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from bench.run import events
from bench.run.events import Event, RunOpened, State
from bench.run.record import Demonstration, RatioEstimate, Run
from bench.run.timeline import Span
from bench.stats.pairing import pair_samples
from bench.values.arms import PreparedArm
from bench.values.base import Arm
from bench.values.samples import Phase, Sample
from bench.values.statistics import Comparison

OPENING_FIELDS = frozenset({*RunOpened.model_fields, "id", "imported", "edited"})
"""What is known of a run from its first moment on."""
STATES_OF_PHASES = {Phase.WARM_UP: State.WARMING_UP, Phase.RACE: State.RACING, Phase.CORES: State.CORES}
STAGES = frozenset(state.value for state in State if not state.over)


class Replay:
    """A recorded run, at any second of its course. Safe to use from several threads."""

    def __init__(self, recorded: Run) -> None:
        """Raises ValueError for a run that has not ended, that was edited after it was stored, or that is itself a copy
        for a demonstration."""
        recorded.require_result("replayed")
        if not recorded.state.over:
            raise ValueError("Only a run that has ended can be replayed.")
        if recorded.edited:
            raise ValueError("A run that was edited after it was stored is not replayed.")
        self.recorded = recorded
        self.duration_s: float = max(
            recorded.ended_at or 0.0, recorded.last_at, *(_end(sample) for sample in recorded.samples), 0.0
        )
        """Seconds from the opening of the run to its end."""
        self._events = sorted(_list_events(recorded, self.duration_s), key=attrgetter("at"))
        self._statistics: dict[int, list[Comparison]] = {}
        """Statistics by the number of pairs that they were computed from."""

    def at(self, seconds: float) -> Run:
        """The run as it was `seconds` after its opening. From its end on, a copy of the recorded run. Each is marked as
        a replay."""
        if seconds >= self.duration_s:
            # An exported run does not have the time of its last event.
            return self.recorded.model_copy(update={"demonstration": Demonstration.REPLAY, "last_at": self.duration_s})
        run = _reopen(self.recorded)
        for event in self._events:
            if event.at > seconds:
                break
            run.apply(event)
        run.last_at = max(0.0, seconds)
        run.estimates = [estimate for estimate in self.recorded.estimates if estimate.at <= seconds]
        run.statistics = self._compute_statistics(run.estimates[-1]) if run.estimates else []
        return run

    def _compute_statistics(self, estimate: RatioEstimate) -> list[Comparison]:
        """The statistics of the pairs that an estimate was made from, with the ratios that were recorded then."""
        known = self._statistics.get(estimate.pairs)
        if known is None:
            known = self._statistics[estimate.pairs] = _compare_first_pairs(self.recorded, estimate)
        return known


def _compare_first_pairs(recorded: Run, estimate: RatioEstimate) -> list[Comparison]:
    from bench.stats.comparison import compare_samples  # It imports scipy.

    pairs = pair_samples(sample for sample in recorded.samples if sample.phase is Phase.RACE)[: estimate.pairs]
    prepared = recorded.prepared_arm(Arm.BASELINE)
    comparisons = compare_samples(
        [sample for pair in pairs for sample in pair.values()],
        work=prepared.work if prepared else 1.0,
        step_work=prepared.step_work if prepared else None,
    )
    return [
        comparison.model_copy(update={"ratio": estimate.ratios.get(comparison.step, comparison.ratio)})
        for comparison in comparisons
    ]


def _reopen(recorded: Run) -> Run:
    """A copy of a run as it was when it was opened, marked as a replay."""
    fields = {
        name: field.get_default(call_default_factory=True)
        for name, field in Run.model_fields.items()
        if name not in OPENING_FIELDS and not field.is_required()
    }
    begin = Span(name=State.PREPARING.value, began=0.0)
    return recorded.model_copy(update=fields | {"timeline": [begin], "demonstration": Demonstration.REPLAY})


def _end(sample: Sample) -> float:
    """When a sample ended, in seconds after the opening of the run."""
    return sample.repetition.began + sample.repetition.wall_s


def _list_events(recorded: Run, duration_s: float) -> Iterator[Event]:
    """The events of a run without those of its end, in no order; events at the same time are in order."""
    spans = recorded.timeline or list(_derive_stages(recorded.samples, duration_s))
    yield from _list_activities(spans, recorded.plan.cores)
    # A file that was imported may name a stage that this version does not have.
    for span in spans:
        if span.arm is None and span.name in STAGES:
            yield events.StateChanged(at=span.began, state=State(span.name))
    for prepared in recorded.prepared:
        yield events.ArmPrepared(at=_find_ready_at(recorded, spans, prepared), prepared=prepared)
    excluded = _find_excluded_pairs(recorded, spans)
    for sample in recorded.samples:
        shown = sample.model_copy(update={"phase": Phase.RACE}) if sample.pair in excluded else sample
        yield events.SampleTaken(at=_end(sample), sample=shown)
    if excluded:
        yield _end_warm_up(recorded, excluded)
    for reading in recorded.telemetry:
        yield events.TelemetryRead(at=reading.at, reading=reading)
    for placement in recorded.placements:
        first = _find_first(recorded.samples, placement.arm, placement.cores, (Phase.RACE, Phase.CORES))
        yield events.ThreadsPlaced(at=first.repetition.began if first else duration_s, placement=placement)
    yield from _list_results(recorded, spans, duration_s)


def _derive_stages(samples: Iterable[Sample], duration_s: float) -> Iterator[Span]:
    """The stages of a run without a timeline, from the phases of its samples."""
    stage, at = State.PREPARING, 0.0
    ended = 0.0
    for sample in sorted(samples, key=lambda sample: sample.repetition.began):
        ended = max(ended, _end(sample))
        state = STATES_OF_PHASES.get(sample.phase, stage)
        if state is not stage:
            yield Span(name=stage.value, began=at, ended=sample.repetition.began)
            stage, at = state, sample.repetition.began
    yield Span(name=stage.value, began=at, ended=ended)
    if ended < duration_s:
        yield Span(name=State.CHECKING.value, began=ended, ended=duration_s)


def _list_activities(spans: Sequence[Span], plan_cores: int) -> Iterator[Event]:
    """What the arms did, and when they rested: an activity that follows at once ends the one before it by itself."""
    arms = [span for span in spans if span.arm is not None]
    begins = {(span.arm, span.cores, span.began) for span in arms}
    for span in arms:
        assert span.arm
        cores = span.cores or plan_cores
        yield events.ArmProgressed(at=span.began, arm=span.arm, cores=cores, text=span.name)
        if span.ended is not None and (span.arm, span.cores, span.ended) not in begins:
            yield events.ArmRested(at=span.ended, arm=span.arm, cores=cores)


def _find_ready_at(recorded: Run, spans: Sequence[Span], prepared: PreparedArm) -> float:
    """When an arm was ready: so long after its process was started, but before its first sample."""
    began = min((span.began for span in spans if (span.arm, span.cores) == (prepared.arm, prepared.cores)), default=0.0)
    first = _find_first(recorded.samples, prepared.arm, prepared.cores, tuple(Phase))
    ready_at = began + prepared.seconds
    return min(ready_at, first.repetition.began) if first else ready_at


def _find_first(samples: Iterable[Sample], arm: Arm, cores: int, phases: Sequence[Phase]) -> Sample | None:
    return next((one for one in samples if (one.arm, one.cores) == (arm, cores) and one.phase in phases), None)


def _find_excluded_pairs(recorded: Run, spans: Sequence[Span]) -> set[int]:
    """Numbers of the first pairs of the race that turned out to be warm-up."""
    raced_at = next((span.began for span in spans if span.name == State.RACING.value), 0.0)
    pairs = pair_samples(sample for sample in recorded.warm_up if sample.repetition.began >= raced_at)
    numbers = [pair[Arm.BASELINE].pair for pair in pairs]
    return set(numbers[-recorded.excluded_pairs :]) if recorded.excluded_pairs else set()


def _end_warm_up(recorded: Run, excluded: set[int]) -> Event:
    """The exclusion of first pairs. When it was decided is not recorded: at the latest with the last pair before the
    first estimate that counts, because earlier estimates were dropped."""
    counted = [sample for sample in recorded.samples if sample.phase is Phase.RACE]
    until = recorded.estimates[0].at if recorded.estimates else float("inf")
    known = [_end(sample) for sample in counted if _end(sample) <= until]
    at = max([*known, *(_end(sample) for sample in recorded.samples if sample.pair in excluded)])
    first_pair = min((sample.pair for sample in counted), default=max(excluded) + 1)
    return events.WarmUpEnd(at=at, first_pair=first_pair)


def _list_results(recorded: Run, spans: Sequence[Span], duration_s: float) -> Iterator[Event]:
    """Evidence, quality and core counts, when their stages ended."""

    def end_of(state: State) -> float | None:
        return max((span.ended or duration_s for span in spans if span.name == state.value), default=None)

    checked_at = end_of(State.CHECKING) or duration_s
    for arm, evidence in recorded.evidence.items():
        pools = recorded.thread_pools.get(arm, [])
        yield events.EvidenceCollected(at=checked_at, arm=arm, evidence=evidence, thread_pools=pools)
    if recorded.quality:
        yield events.QualityMeasured(
            at=checked_at, quality=recorded.quality, pictures=recorded.pictures, tables=recorded.tables
        )
    tried_at = end_of(State.CORES) or checked_at
    for cores, why in recorded.skipped_core_counts.items():
        yield events.CoreCountSkipped(at=tried_at, cores=cores, why=why)
    if recorded.core_counts:
        yield events.CoreCountsTried(at=tried_at, counts=recorded.core_counts, best_ratio=recorded.best_ratio)
