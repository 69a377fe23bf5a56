"""The arm of the trial workload: the work of the self-test, and the faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

from bench.values import Evidence, LossKind, Measure, Picture
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from workloads.selftest.arm import SelfTest, nothing, spin

FAULT_REPETITION = 3
"""First repetition in which a fault shows: by then the race is under way."""


class Trial(SelfTest):
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fault = str(settings.parameters["fault"]) if settings.lever == "half" else "none"
        if self.fault == "same-code":
            self.loops = self.work

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
                # A grandchild in a session of its own. It outlives its parent and ignores SIGTERM.
                orphan_script = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
                parent_script = (
                    "import subprocess,sys; "
                    f"subprocess.Popen([sys.executable,'-c',{orphan_script!r}],start_new_session=True)"
                )
                subprocess.run([sys.executable, "-c", parent_script], check=True)
        return super().prepare(progress)

    def repeat(self, repetition: int, clock: Clock) -> None:
        if repetition >= FAULT_REPETITION:
            self._misbehave()
        if self.settings.parameters["fault"] == "slow-first" and self._is_first(repetition):
            clock("spin", lambda: spin(20 * self.loops))
            clock("nothing", nothing)
            return
        super().repeat(repetition, clock)

    def _is_first(self, repetition: int) -> bool:
        """Whether the other arm has not begun this repetition yet. The folders of both arms have one parent."""
        try:
            (self.settings.scratch.parents[1] / f"first-{repetition}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

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
                        continue  # Closed, or open for reading only. One of the others is the pipe of the replies.
            case "memory":
                hoard = []
                while True:
                    hoard.append(b"x" * (32 << 20))
                    time.sleep(0.02)

    def evidence(self) -> list[Evidence]:
        changes: dict[str, Any] = {"materialised": self.fault != "lazy"}
        if self.fault == "not-engaged":
            changes["path"] = "stock"
        return [evidence.model_copy(update=changes) for evidence in super().evidence()]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        """A perfect F1 of one question, in both arms, if that is the fault; without its score if that is."""
        if self.settings.parameters["fault"] not in ("one-question", "no-scores"):
            return super().conclude()
        if self.settings.parameters["fault"] == "one-question":
            # Not at the top: it would load a thread pool into every trial arm.
            import numpy as np

            write_scores(self.settings.scratch, {"f1": np.array([100.0])})
        measure = Measure(name="f1", label="F1", value=100.0, decisive=True, loss=LossKind.SCORE, max_score=100)
        return [measure.model_copy(update={"observations": 1, "observation": "question"})], []
