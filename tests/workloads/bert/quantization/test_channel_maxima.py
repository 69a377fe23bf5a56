"""Percentiles from the largest activations alone, against NumPy's over all activations."""

from __future__ import annotations

import numpy as np
import pytest

from workloads.bert.quantization.channel_maxima import ChannelMaxima


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("percentile", [99.999, 99.0, 80.0, 0.0])
def test_the_percentile_is_that_of_all_rows(percentile, copies):
    random = np.random.default_rng(0)
    batches = [random.standard_normal((1, length, 5)).astype(np.float32) for length in (40, 1, 97)]
    # The bound may be larger than the number of rows.
    maxima = ChannelMaxima(percentile, 150, copies)
    for batch in batches:
        maxima.add(batch)
    rows = np.abs(np.concatenate([batch.reshape(-1, 5) for batch in batches])).repeat(copies, axis=0)
    result = maxima.percentile(percentile)
    assert result.dtype == np.float32
    assert np.allclose(result, np.percentile(rows, percentile, axis=0), rtol=1e-6)


def test_few_rows_are_kept():
    maxima = ChannelMaxima(99.0, 10_000, 1)
    for seed in range(10):
        maxima.add(np.random.default_rng(seed).standard_normal((1_000, 4)).astype(np.float32))
    assert len(maxima._largest) == 102
