"""Multithreading: STREAM's triad, which does next to nothing but move memory."""

from __future__ import annotations

from numba import prange


def triad(b, c, scalar, out):
    """`out = b + scalar * c`, (n,) each."""
    for i in prange(out.shape[0]):
        out[i] = b[i] + scalar * c[i]


def horner(x, out):
    """Eight polynomials of degree 8 of every element of `x`, (n,), summed: arithmetic and next to no memory.

    Eight, since a multiply-add takes four cycles and two can begin in each. Compiled without leave to reorder, with
    which a compiler finds a shorter way.
    """
    for i in prange(x.shape[0]):
        y = x[i]
        a, b, c = y, -y, y + y
        d, e = -c, c + y
        f = e + y
        g = f + y
        h = g + y
        for _ in range(8):
            a, b, c, d = a * y + y, b * y + y, c * y + y, d * y + y
            e, f, g, h = e * y + y, f * y + y, g * y + y, h * y + y
        out[i] = ((a + b) + (c + d)) + ((e + f) + (g + h))
