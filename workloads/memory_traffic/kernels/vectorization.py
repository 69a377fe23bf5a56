"""Vectorization: one source, compiled with and without permission to reorder the additions."""

from __future__ import annotations

from numba import prange


def dot(x, y):
    """The inner product of two vectors with (n,) elements each."""
    total = 0.0
    for i in prange(x.shape[0]):
        total += x[i] * y[i]
    return total
