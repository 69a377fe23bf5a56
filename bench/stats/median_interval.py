"""The interval of the median time of one arm. Importing this module imports scipy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
from scipy import stats

from bench.stats.ratio import LAUNCH_SD
from bench.stats.significance import CONFIDENCE, NORMAL_QUANTILE
from bench.values.statistics import Interval


def estimate_median(times: Sequence[float]) -> Interval:
    """The median of `times` in seconds, with its 95 % interval.

    The interval by the samples is that of the quantile test of scipy, by order statistics (Conover, Practical
    Nonparametric Statistics, 1999, 3.2); the range of the samples if they are too few for it. The difference between
    two processes of one program, `LAUNCH_SD`, is added to it. Raises ValueError without samples.
    """
    if not times:
        raise ValueError("Expected at least one time.")
    value = float(np.median(times))
    test = stats.quantile_test(np.asarray(times), q=value, p=0.5)
    ends = (float(end) for end in cast(tuple[float, float], test.confidence_interval(CONFIDENCE)))
    low, high = (
        end if math.isfinite(end) else limit for end, limit in zip(ends, (min(times), max(times)), strict=True)
    )
    launch = NORMAL_QUANTILE * LAUNCH_SD
    below = math.hypot(math.log(value / low), launch) if low > 0 else math.inf
    above = math.hypot(math.log(high / value), launch)
    return Interval(value=value, low=value * math.exp(-below), high=value * math.exp(above))
