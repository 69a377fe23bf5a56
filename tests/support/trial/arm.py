"""The arm of the trial workload: the work of the self-test, and the faults."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.values.arms import RacedInput
from bench.values.output import Picture
from bench.values.quality import LossKind, Measure
from bench.values.samples import Evidence
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from bench.workload.scores import write_scores
from bench.workload.warm_calls import time_warm_call
from workloads.selftest.arm import SelfTest, nothing, spin

FAULT_REPETITION = 3
"""First repetition in which a fault shows: by then the race is under way."""

HANDICAP = "its instructions are missing here"


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
                self._wait_for_first_call_of_other_arm()
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
        inputs = [RacedInput(label="Loops", text=f"{self.work:,} of a trial")]
        prepared = super().prepare(progress) | {"inputs": inputs}
        if self.settings.parameters["fault"] == "handicap" and self.settings.lever == "full":
            prepared["handicap"] = HANDICAP
        if self.fault == "packed":
            self._start_packed_threads()
        if self.fault == "bound":
            self._start_bound_threads()
        if self.settings.parameters["fault"] in ("times-calls", "cold-call", "speeds-up", "packed", "bound"):
            # Both arms need no rounds of warm-up.
            prepared |= {"first_call_s": {"spin": 10.0, "nothing": 1.0}}
            prepared["call_s"] = {"spin": time_warm_call(lambda: spin(self.loops), 0.1), "nothing": 1e-9}
        if self.settings.parameters["fault"] in ("packed", "bound"):
            prepared["call_s"]["spin"] = 0.03
        if self.fault == "cold-call":
            # As if this call had been slow for the first time: too slow to be repeated.
            prepared["call_s"]["spin"] = 0.5
        return prepared

    def repeat(self, repetition: int, clock: Clock) -> None:
        if repetition >= FAULT_REPETITION:
            self._misbehave()
        if self.settings.parameters["fault"] == "slow-prepare":
            super().repeat(repetition, clock)
            self._first_call_file.touch()
            return
        if self.settings.parameters["fault"] == "meets" and repetition == 0:
            self._wait_until_other_arm_begins()
        if self.settings.parameters["fault"] == "slow-first" and self._is_first(repetition):
            clock("spin", lambda: spin(20 * self.loops))
            clock("nothing", nothing)
            return
        if self.fault == "speeds-up":
            loops = self.loops * 2 ** max(0, 4 - repetition)
            clock("spin", lambda: spin(loops))
            clock("nothing", nothing)
            return
        if self.fault == "packed":
            clock("spin", self._hash_on_both_threads)
            clock("nothing", nothing)
            return
        if self.fault == "bound":
            clock("spin", self._hash_on_one_thread_after_the_other)
            clock("nothing", nothing)
            return
        super().repeat(repetition, clock)

    @property
    def _first_call_file(self) -> Path:
        """In the parent of both arms' folders."""
        return self.settings.scratch.parents[1] / "first-call"

    def _wait_for_first_call_of_other_arm(self) -> None:
        for _ in range(600):
            if self._first_call_file.exists():
                break
            time.sleep(0.1)
        # The other arm's reply is on its way.
        time.sleep(1.0)

    def _wait_until_other_arm_begins(self) -> None:
        """Return once both arms have begun their first call. The race ends an arm that waits for longer."""
        folder = self.settings.scratch.parents[1]
        (folder / f"begun-{self.settings.lever}").touch()
        while len(list(folder.glob("begun-*"))) < 2:
            time.sleep(0.01)

    def _start_bound_threads(self) -> None:
        """Two threads that work one after the other, each bound to a core of its own. The main thread is not bound."""
        self.bound_pools = []
        for core in sorted(os.sched_getaffinity(0))[:2]:
            pool = ThreadPoolExecutor(1)
            pool.submit(os.sched_setaffinity, 0, {core}).result()
            self.bound_pools.append(pool)

    def _hash_on_one_thread_after_the_other(self) -> None:
        for pool in self.bound_pools:
            pool.submit(hashlib.sha256, bytes(20 << 20)).result()

    def _start_packed_threads(self) -> None:
        """Two threads that work at the same time, on one core until the race places them."""
        self.pool = ThreadPoolExecutor(2)
        self._hash_on_both_threads()
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), {min(os.sched_getaffinity(0))})

    def _hash_on_both_threads(self) -> None:
        # Hashing a large block releases the interpreter's lock.
        both = [self.pool.submit(hashlib.sha256, bytes(20 << 20)) for _ in range(2)]
        for hashed in both:
            hashed.result()

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
        if self.fault == "bound":
            bound = [pool.submit(os.sched_getaffinity, 0).result() for pool in self.bound_pools]
            changes["words"] = [f"bound to {sorted(cores)}" for cores in bound]
            changes["words"].append(f"not bound: {len(os.sched_getaffinity(0))} cores")
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
