"""The arm of the workload with stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings
from tests.support.staged import STAGES
from workloads.selftest.arm import spin

LOOPS = 10_000
"""Of each step of the baseline: less than a millisecond."""


class Staged:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        chosen = str(settings.parameters["accelerate"]).split(",") if settings.lever == "accelerated" else []
        work = LOOPS * settings.batch
        self.loops = dict.fromkeys(STAGES, work)
        self.is_accelerated = {stage: stage in chosen and stage != "same" for stage in STAGES}
        if "fast" in chosen:
            self.loops["fast"] = work // 4
        if "slow" in chosen:
            self.loops["slow"] = work * 4
        if "shy" in chosen and "slow" not in chosen:
            self.loops["shy"] = work // 3

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        return {"work": 1, "data": "none", "facts": {}}

    def repeat(self, repetition: int, clock: Clock) -> None:
        for stage, steps in STAGES.items():
            for step in steps:
                clock(step, lambda loops=self.loops[stage]: spin(loops))

    def evidence(self) -> list[Evidence]:
        return [
            Evidence(
                step=step,
                path="accelerated" if self.is_accelerated[stage] else "stock",
                words=["loops"],
                code="" if self.is_accelerated[stage] else f"{stage} code",
            )
            for stage, steps in STAGES.items()
            for step in steps
        ]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        return [], []
