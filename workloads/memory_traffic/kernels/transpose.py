"""Transpose: either reading or writing jumps over rows, unless the work is cut into tiles that a cache holds."""

from __future__ import annotations

from numba import prange


def rows(a, out, tile):
    """`out[j, i] = a[i, j]`, row by row; `tile` is not used."""
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            out[j, i] = a[i, j]


def tiles(a, out, tile):
    """The same, tile by tile, `tile` elements a side."""
    n, m = a.shape
    for block in prange((m + tile - 1) // tile):
        jj = block * tile
        for ii in range(0, n, tile):
            for j in range(jj, min(jj + tile, m)):
                for i in range(ii, min(ii + tile, n)):
                    out[j, i] = a[i, j]
