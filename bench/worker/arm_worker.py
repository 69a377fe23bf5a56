"""One arm in a process of its own: `python -m bench.worker.arm_worker REQUESTS REPLIES`, two inherited file descriptors.

Environment, affinity and thread limits already stand when this starts: whoever starts it has set them before exec, so
that they hold from the first import on. Standard output and error are its log. See `bench.worker.protocol` for what is said.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bench.system.cpu_time import (
    TreeCpuClock,
    cpu_time_between_s,
    machine_busy_and_steal_s,
    own_cpu_time_s,
    process_cpu_time_s,
    thread_cpu_time_ns,
    update_thread_clocks,
)
from bench.system.process_tree import list_descendants
from bench.values import Repetition, StepTime
from bench.worker import protocol
from bench.worker.channel import MessageWriter, open_channel
from bench.workload.interface import WorkloadArm

T = TypeVar("T")

WAKE_UP_S = 0.005
"""How long a core is kept busy before the clock starts."""
MIN_ACTIVE_NS = 100_000
"""A thread that ran at least this long in a repetition counts as having run; waking up to look for work is shorter."""


READ_INTERRUPTED = b"\n"
"""Stands for a request where waiting for one was interrupted."""


def main(arguments: list[str]) -> int:
    incoming, speaker = open_channel(arguments)
    worker = ArmWorker(speaker)
    speaker.say(protocol.Hello(pid=os.getpid()))
    with open(incoming, "rb") as lines:
        # End of file means that whoever asks is gone.
        while line := worker.wait(lines.readline):
            if line != READ_INTERRUPTED:
                worker.answer(line)
    return 0


class ArmWorker:
    """Answers requests, one at a time, with one arm."""

    def __init__(self, speaker: MessageWriter) -> None:
        self.speaker = speaker
        self.arm: WorkloadArm | None = None
        self.cores: list[int] = []
        self.idle_s = 0.0
        self.idle_cpu_s = 0.0
        self.ran: dict[int, int] = {}
        self.served: list[int] = []

    def wait(self, read: Callable[[], bytes]) -> bytes:
        """The next request; how long the arm has waited for it, and what processor time it used meanwhile, is kept.

        Its living children count: services that it has started (Ray's) go on while it waits. So does a service that
        is not its own, which nobody stops.
        """
        since, before = time.monotonic(), self._times()
        try:
            line = read()
        except Exception as error:
            # What watches over a workload's services raises here, too: whoever asks next is told.
            self._broke(error)
            return READ_INTERRUPTED
        self.idle_s = time.monotonic() - since
        self.idle_cpu_s = cpu_time_between_s(before, self._times())
        return line

    def _family(self) -> list[int]:
        """Who works for this arm, but itself: what it has started, and what of its service runs on this machine."""
        served = [one for pid in self.served for one in [pid, *list_descendants(pid)]]
        return [*list_descendants(os.getpid()), *served]

    def _times(self) -> dict[int, float]:
        return {pid: process_cpu_time_s(pid) for pid in [os.getpid(), *self._family()]}

    def answer(self, line: bytes) -> None:
        try:
            request = protocol.request_adapter.validate_json(line)
        except ValidationError as error:
            self.speaker.say(protocol.ErrorReply(what=f"the worker was asked what it does not understand: {error}"))
            return
        try:
            self.speaker.say(self._answer(request))
        except Exception as error:
            # The boundary of the process: whatever a workload raises becomes an answer, and stands in the log.
            self._broke(error)

    def _broke(self, error: Exception) -> None:
        traceback.print_exception(error)
        self.speaker.say(
            protocol.ErrorReply(what=f"{type(error).__name__}: {error}", remedy=getattr(error, "remedy", ""))
        )

    def _answer(self, request: protocol.Request) -> protocol.Reply:
        if isinstance(request, protocol.Prepare):
            return self._prepare(request)
        if self.arm is None:
            raise RuntimeError("the arm was asked to work before it was prepared")
        match request:
            case protocol.Repeat():
                return protocol.RepeatedReply(repetition=self._repeat(self.arm, request))
            case protocol.Place():
                return protocol.PlacedReply(threads=self._place(request.spread))
            case protocol.CollectEvidence():
                return protocol.EvidenceReply(evidence=self.arm.evidence())
            case protocol.MeasureQuality():
                measures, pictures = self.arm.conclude()
                return protocol.QualityReply(measures=measures, pictures=pictures)
            case protocol.CompareResults():
                measures, tables = self.arm.compare(Path(request.other))
                return protocol.ComparisonReply(measures=measures, tables=tables)
        raise RuntimeError(f"no answer to {request.type}")

    def _prepare(self, request: protocol.Prepare) -> protocol.PreparedReply:
        if request.version != protocol.VERSION:
            raise RuntimeError(
                f"the race speaks version {request.version} of the protocol, this worker {protocol.VERSION}"
            )
        self.cores = request.cores
        module, _, name = request.arm.partition(":")
        settings = request.settings(request.lever)
        self.speaker.progress("importing the libraries")
        arm: WorkloadArm = getattr(importlib.import_module(module), name)(settings)
        prepared = arm.prepare(self.speaker.progress)
        self.arm = arm
        # What was loaded stays: the collector need not walk it again in the middle of a sample.
        gc.collect()
        gc.freeze()
        answer = protocol.PreparedReply(**prepared)
        self.served = answer.service.pids if answer.service else []
        return answer

    def _repeat(self, arm: WorkloadArm, request: protocol.Repeat) -> Repetition:
        """One timed repetition. What is read of the system is read outside the clock."""
        processor = TreeCpuClock(self._family) if self._family() else own_cpu_time_s
        clock = StepClock(request.calls, processor)
        ran = thread_cpu_time_ns()
        _wake_core()
        # After the waking, which is no load of other programs, and in which other programs ran too.
        ticks = machine_busy_and_steal_s()
        began, spent = time.monotonic(), processor()

        start = time.perf_counter()
        arm.repeat(request.repetition, clock)
        wall_s = time.perf_counter() - start

        update_thread_clocks()
        spent = processor() - spent
        later = machine_busy_and_steal_s()
        now_ran = thread_cpu_time_ns()
        self.ran = {thread: ns - ran.get(thread, 0) for thread, ns in now_ran.items()}
        return Repetition(
            steps=clock.steps,
            other_s=max(0.0, wall_s - clock.inside_s),
            wall_s=wall_s,
            cpu_s=max(0.0, spent),
            began=began,
            threads=sum(ns > MIN_ACTIVE_NS for ns in self.ran.values()),
            machine_busy_s=max(0.0, later[0] - ticks[0]) if later and ticks else None,
            steal_s=max(0.0, later[1] - ticks[1]) if later and ticks else None,
            idle_cpu_s=max(0.0, self.idle_cpu_s),
            idle_s=max(0.0, self.idle_s),
        )

    def _place(self, spread: bool) -> int:
        """Lay the threads that ran in the last repetition on the cores, one each and around, or free all threads.

        Setting the affinity of a process moves its main thread alone, so every thread is set by its own id.
        """
        threads = sorted(thread_cpu_time_ns())
        busy = [thread for thread in threads if self.ran.get(thread, 0) > MIN_ACTIVE_NS]
        main = os.getpid()
        helpers = [thread for thread in busy if thread != main]
        for place, thread in enumerate([main, *helpers] if spread else threads):
            # Every pool counts the main thread as one of its own: the helpers share the cores that it leaves.
            others = self.cores[1:] or self.cores
            core = self.cores[0] if place == 0 else others[(place - 1) % len(others)]
            try:
                os.sched_setaffinity(thread, {core} if spread else set(self.cores))
            except ProcessLookupError:
                continue  # The thread has ended since it was listed.
        return len(busy)


class StepClock:
    """Times the steps of one repetition: wall and processor time, per call."""

    def __init__(self, calls: Mapping[str, int], processor: Callable[[], float]) -> None:
        self.calls = calls
        self.processor = processor
        self.steps: list[StepTime] = []
        self.inside_s = 0.0

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        calls = self.calls.get(step, 1)
        outer = time.perf_counter()
        spent = self.processor()
        start = time.perf_counter()
        for _ in range(calls - 1):
            work()
        result = work()
        end = time.perf_counter()
        spent = self.processor() - spent
        self.steps.append(
            StepTime(step=step, seconds=(end - start) / calls, cpu_s=max(0.0, spent) / calls, calls=calls)
        )
        # The clock's own time belongs to no step, and not to what lies between the steps either.
        self.inside_s += time.perf_counter() - outer
        return result


def _wake_core() -> None:
    """Keep a core busy for a moment: a sleeping one starts slowly, and the arm has slept while the other one ran."""
    until = time.perf_counter() + WAKE_UP_S
    while time.perf_counter() < until:
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
