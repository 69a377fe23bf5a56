"""A recording while a session plays it: its pace, and the second that is shown."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.run.replay import Replay

PACES = (1, 2, 4, 8)
REFRESH_S = 0.7
"""Time between two redraws of a recording."""


@dataclass(slots=True)
class ReplaySession:
    """A recording that this session plays."""

    replay: Replay
    note: str = ""
    """What differs from the step's race, and why another recording is played; empty if there is nothing to say."""
    pace: int = 1
    """Seconds of the recording in one second."""
    position_s: float = 0.0
    """Second of the recording that was shown when it was started or paused the last time."""
    playing_since: float | None = None
    """`time.monotonic()` at the start; None while it is paused."""

    @property
    def now_s(self) -> float:
        """The second of the recording that is to be shown now."""
        played_s = 0.0 if self.playing_since is None else self.pace * (time.monotonic() - self.playing_since)
        return min(self.replay.duration_s, self.position_s + played_s)

    @property
    def is_over(self) -> bool:
        return self.now_s >= self.replay.duration_s

    def play(self) -> None:
        """Play on; from the beginning if it is over."""
        self.position_s = 0.0 if self.is_over else self.now_s
        self.playing_since = time.monotonic()

    def pause(self) -> None:
        self.position_s, self.playing_since = self.now_s, None

    def set_pace(self, pace: int) -> None:
        self.position_s, self.pace = self.now_s, pace
        if self.playing_since is not None:
            self.playing_since = time.monotonic()

    def skip_to_end(self) -> None:
        self.position_s, self.playing_since = self.replay.duration_s, None
