"""Bootstrap distributions, percentile intervals and standard errors, computed by scipy.

Importing this module imports scipy, which takes a second. The page server imports it inside functions only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.stats.arrays import Floats
from bench.stats.significance import CONFIDENCE

VectorizedStatistic = Callable[..., Floats]
"""`statistic(*samples, axis)`: the statistic of arrays that have the observations along `axis`."""


def bootstrap_distribution(
    samples: Sequence[Sequence[float] | npt.NDArray[np.generic]],
    statistic: VectorizedStatistic,
    *,
    resamples: int,
    seed: int,
    batch: int | None = None,
    paired: bool = False,
) -> Floats:
    """The statistic of `resamples` resamples of all `samples`, each resampled on its own with replacement.

    `paired` samples have the same length and are resampled by the same indices. `batch` is the number of resamples
    computed at once, which limits the memory needed. The statistic may be infinite or NaN for some resamples. A sample
    of a single observation does not vary. Raises ValueError for an empty sample.
    """
    if not all(len(sample) for sample in samples):
        raise ValueError("Expected at least one observation in every sample.")
    # scipy expects two observations. Resamples of a value and its copy equal those of the value alone.
    data = tuple(np.repeat(sample, 2) if len(sample) == 1 else np.asarray(sample) for sample in samples)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # Equal observations (a coarse clock, two or three pairs) give a distribution of no width.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            data,
            statistic,
            vectorized=True,
            paired=paired,
            n_resamples=resamples,
            batch=batch,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    return cast(Floats, result.bootstrap_distribution)


def percentile_interval(
    distribution: Floats, value: float, *, tail: float = (1 - CONFIDENCE) / 2
) -> tuple[float, float]:
    """A bootstrap distribution without the share `tail` at each end, extended to include `value`, the statistic itself.

    An end is infinite if the distribution is infinite there. NaN is not allowed.
    """
    if np.isinf(distribution).any():
        # Interpolation between infinite neighbours is undefined, so take the observations themselves.
        ordered = np.sort(distribution)
        position = int(tail * len(ordered))
        low, high = float(ordered[position]), float(ordered[-position - 1])
    else:
        low, high = (float(end) for end in np.quantile(distribution, [tail, 1 - tail]))
    return min(low, value), max(high, value)
