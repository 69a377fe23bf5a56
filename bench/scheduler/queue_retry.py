"""When a queue that cannot be used is tried again, and when that ends."""

from __future__ import annotations

import logging
import time
from pathlib import Path

LOGGER = logging.getLogger(__name__)
MIN_RETRY_S, MAX_RETRY_S = 0.5, 15.0
"""Time until the queue is tried again after an error: the first, doubled after each further one, and the largest."""
MAX_QUEUE_ERROR_S = 120.0
"""Jobs that wait are interrupted if the queue cannot be used for so long."""


class QueueRetry:
    """The errors of a queue since it was last used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.forget_errors()

    def forget_errors(self) -> None:
        self.problem = ""
        """Why the queue cannot be used now; empty if it can."""
        self._delay_s = MIN_RETRY_S
        self._failing_since: float | None = None

    def note_error(self, error: OSError) -> float | None:
        """The time until the next attempt, in seconds; None if the errors have lasted for `MAX_QUEUE_ERROR_S`."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            LOGGER.warning("The queue cannot be used and is tried again: %s", error)
        if now - self._failing_since >= MAX_QUEUE_ERROR_S:
            return None
        self.problem = (
            f"The queue of this machine cannot be used ({error}). It is tried again for up to "
            f"{MAX_QUEUE_ERROR_S:.0f} s. Check that {self._folder} is a folder that this user may write to, and that "
            "its disk has free space."
        )
        delay_s = self._delay_s
        self._delay_s = min(2 * delay_s, MAX_RETRY_S)
        return delay_s
