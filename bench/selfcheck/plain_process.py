"""An arm in a plain process: `python -m bench.selfcheck.plain_process REQUESTS REPLIES`, two inherited descriptors.

It is what a user's own script does: import, prepare, and repeat the work back to back. The messages are those of
`bench.worker.protocol`, of which it answers `prepare` and `repeat`. Nothing but the repetitions happens between them:
no garbage collector is frozen, no core is woken and no counter is read.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterable
from statistics import median

from bench.values.samples import Repetition, StepTime
from bench.worker import protocol
from bench.worker.arm_worker import StepClock
from bench.worker.channel import MessageWriter, make_error_reply, open_channel
from bench.workload.interface import WorkloadArm

MIN_SERIES_S = 0.1
MAX_REPETITIONS = 20
"""A series of repetitions ends after this time or number. The first repetition of a series, which finds cold caches and
sleeping threads, is not counted."""


def main(arguments: list[str]) -> int:
    incoming, writer = open_channel(arguments)
    writer.send(protocol.Hello(pid=os.getpid()))
    with open(incoming, "rb") as requests:
        try:
            _answer_all(requests, writer)
        except Exception as error:
            # The boundary of the process: any exception of a workload becomes the reply.
            writer.send(make_error_reply(error))
            return 1
    return 0


def _answer_all(requests: Iterable[bytes], writer: MessageWriter) -> None:
    """Answer one `prepare`, then any number of `repeat`."""
    received = map(protocol.request_adapter.validate_json, requests)
    first = next(received)
    assert isinstance(first, protocol.Prepare)
    module, _, name = first.arm.partition(":")
    arm: WorkloadArm = getattr(importlib.import_module(module), name)(first.settings(first.lever))
    writer.send(protocol.PreparedReply(**arm.prepare(writer.progress)))
    for request in received:
        assert isinstance(request, protocol.Repeat)
        writer.send(protocol.RepeatedReply(repetition=_repeat_back_to_back(arm, request)))


def _repeat_back_to_back(arm: WorkloadArm, request: protocol.Repeat) -> Repetition:
    """Repeat for MIN_SERIES_S. Returns a repetition whose times are the medians of the series."""
    began, start = time.monotonic(), time.perf_counter()
    clocks: list[StepClock] = []
    other_s: list[float] = []
    while len(clocks) < 2 or (len(clocks) < MAX_REPETITIONS and time.perf_counter() - start < MIN_SERIES_S):
        clock = StepClock(request.calls, lambda: 0.0, requests=request.requests)
        repetition_start = time.perf_counter()
        arm.repeat(request.repetition, clock)
        other_s.append(max(0.0, time.perf_counter() - repetition_start - clock.inside_s))
        clocks.append(clock)
    steps = [
        StepTime(step=timed[0].step, seconds=median(time.seconds for time in timed), cpu_s=0.0, calls=timed[0].calls)
        for timed in zip(*(clock.steps for clock in clocks[1:]), strict=True)
    ]
    return Repetition(
        steps=steps,
        other_s=median(other_s[1:]),
        wall_s=time.perf_counter() - start,
        cpu_s=0.0,
        began=began,
        threads=0,
        idle_cpu_s=0.0,
        idle_s=0.0,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
