"""The record and the clock of one race."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.run.events import Event, RunOpened, State, StateChanged
from bench.run.record import Run


class EventRecorder:
    """Adds each event of a race to the race's record and passes the event on."""

    def __init__(self, opened: RunOpened, emit: Callable[[Event], None]) -> None:
        """Start the clock of the race. `emit` receives every event; `opened` is emitted by `open`."""
        self.opened = opened
        self.record = Run.open(opened)
        self.start = time.monotonic()
        """`time.monotonic()` at the start of the race."""
        self._emit = emit

    @property
    def now(self) -> float:
        """Seconds since the start of the race."""
        return time.monotonic() - self.start

    def open(self) -> None:
        """Emit the first event; the record already includes it."""
        self._emit(self.opened)

    def emit(self, event: Event) -> None:
        self.record.apply(event)
        self._emit(event)

    def change_state(self, state: State, why: str = "") -> None:
        self.emit(StateChanged(at=self.now, state=state, why=why))
