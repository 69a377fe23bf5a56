"""The process of one arm: `python -m bench.worker.arm_worker REQUESTS REPLIES`, two inherited file descriptors.

The parent has set environment, affinity and thread limits before exec, so that they hold from the first import on.
Standard output and error go to the log. `bench.worker.protocol` describes the messages.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bench.system.cpu_time import (
    TreeCpuClock,
    cpu_time_between_s,
    machine_busy_and_steal_s,
    own_cpu_time_s,
    process_cpu_time_s,
    run_delay_between_s,
    thread_cpu_time_ns,
    thread_run_delay_ns,
    update_thread_clocks,
)
from bench.system.limits import ThrottlingReader
from bench.system.process_tree import list_descendants
from bench.system.thread_placement import (
    count_active,
    measure_active_ns,
    read_affinities,
    restore_affinities,
    spread_threads,
)
from bench.values.samples import Repetition, StepTime
from bench.worker import protocol
from bench.worker.channel import MessageWriter, make_error_reply, open_channel
from bench.worker.thread_pools import list_thread_pools
from bench.workload.interface import WorkloadArm

T = TypeVar("T")

WAKE_UP_S = 0.005
"""Time that a core is kept busy before the clock starts."""
CAN_TAKE_SIGNALS = hasattr(signal, "sigtimedwait")
"""False on macOS."""


def main(arguments: list[str]) -> int:
    incoming, writer = open_channel(arguments)
    worker = ArmWorker(writer)
    hold_continuations()
    writer.send(protocol.Hello(pid=os.getpid()))
    with open(incoming, "rb") as requests:
        # At the end of the file, the race has ended or its process has exited.
        while line := worker.wait(requests.readline):
            worker.answer(line)
    return 0


class ArmWorker:
    """Answers requests, one at a time, with one arm."""

    def __init__(self, writer: MessageWriter) -> None:
        self.writer = writer
        self.arm: WorkloadArm | None = None
        self.cores: list[int] = []
        self.idle_s = 0.0
        """Time that the last `wait` took."""
        self.idle_cpu_s = 0.0
        """CPU time that the arm used meanwhile."""
        self.active_ns: dict[int, int] = {}
        """CPU time of each thread in the last repetition, by thread id."""
        self.affinities: dict[int, set[int]] = {}
        """The cores of each thread before they were spread, by thread id."""
        self.service_pids: list[int] = []
        self._throttling = ThrottlingReader()
        self._start_waiting()

    def wait(self, read: Callable[[], bytes]) -> bytes:
        """Wait for the next request and measure how much CPU time the arm has used since its last reply.

        That includes services that the arm has started (such as Ray's), and external services, which nobody pauses.
        """
        line = read()
        self.idle_s = time.monotonic() - self._waits_since
        self.idle_cpu_s = cpu_time_between_s(self._waiting_cpu_times_s, self._read_cpu_times())
        return line

    def _start_waiting(self) -> None:
        self._waits_since, self._waiting_cpu_times_s = time.monotonic(), self._read_cpu_times()

    def answer(self, line: bytes) -> None:
        """Do what the request in `line` asks for and send the reply. An error of the workload becomes the reply."""
        try:
            request = protocol.request_adapter.validate_json(line)
        except ValidationError as error:
            self._reply(protocol.ErrorReply(what=f"the worker received a request that is not valid: {error}"))
            return
        try:
            reply = self._answer(request)
        except Exception as error:
            # The boundary of the process: any exception of a workload becomes the reply.
            reply = make_error_reply(error)
        self._reply(reply)

    def _reply(self, reply: protocol.Reply) -> None:
        # Before the reply is sent, because the race may stop this process as soon as it has arrived.
        self._start_waiting()
        self.writer.send(reply)

    def _answer(self, request: protocol.Request) -> protocol.Reply:
        if isinstance(request, protocol.Prepare):
            return self._prepare(request)
        if self.arm is None:
            raise RuntimeError(f"the request '{request.type}' came before 'prepare'")
        match request:
            case protocol.Repeat():
                return protocol.RepeatedReply(repetition=self._repeat(self.arm, request))
            case protocol.Place():
                return protocol.PlacedReply(threads=self._place_threads(request.spread))
            case protocol.CollectEvidence():
                return protocol.EvidenceReply(evidence=self.arm.evidence(), thread_pools=list_thread_pools())
            case protocol.MeasureQuality():
                measures, pictures = self.arm.conclude()
                return protocol.QualityReply(measures=measures, pictures=pictures)
            case protocol.CompareResults():
                measures, tables = self.arm.compare(Path(request.other))
                return protocol.ComparisonReply(measures=measures, tables=tables)

    def _prepare(self, request: protocol.Prepare) -> protocol.PreparedReply:
        if request.version != protocol.VERSION:
            raise RuntimeError(
                f"the race uses version {request.version} of the protocol, this worker version {protocol.VERSION}"
            )
        self.cores = request.cores
        module, _, name = request.arm.partition(":")
        settings = request.settings(request.lever)
        self.writer.progress("importing the libraries")
        arm: WorkloadArm = getattr(importlib.import_module(module), name)(settings)
        prepared = arm.prepare(self.writer.progress)
        self.arm = arm
        # The objects loaded so far live as long as the process: the garbage collector need not visit them in a sample.
        gc.collect()
        gc.freeze()
        reply = protocol.PreparedReply(**prepared)
        self.service_pids = reply.service.pids if reply.service else []
        return reply

    def _repeat(self, arm: WorkloadArm, request: protocol.Repeat) -> Repetition:
        """One timed repetition. The counters of the system are read outside the clock."""
        read_cpu_time_s = TreeCpuClock(self._list_helpers) if self._list_helpers() else own_cpu_time_s
        clock = StepClock(request.calls, read_cpu_time_s, requests=request.requests, in_race=request.in_race)
        threads_before = thread_cpu_time_ns()
        _wake_core()
        # After the wake-up, so that neither it nor other programs that ran meanwhile count as load.
        machine_before, throttling_before = machine_busy_and_steal_s(), self._throttling.read()
        delays_before_ns = self._read_run_delays_ns()
        began, cpu_before_s = time.monotonic(), read_cpu_time_s()
        # The race itself has continued this process before the request.
        take_continuation()

        start = time.perf_counter()
        arm.repeat(request.repetition, clock)
        wall_s = time.perf_counter() - start

        was_stopped = take_continuation()
        update_thread_clocks()
        cpu_s = read_cpu_time_s() - cpu_before_s
        run_delay_s = run_delay_between_s(delays_before_ns, self._read_run_delays_ns())
        machine_after, throttling_after = machine_busy_and_steal_s(), self._throttling.read()
        self.active_ns = measure_active_ns(threads_before, thread_cpu_time_ns())
        machine_busy_s = steal_s = throttled = None
        if machine_before and machine_after:
            machine_busy_s, steal_s = (
                after - before for before, after in zip(machine_before, machine_after, strict=True)
            )
        if throttling_before and throttling_after:
            throttled = throttling_after.since(throttling_before)
        return Repetition(
            steps=clock.steps,
            other_s=clock.measure_other_s(wall_s),
            wall_s=wall_s,
            cpu_s=max(0.0, cpu_s),
            began=began,
            threads=count_active(self.active_ns),
            machine_busy_s=machine_busy_s,
            steal_s=steal_s,
            run_delay_s=run_delay_s,
            was_stopped=was_stopped,
            helper_processes=len(self._list_helpers()),
            throttled_s=throttled.seconds if throttled else None,
            throttled_periods=throttled.periods if throttled else None,
            idle_cpu_s=max(0.0, self.idle_cpu_s),
            idle_s=max(0.0, self.idle_s),
        )

    def _place_threads(self, spread: bool) -> int:
        """Give each thread that was active in the last repetition a core; or undo that.

        Returns the number of active threads.
        """
        if spread:
            self.affinities = read_affinities()
            return spread_threads(self.active_ns, self.cores)
        restore_affinities(self.affinities)
        return count_active(self.active_ns)

    def _list_helpers(self) -> list[int]:
        """The other processes that work for this arm: its descendants, and its external service on this machine."""
        service = [member for pid in self.service_pids for member in [pid, *list_descendants(pid)]]
        return [*list_descendants(os.getpid()), *service]

    def _read_run_delays_ns(self) -> dict[int, int] | None:
        return thread_run_delay_ns([os.getpid(), *self._list_helpers()])

    def _read_cpu_times(self) -> dict[int, float]:
        return {pid: process_cpu_time_s(pid) for pid in [os.getpid(), *self._list_helpers()]}


class StepClock:
    """Times the steps of one repetition: wall and CPU time per call."""

    def __init__(
        self,
        calls: Mapping[str, int],
        read_cpu_time_s: Callable[[], float],
        *,
        requests: Collection[str] = (),
        in_race: bool = False,
    ) -> None:
        """`calls` has how often to call each step; once if a step is missing. Each call of the steps `requests` is
        timed on its own."""
        self.calls, self.requests = calls, requests
        self.in_race = in_race
        self.read_cpu_time_s = read_cpu_time_s
        self.steps: list[StepTime] = []
        self.inside_s = 0.0
        """Wall time spent in steps, in what is left out and in this clock."""

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        """Time `work` and return the result of its last call.

        If one call is too short to time, there is another call before the clock starts: while the other arm ran, the
        caches were emptied and the threads went to sleep, which would be a large part of a short call. So there is
        before requests: every request that is timed follows another one.
        """
        calls, is_request = self.calls.get(step, 1), step in self.requests
        outer_start = time.perf_counter()
        if calls > 1 or is_request:
            work()
        cpu_before_s = self.read_cpu_time_s()
        request_ns: list[int] = []
        if is_request:
            result, request_ns = _time_each(work, calls)
            seconds = sum(request_ns) / calls / 1e9
        else:
            start = time.perf_counter()
            for _ in range(calls - 1):
                work()
            result = work()
            seconds = (time.perf_counter() - start) / calls
        cpu_s = max(0.0, self.read_cpu_time_s() - cpu_before_s) / calls
        self.steps.append(StepTime(step=step, seconds=seconds, cpu_s=cpu_s, calls=calls, request_ns=request_ns))
        # The clock's own cost belongs to no step, nor to the time between the steps.
        self.inside_s += time.perf_counter() - outer_start
        return result

    def measure_other_s(self, wall_s: float) -> float:
        """The time between the steps in a repetition of `wall_s` seconds. What an arm does between requests belongs to
        none of them, so that it is 0 if all steps are requests."""
        if all(timed.request_ns for timed in self.steps):
            return 0.0
        return max(0.0, wall_s - self.inside_s)

    def leave_out(self, work: Callable[[], T]) -> T:
        """Call `work` and return its result. It belongs to no step, nor to the time between the steps."""
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.inside_s += time.perf_counter() - start


def _time_each(work: Callable[[], T], calls: int) -> tuple[T, list[int]]:
    """Call `work` so many times, at least once. Returns the last result, and the time of each call in nanoseconds."""
    read_ns = time.perf_counter_ns
    times_ns = [0] * calls
    for number in range(calls - 1):
        start = read_ns()
        work()
        times_ns[number] = read_ns() - start
    start = read_ns()
    result = work()
    times_ns[-1] = read_ns() - start
    return result, times_ns


def hold_continuations() -> None:
    """Keep SIGCONT pending instead of ignoring it, in this thread and in all that it starts later. The process is
    continued nevertheless."""
    if CAN_TAKE_SIGNALS:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})


def take_continuation() -> bool | None:
    """Whether this process was continued since the last call, so somebody had stopped it; None if the system cannot
    tell. See `hold_continuations`.

    The signal is pending at once when it is sent. A handler would run some time later, in a thread that the kernel
    chooses.
    """
    return signal.sigtimedwait({signal.SIGCONT}, 0) is not None if CAN_TAKE_SIGNALS else None


def _wake_core() -> None:
    """Keep a core busy for a moment. A core that was idle, because the other arm ran, starts slowly."""
    until = time.perf_counter() + WAKE_UP_S
    while time.perf_counter() < until:
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
