"""Multithreading: STREAM's triad, which does next to nothing but move memory."""

from __future__ import annotations

from numba import prange


def triad(b, c, scalar, out):
    """`out = b + scalar * c`, (n,) each."""
    for i in prange(out.shape[0]):
        out[i] = b[i] + scalar * c[i]


def horner(x, out):
    """Two polynomials of degree 32 of every element of `x`, (n,), summed: arithmetic and next to no memory."""
    for i in prange(x.shape[0]):
        y = x[i]
        p = y
        q = y
        for _ in range(32):
            p = p * y + y
            q = q * y - y
        out[i] = p + q
