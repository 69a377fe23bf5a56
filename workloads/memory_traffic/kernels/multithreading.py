"""Multithreading: STREAM's triad, which moves memory and computes very little."""

from __future__ import annotations

from numba import prange


def triad(b, c, scalar, out):
    """`out = b + scalar * c`, with (n,) elements in each array."""
    for i in prange(out.shape[0]):
        out[i] = b[i] + scalar * c[i]


def horner(x, out):
    """The sum of eight polynomials of degree 8 of every element of `x`, (n,): arithmetic with very little memory
    traffic.

    Eight polynomials keep the processor busy: a multiply-add takes four cycles, and two can start in each cycle. It is
    compiled without permission to reorder additions, because the compiler would otherwise find a shorter formula.
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
