"""Detects when an arm is warm."""

from __future__ import annotations

from collections.abc import Sequence

MIN_SAMPLES = 4
"""Fewest samples after which an arm can count as warm."""
MAX_IMPROVEMENT_SHARE = 0.03
"""An arm is warm when none of its last three samples is faster than the fastest one before them by this share."""


def is_warm(times: Sequence[float]) -> bool:
    """Whether an arm with these sample times, oldest first, no longer gets faster."""
    if len(times) < MIN_SAMPLES:
        return False
    return min(times[-3:]) >= (1 - MAX_IMPROVEMENT_SHARE) * min(times[:-3])
