"""The work of the trial workload, and its faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.values import Evidence, Measure, Picture, Table
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings

FAULT_AT = 3
"""Repetition in which a fault shows, when the race is under way."""


def spin(loops: int) -> int:
    """`loops` turns of a pure-Python loop; the same work every time."""
    total = 0
    for turn in range(loops):
        total += turn & 7
    return total


def nothing() -> None:
    return None


class Trial:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        loops = int(settings.parameters["loops"]) * settings.batch
        self.work = loops
        self.loops = loops if settings.lever == "full" else loops // 2
        self.fault = str(settings.parameters["fault"]) if settings.lever == "half" else "none"

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        progress("getting ready")
        match self.fault:
            case "raise-preparing":
                raise BadInput("there is nothing to work on", "Give it something.")
            case "slow-prepare":
                time.sleep(3.0)
            case "busy-child":
                subprocess.Popen([sys.executable, "-c", "while True: pass"])
            case "orphan":
                # A child in a session of its own, that outlives its parent and ignores a polite end.
                script = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
                middle = (
                    f"import subprocess,sys; subprocess.Popen([sys.executable,'-c',{script!r}],start_new_session=True)"
                )
                subprocess.run([sys.executable, "-c", middle], check=True)
        return {"work": max(1, self.work), "data": "none", "facts": {"loops": f"{self.loops:,}"}}

    def repeat(self, repetition: int, clock: Clock) -> None:
        if repetition >= FAULT_AT:
            self._misbehave()
        clock("spin", lambda: spin(self.loops))
        clock("nothing", nothing)

    def _misbehave(self) -> None:
        match self.fault:
            case "raise":
                raise RuntimeError("this arm was told to fail")
            case "hang":
                time.sleep(600)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "print":
                print('{"type": "repeated", "repetition": "forged"}', flush=True)
            case "garbage":
                for descriptor in range(3, 256):
                    try:
                        os.write(descriptor, b"garbage\n")
                    except OSError:
                        continue  # Not open, or not for writing: the pipe of the answers is among the others.
            case "memory":
                hoard = []
                while True:
                    hoard.append(b"x" * (32 << 20))
                    time.sleep(0.02)

    def evidence(self) -> list[Evidence]:
        accelerated = self.settings.lever == "half" and self.fault != "not-engaged"
        path = "accelerated" if accelerated else "stock"
        lazy = self.fault == "lazy"
        return [
            Evidence(step=step, path=path, words=[f"{self.loops} loops"], materialised=not lazy)
            for step in ("spin", "nothing")
        ]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        return [], []
