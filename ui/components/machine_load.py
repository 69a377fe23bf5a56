"""The load of other programs before a race: one measure, one limit and one text for all pages."""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_cores
from ui import services

ADVICE = (
    "- Close other programs, other tabs and background jobs first.\n"
    "- If they cannot be closed, race on fewer cores and with a larger time budget.\n"
    "- Fairlap makes no claim if the load differs between the arms."
)
"""What to do about a load that disturbs. Markdown."""


@dataclass(frozen=True, slots=True)
class OtherLoad:
    """What other programs than this server use, as a mean over the last seconds."""

    busy_cores: float
    core_count: int

    @property
    def disturbs(self) -> bool:
        """Whether the result of a race would be noisy."""
        return self.busy_cores >= services.MIN_BUSY_CORES

    @property
    def text(self) -> str:
        """Markdown without a full stop."""
        return f"Other programs use {self.busy_cores:.1f} of {format_cores(self.core_count)}"


def measure_other_load() -> OtherLoad | None:
    """None while it is not known, in the first seconds after the start of the server and after a job.

    Not to be called while a job runs: reading the load would be part of it.
    """
    monitor = services.get_telemetry_monitor()
    core_count = len(monitor.read().cores)
    busy_cores = monitor.measure_other_load()
    return None if busy_cores is None else OtherLoad(min(busy_cores, core_count), core_count)
