"""What a race checks while it waits: stop requests, the machine's telemetry, and the memory of the arms."""

from __future__ import annotations

from collections.abc import Callable

from bench.formatting import format_bytes
from bench.machine.telemetry import Telemetry
from bench.race.arm_group import ArmGroup
from bench.race.recorder import EventRecorder
from bench.run.events import State, TelemetryRead
from bench.system.limits import available_memory_bytes
from bench.system.process_tree import tree_resident_bytes
from bench.values.base import Arm

CHECK_INTERVAL_S = 0.1
"""Longest time between two checks while the race waits."""
TELEMETRY_INTERVAL_S = 0.4
MAX_MEMORY_SHARE = 0.85
"""Share of the memory available at the start that the arms may use together. Above it the race ends the arms, before
the kernel's out-of-memory killer chooses a process."""


class RaceStopped(Exception):
    """Somebody asked the race to end, or its owner has exited."""

    def __init__(self, state: State, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


class Watchdog:
    """Called again and again while a race waits for an answer or a pause."""

    def __init__(
        self, recorder: EventRecorder, arms: ArmGroup, stop_requested: Callable[[], RaceStopped | None]
    ) -> None:
        """`stop_requested` returns the exception to raise once the race has to end, and None until then."""
        self._recorder, self._arms, self._stop_requested = recorder, arms, stop_requested
        self._telemetry = Telemetry()
        self._last_reading_at = 0.0
        self._memory_limit_bytes = int(available_memory_bytes() * MAX_MEMORY_SHARE)

    def check(self) -> None:
        """Raises RaceStopped on a stop request and ArmError if the arms use too much memory.

        Emits a telemetry reading if the last one is at least `TELEMETRY_INTERVAL_S` old.
        """
        if stopped := self._stop_requested():
            raise stopped
        now = self._recorder.now
        if now - self._last_reading_at < TELEMETRY_INTERVAL_S:
            return
        self._last_reading_at = now
        racing, extra = self._arms.running[: len(Arm)], self._arms.running[len(Arm) :]
        reading = self._telemetry.read(now, {process.arm: process.supervisor_pid for process in racing})
        self._recorder.emit(TelemetryRead(at=now, reading=reading))
        used = sum(reading.arm_memory.values()) + sum(tree_resident_bytes(process.supervisor_pid) for process in extra)
        if used > self._memory_limit_bytes:
            largest = max(self._arms.running, key=lambda process: reading.arm_memory.get(process.arm, 0))
            raise largest.make_error(
                f"and the other arm used {format_bytes(used)} of memory together, more than the limit of "
                f"{format_bytes(self._memory_limit_bytes)}",
                "Choose less work, or close other programs that use memory.",
            )
