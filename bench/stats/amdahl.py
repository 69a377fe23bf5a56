"""Amdahl's law. `bench.stats.amdahl_fit` fits it to times.

G. Amdahl, Validity of the single processor approach to achieving large scale computing capabilities, AFIPS 1967.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MIN_CORE_COUNTS_TO_FIT = 3
"""Fewest core counts for a fit that can be wrong: the law has one unknown, so its curve meets any two points."""


@dataclass(frozen=True, slots=True)
class AmdahlFit:
    """The law `time(p) = time(1) * (serial + (1 - serial) / p)`, fitted to times."""

    serial: float
    """Share of the time on one core that more cores do not shorten; above 1 if more cores take longer."""
    low: float
    high: float
    """`low` to `high` is the 95 % bootstrap interval of `serial`."""
    counts: int
    """Number of core counts that were measured."""
    one_s: float
    """Median time on one core."""

    @property
    def fits(self) -> bool:
        """Whether there are enough core counts for a fit that can be wrong."""
        return self.counts >= MIN_CORE_COUNTS_TO_FIT

    def seconds(self, cores: float) -> float:
        """The time that the law projects for a core count."""
        return self.one_s * (self.serial + (1 - self.serial) / cores)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The core count above which the law's time is below another time, with its 95 % interval.

    `high` is infinite if the times leave open whether there is such a core count.
    """

    cores: float
    low: float
    high: float


def amdahl_ratio(share: float, ratio: float) -> float:
    """How many times faster a program gets if a part with this `share` of its time gets `ratio` times faster."""
    return 1 / ((1 - share) + share / ratio)


def amdahl_bound(share: float) -> float:
    """How many times faster a program gets at most if a part with this `share` of its time gets faster: the ratio if
    that part takes no time. Infinite if the part is all of it."""
    return 1 / (1 - share) if share < 1 else math.inf
