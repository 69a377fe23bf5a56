"""TODO: bench.race.race.watchdog."""

from __future__ import annotations

from bench.run.events import State

CHECK_INTERVAL_S = 0.1
"""How often a wait looks up."""


TELEMETRY_INTERVAL_S = 0.4


MAX_MEMORY_SHARE = 0.85
"""Share of the memory that was available at the start beyond which the arms are ended rather than the machine."""


class RaceStopped(Exception):
    """Somebody wants the race to end."""

    def __init__(self, state: State, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why
