"""The state of the machine during a race."""

from __future__ import annotations

from pydantic import Field

from bench.values.base import Arm, Value


class CoreReading(Value):
    """One logical processor at one moment."""

    busy: float = Field(ge=0, le=1)
    """Share of the time since the previous reading."""
    mhz: float | None = None


class Reading(Value):
    """The state of the machine at one moment of a race. None means unknown."""

    at: float
    cores: list[CoreReading]
    steal: float | None = None
    """Share of the time since the previous reading that the hypervisor took."""
    celsius: float | None = None
    throttled: int | None = None
    """Thermal throttling events of all processors since boot."""
    memory_used: int
    """Bytes, like all sizes here."""
    swap_used: int
    swapped_in: int | None = None
    """Pages swapped in since boot."""
    load: float | None = None
    """Load average of the last minute."""
    arm_memory: dict[Arm, int] = Field(default_factory=dict[Arm, int])
    """Resident memory of each arm's process tree."""
