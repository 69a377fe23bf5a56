"""TODO: bench.race.race.thread_placement."""

from __future__ import annotations

MIN_SPREAD_CORES_SHARE = 0.75
"""Share of the cores asked for under which an arm's threads are suspected of being packed on too few."""


MIN_SPREAD_GAIN = 1.1
"""Factor by which spreading must raise the effective cores to be kept."""
