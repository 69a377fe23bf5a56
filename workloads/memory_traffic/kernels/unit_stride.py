"""Unit stride: the sum of a large array, read along its columns, along its rows, and at any stride."""

from __future__ import annotations

import numpy as np
from numba import prange


def columns(a):
    """The sum of `a`, (rows, columns), column by column: every step jumps over a whole row."""
    total = 0.0
    for j in prange(a.shape[1]):
        partial = np.float32(0)
        for i in range(a.shape[0]):
            partial += a[i, j]
        total += partial
    return total


def rows(a):
    """The sum of `a`, (rows, columns), row by row: every step goes to the next element in memory."""
    total = 0.0
    for i in prange(a.shape[0]):
        partial = np.float32(0)
        for j in range(a.shape[1]):
            partial += a[i, j]
        total += partial
    return total


def strided(a, stride):
    """The sum of every `stride`-th element of `a`, (n,), in the precision of `a`."""
    total = a.dtype.type(0)
    for i in range(0, a.shape[0], stride):
        total += a[i]
    return total
