"""Percentiles of activations by channel, from the largest values alone.

SmoothQuant needs a high percentile of the absolute values of each channel. Neural Compressor keeps all activations for
it, once for every projection that reads them: 11 GB for BERT-base.
"""

from __future__ import annotations

import numpy as np


class ChannelMaxima:
    """The largest absolute values of each channel of a tensor, enough for the percentile `percentile` (0 to 100).

    `max_rows` is an upper bound of the rows of all data together. Each row counts `copies` times.
    """

    def __init__(self, percentile: float, max_rows: int, copies: int) -> None:
        self._copies = copies
        # The percentile is interpolated between two values.
        self._kept_rows = int((1 - percentile / 100) * max_rows * copies) + 2
        self._rows = 0
        self._largest: np.ndarray | None = None
        """float32 of shape (kept rows, channels), sorted by channel, the smallest first."""

    def add(self, activations: np.ndarray) -> None:
        """Add the activations of a batch, of shape (..., channels)."""
        rows = np.abs(activations.reshape(-1, activations.shape[-1]))
        self._rows += len(rows) * self._copies
        # If a value is among the largest, all its copies are: select first, then copy.
        rows = _select_largest(rows, self._kept_rows).repeat(self._copies, axis=0)
        if self._largest is not None:
            rows = np.concatenate([self._largest, rows])
        self._largest = _select_largest(rows, self._kept_rows)

    def percentile(self, percentile: float) -> np.ndarray:
        """Return the percentile of each channel, float32 of shape (channels,), as numpy.percentile over all rows.

        `percentile` must not be lower than that of the constructor.
        """
        assert self._largest is not None, "no activations were added"
        position = percentile / 100 * (self._rows - 1)
        index = int(position)
        lower = self._largest[index - self._rows].astype(np.float64)
        upper = self._largest[min(index + 1, self._rows - 1) - self._rows].astype(np.float64)
        return (lower + (upper - lower) * (position - index)).astype(np.float32)


def _select_largest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the largest `count` values of each column, the smallest first."""
    if len(values) > count:
        values = np.partition(values, len(values) - count, axis=0)[-count:]
    return np.sort(values, axis=0)
