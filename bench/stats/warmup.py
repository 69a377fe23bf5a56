"""When an arm is warm: detected, not guessed."""

from __future__ import annotations

from collections.abc import Sequence

MIN_SAMPLES = 4
"""Fewest samples after which an arm may count as warm."""
MAX_IMPROVEMENT_SHARE = 0.03
"""An arm is warm when its last three samples brought no time this much below the best before them."""


def is_warm(times: Sequence[float]) -> bool:
    """Whether the last three of an arm's times brought none that is clearly below the best before them."""
    if len(times) < MIN_SAMPLES:
        return False
    return min(times[-3:]) >= (1 - MAX_IMPROVEMENT_SHARE) * min(times[:-3])
