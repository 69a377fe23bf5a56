"""The work of the self-test: a loop of known length, and an empty function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings


def spin(loops: int) -> int:
    """A pure-Python loop of `loops` iterations. Its cost depends on `loops` alone."""
    total = 0
    for number in range(loops):
        total += number & 7
    return total


def nothing() -> None:
    """An empty function: its time is what one call through the step clock costs."""
    return None


class SelfTest:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.work = int(settings.parameters["loops"]) * settings.batch
        self.loops = self.work if settings.lever == "full" else self.work // 2

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        return {"work": max(1, self.work), "data": "none", "facts": {"loops": f"{self.loops:,}"}}

    def repeat(self, repetition: int, clock: Clock) -> None:
        clock("spin", lambda: spin(self.loops))
        clock("nothing", nothing)

    def evidence(self) -> list[Evidence]:
        path = "stock" if self.settings.lever == "full" else "accelerated"
        codes = {"spin": f"spin({self.loops})", "nothing": "nothing()"}
        return [
            Evidence(step=step, path=path, words=[f"{self.loops} loops"], code=code) for step, code in codes.items()
        ]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        return [], []
