"""TODO: bench.race.race.core_counts."""

from __future__ import annotations

MIN_ROUNDS = 3
