"""Whether a race can be ended because the accelerated arm cannot win any more.

A race that ends as soon as its interval excludes 1 looks many times, and each look is one more chance to be wrong. So
the interval has to exclude a win when it is twice as wide. `docs/adr/0023-sweeps.md` has the error rates.
"""

from __future__ import annotations

import math

from bench.values.statistics import Interval

WIDENING = 2.0
"""Factor by which the interval is widened, on a logarithmic scale."""


def excludes_win(ratio: Interval) -> bool:
    """Whether all of the widened interval of a ratio of times, baseline over accelerated, is below 1."""
    if min(ratio.value, ratio.high) <= 0:
        return False
    return math.log(ratio.value) + WIDENING * (math.log(ratio.high) - math.log(ratio.value)) < 0
