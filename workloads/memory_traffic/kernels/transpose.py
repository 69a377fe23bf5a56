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
            part, to = a[ii : ii + tile, jj : jj + tile], out[jj : jj + tile, ii : ii + tile]
            for i in range(part.shape[0]):
                for j in range(part.shape[1]):
                    to[j, i] = part[i, j]
