"""A run: the sum of the events of a race. This is what is stored, drawn and exported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bench.machine.model import Machine
from bench.machine.noise import Noise
from bench.plan.plan import Plan
from bench.run import events
from bench.run.events import State
from bench.run.job import ENDED_WHILE_WAITING, QUEUE_FAILED, JobKind
from bench.run.snapshot import DeclarationSnapshot
from bench.run.timeline import Span, begin_span, end_all_spans, end_span
from bench.values.arms import Failure, Placement, PreparedArm, RacedInput, ThreadPool
from bench.values.base import Arm, Value
from bench.values.claims import Claim, Verdict
from bench.values.imported import Imported
from bench.values.output import Picture, Table
from bench.values.quality import Quality
from bench.values.readings import Reading
from bench.values.samples import TOTAL, Evidence, Phase, Sample
from bench.values.selection import Selection
from bench.values.statistics import Comparison, CoreCount, Interval


class Demonstration(StrEnum):
    """Why a copy of a run is no result, although it looks like one."""

    NONE = ""
    TRICK = "trick"
    """`bench.claims.tricks` changed it to mislead."""
    REPLAY = "replay"
    """`bench.run.replay` shows a run that was recorded earlier as if it was running now."""


class RatioEstimate(Value):
    """The ratio of every step after a number of pairs."""

    at: float
    pairs: int
    ratios: dict[str, Interval]


class Run(BaseModel):
    """Plan, machine, samples, statistics, quality, evidence and claims of one race."""

    model_config = ConfigDict(extra="forbid")

    version: int
    id: str
    plan: Plan
    snapshot: DeclarationSnapshot
    """Labels, units and facts of the workload, as they were when the run was opened."""
    digest: str
    """Digest of the plan, as it was when the run was opened."""
    machine: Machine
    started: datetime
    origin: str
    requester: str
    """Name of the person who asked for the run; empty for runs of version 0.1.0, which did not store it."""
    owner: str = Field(default="", exclude=True, repr=False)
    """See `RunOpened.owner`. Known while the run is built from its events, not for one that was loaded."""
    selection: Selection | None = None
    """How the stages of the plan were chosen; None if no race was looked at, and in runs that did not record it."""
    parent_id: str = ""
    """See `RunOpened.parent_id`."""
    ends_without_win: bool = False
    """See `RunOpened.ends_without_win`."""
    imported: Imported | None = None
    """Where the run was imported from; None for a run of this Fairlap."""
    state: State = State.PREPARING
    ended_at: float | None = None
    """Seconds from `started` to the end of the run; None while it is running."""
    why: str = ""
    """The reason for the present state, if it is not the usual course of a run."""
    progress: dict[str, str] = Field(default_factory=dict[str, str])
    """What each arm is doing while nothing of it is timed."""
    progress_shares: dict[str, float] = Field(default_factory=dict[str, float])
    """How much of that is done, 0 to 1, where it is known."""
    timeline: list[Span] = Field(default_factory=list[Span])
    """The stages of the run and the activities of its arms, in the order of their beginnings. Empty for runs of
    version 0.1.0."""
    prepared: list[PreparedArm] = Field(default_factory=list[PreparedArm])
    samples: list[Sample] = Field(default_factory=list[Sample])
    excluded_pairs: int = 0
    """Number of first pairs that were still warm-up. Their samples are samples of the warm-up."""
    telemetry: list[Reading] = Field(default_factory=list[Reading])
    placements: list[Placement] = Field(default_factory=list[Placement])
    estimates: list[RatioEstimate] = Field(default_factory=list[RatioEstimate])
    statistics: list[Comparison] = Field(default_factory=list[Comparison])
    evidence: dict[Arm, list[Evidence]] = Field(default_factory=dict[Arm, list[Evidence]])
    thread_pools: dict[Arm, list[ThreadPool]] = Field(default_factory=dict[Arm, list[ThreadPool]])
    """The BLAS and OpenMP libraries that were loaded in each arm's process; empty in runs of Fairlap 0.1.0."""
    quality: Quality | None = None
    pictures: dict[Arm, list[Picture]] = Field(default_factory=dict[Arm, list[Picture]])
    tables: list[Table] = Field(default_factory=list[Table])
    core_counts: list[CoreCount] = Field(default_factory=list[CoreCount])
    best_ratio: Interval | None = None
    skipped_core_counts: dict[int, str] = Field(default_factory=dict[int, str])
    """Why other core counts were not tried, by core count."""
    noise: Noise | None = None
    claims: list[Claim] = Field(default_factory=list[Claim])
    failure: Failure | None = None
    last_at: float = 0.0
    edited: bool = Field(default=False, exclude=True)
    """Whether the record was edited after it was stored, as the store found when it loaded it. Not part of the record.
    False if that is not known, as of runs of older versions."""
    demonstration: Demonstration = Field(default=Demonstration.NONE, exclude=True, repr=False)
    """Whether this is a copy for a demonstration. Then it is never stored, exported, reported or compared, see
    `require_result`, and every sentence about it begins with `outcome.describe_mark`."""

    @property
    def kind(self) -> JobKind:
        return JobKind.RACE

    @property
    def is_trick(self) -> bool:
        return self.demonstration is Demonstration.TRICK

    @property
    def is_replay(self) -> bool:
        return self.demonstration is Demonstration.REPLAY

    def require_result(self, use: str) -> None:
        """Raise ValueError for a copy for a demonstration: it is not `use`, such as `stored` or `exported`."""
        if self.demonstration:
            raise ValueError(f"A {self.demonstration} is not a result and is not {use}.")

    @classmethod
    def open(cls, opened: events.RunOpened) -> Run:
        return cls(
            version=opened.version,
            id=opened.run,
            plan=opened.plan,
            snapshot=opened.snapshot,
            digest=opened.digest,
            machine=opened.machine,
            started=opened.started,
            origin=opened.origin,
            requester=opened.requester,
            owner=opened.owner,
            selection=opened.selection,
            parent_id=opened.parent_id,
            ends_without_win=opened.ends_without_win,
            timeline=[Span(name=State.PREPARING.value, began=opened.at)],
        )

    def apply(self, event: events.Event) -> None:
        """Add an event."""
        self.last_at = event.at
        match event:
            case events.StateChanged():
                self.state, self.why = event.state, event.why
                if event.state.over:
                    self.ended_at = event.at
                    end_all_spans(self.timeline, event.at)
                else:
                    begin_span(self.timeline, Span(name=event.state.value, began=event.at))
            case events.ArmProgressed():
                self._note_progress(event)
            case events.ArmRested():
                self._forget_progress(event.arm)
                end_span(self.timeline, event.at, event.arm, event.cores)
            case events.ArmPrepared():
                self.prepared.append(event.prepared)
            case events.SampleTaken():
                self.samples.append(event.sample)
                # An arm that takes samples has finished what it last reported as progress.
                self._forget_progress(event.sample.arm)
            case events.WarmUpEnd():
                self._exclude_warm_up(event.first_pair)
            case events.TelemetryRead():
                self.telemetry.append(event.reading)
            case events.ThreadsPlaced():
                self.placements.append(event.placement)
            case events.RatiosEstimated():
                ratios = {comparison.step: comparison.ratio for comparison in event.comparisons}
                self.estimates.append(RatioEstimate(at=event.at, pairs=event.pairs, ratios=ratios))
                self.statistics = event.comparisons
            case events.EvidenceCollected():
                self.evidence[event.arm] = event.evidence
                self.thread_pools[event.arm] = event.thread_pools
            case events.QualityMeasured():
                self.quality, self.pictures, self.tables = event.quality, event.pictures, event.tables
            case events.CoreCountsTried():
                self.core_counts, self.best_ratio = event.counts, event.best_ratio
            case events.CoreCountSkipped():
                self.skipped_core_counts[event.cores] = event.why
                self._end_activities(event.cores, event.at)
            case events.NoiseMeasured():
                self.noise = event.noise
            case events.ClaimsDecided():
                self.claims = event.claims
            case events.RunFailed():
                self.failure = event.failure
            case events.RunOpened():
                pass  # `open` has read it.

    def _exclude_warm_up(self, first_pair: int) -> None:
        """Turn the samples of the pairs before `first_pair` into samples of the warm-up.

        The statistics and estimates so far were computed from these pairs too, and are dropped.
        """
        pairs: set[int] = set()
        for position, sample in enumerate(self.samples):
            if sample.phase is Phase.RACE and sample.pair < first_pair:
                self.samples[position] = sample.model_copy(update={"phase": Phase.WARM_UP})
                pairs.add(sample.pair)
        self.excluded_pairs += len(pairs)
        self.estimates, self.statistics = [], []

    def _note_progress(self, event: events.ArmProgressed) -> None:
        self._forget_progress(event.arm)
        self.progress[event.arm] = event.text
        if event.share is not None:
            self.progress_shares[event.arm] = event.share
        activity = event.text.partition(":")[0]
        begin_span(self.timeline, Span(name=activity, arm=event.arm, cores=event.cores, began=event.at))

    def _end_activities(self, cores: int, at: float) -> None:
        """End what the arms on so many cores were doing: their processes have ended."""
        for arm in {span.arm for span in self.timeline if span.arm and span.cores == cores and span.ended is None}:
            self._forget_progress(arm)
            end_span(self.timeline, at, arm, cores)

    def _forget_progress(self, arm: Arm) -> None:
        self.progress.pop(arm, None)
        self.progress_shares.pop(arm, None)

    @classmethod
    def from_events(cls, journal: Iterable[events.Event]) -> Run:
        """The sum of the events. Raises ValueError if the first event does not open a run."""
        journal = iter(journal)
        first = next(journal, None)
        if not isinstance(first, events.RunOpened):
            raise ValueError("the events do not begin with the opening of a run")
        run = cls.open(first)
        for event in journal:
            run.apply(event)
        return run

    def samples_of(self, arm: Arm, phase: Phase = Phase.RACE) -> list[Sample]:
        """Samples of one arm in one phase, in order of time."""
        return [sample for sample in self.samples if sample.arm == arm and sample.phase == phase]

    @property
    def warm_up(self) -> list[Sample]:
        """The samples between the first calls and the pairs that count, in order of time.

        They are the rounds of warm-up, the samples that try to spread threads, and the first pairs that do not count.
        """
        return [sample for sample in self.samples if sample.phase is Phase.WARM_UP and sample.cores == self.plan.cores]

    def comparison(self, step: str = TOTAL) -> Comparison | None:
        """The statistics of a step, or of the total; None without enough pairs."""
        return next((comparison for comparison in self.statistics if comparison.step == step), None)

    def claim(self, step: str = TOTAL) -> Claim | None:
        """The claim of a step, or of the total; None before the run has ended."""
        return next((claim for claim in self.claims if claim.step == step), None)

    def list_timed_labels(self) -> dict[str, str]:
        """Labels of the total and of the steps whose times can be shown, by name. Before the first sample, all steps of
        the snapshot; then those that the samples have: a record of another version may lack the times of a step."""
        labels = self.snapshot.labels()
        if not self.samples:
            return labels
        return {step: labels[step] for step in self.samples[0].list_steps() if step in labels}

    def prepared_arm(self, arm: Arm) -> PreparedArm | None:
        """The arm as prepared for the race itself, not for another core count; None until then."""
        return next((p for p in self.prepared if p.arm == arm and p.cores == self.plan.cores), None)

    def format_batch(self) -> str:
        """The batch as a person reads it, see `bench.formatting.format_batch`.

        Where it is an amount of work, that which was prepared: a table may have fewer rows than the plan allows.
        """
        ready = self.prepared_arm(Arm.BASELINE)
        if ready and self.snapshot.is_batch_work:
            return self.snapshot.format_batch(round(ready.work))
        return self.snapshot.format_batch(self.plan.batch)

    @property
    def inputs(self) -> list[RacedInput]:
        """What the arms of the race worked on; empty until an arm is prepared, and in runs that did not record it."""
        ready = self.prepared_arm(Arm.BASELINE) or self.prepared_arm(Arm.ACCELERATED)
        return ready.inputs if ready else []

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the total."""
        claim = self.claim()
        return claim.verdict if claim else None

    @property
    def never_began(self) -> bool:
        """Whether the run ended while it waited in the queue."""
        return self.state is State.INTERRUPTED and self.why.startswith((ENDED_WHILE_WAITING, QUEUE_FAILED))

    @property
    def ended(self) -> datetime | None:
        return None if self.ended_at is None else self.started + timedelta(seconds=self.ended_at)

    def report(self) -> dict[str, Any]:
        """The run as JSON for export: everything but pictures, with the verdict and the claim of the total. Raises
        ValueError for a trick and for a replay."""
        self.require_result("exported")
        report = self.model_dump(mode="json", exclude={"claims", "last_at", "progress", "progress_shares", "pictures"})
        total = self.claim()
        return report | {
            "inputs": [raced.model_dump(mode="json") for raced in self.inputs],
            "verdict": total.verdict.model_dump(mode="json") if total else None,
            "claim": total.model_dump(mode="json") if total else None,
            "claim_state": total.state.value if total else None,
            "claims": {claim.step: claim.model_dump(mode="json") for claim in self.claims},
            "edited_after_it_was_stored": self.edited,
        }
