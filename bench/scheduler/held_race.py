"""A race that is held with its arms ready, so that its first pair begins as soon as somebody presses Run.

Its process holds the lock of the machine, and its arms are stopped. It ends without a trace if another job waits for
the machine, or if nobody starts it for `MAX_HOLD_S`: a race that was not started is no attempt and no result.
"""

from __future__ import annotations

import time

from bench.run.events import State
from bench.scheduler.queue import Queue

MAX_HOLD_S = 600.0
"""Shorter than what Ray's processes survive while they are stopped."""
QUEUE_CHECK_INTERVAL_S = 0.5


class HoldLimit:
    """Why a held race has to give way."""

    def __init__(self, job_id: str, queue: Queue | None = None) -> None:
        self.job_id, self._queue = job_id, queue or Queue()
        self._since = self._checked_at = time.monotonic()

    def stop_reason(self) -> tuple[State, str] | None:
        """The state in which it has to end now, and why; None if it may go on waiting. Raises OSError."""
        now = time.monotonic()
        if now - self._since > MAX_HOLD_S:
            return State.STOPPED, f"nobody started it for {MAX_HOLD_S:.0f} s"
        if now - self._checked_at < QUEUE_CHECK_INTERVAL_S:
            return None
        self._checked_at = now
        if any(entry.job_id != self.job_id for entry in self._queue.entries()):
            return State.STOPPED, "another job waits for the machine"
        return None
