"""The parts of a race, connected: what its stages work with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.race.arm_group import ArmGroup
from bench.race.conversation import Conversation
from bench.race.recorder import EventRecorder
from bench.race.sampling import DrawingPauses, Sampler
from bench.race.watchdog import RaceStopped, Watchdog
from bench.run.events import Event, RunOpened
from bench.run.record import Run


class RaceSession:
    """Recorder, arms, watchdog, conversation and sampler of one race. Nothing is started yet."""

    def __init__(
        self,
        opened: RunOpened,
        *,
        emit: Callable[[Event], None],
        scratch: Path,
        cores: list[int],
        stop_requested: Callable[[], RaceStopped | None] = lambda: None,
        pause_requested: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """See `bench.race.race.Race`."""
        self.plan: Plan = opened.plan
        resolved = resolve(opened.plan)
        self.workload, self.lever, self.steps = resolved.workload, resolved.lever, resolved.steps
        self.cores, self.scratch = cores, scratch
        self.recorder = EventRecorder(opened, emit)
        self.arms = ArmGroup()
        watchdog = Watchdog(self.recorder, self.arms, stop_requested)
        self.watchdog = watchdog
        self.conversation = Conversation(self.recorder, watchdog, self.workload.limits.sample_s)
        self.sampler = Sampler(
            self.recorder,
            self.conversation,
            DrawingPauses(self.recorder, watchdog, pause_requested),
            steps=self.steps,
            seed=self.plan.seed,
            resume_delay_s=self.workload.policy.resume_delay_s,
        )

    @property
    def record(self) -> Run:
        return self.recorder.record

    @property
    def now(self) -> float:
        """Seconds since the start of the race."""
        return self.recorder.now
