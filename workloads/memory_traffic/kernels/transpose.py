"""Transpose: either the reads or the writes jump over rows, unless the work is cut into tiles that fit into a cache."""

from __future__ import annotations

from numba import prange


def rows(a, out, tile):
    """`out[j, i] = a[i, j]`, row by row; `tile` is not used."""
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            out[j, i] = a[i, j]


def tiles(a, out, tile):
    """The same, one tile of (tile, tile) elements after the other."""
    n, m = a.shape
    for block in prange((m + tile - 1) // tile):
        jj = block * tile
        for ii in range(0, n, tile):
            a_tile, out_tile = a[ii : ii + tile, jj : jj + tile], out[jj : jj + tile, ii : ii + tile]
            for i in range(a_tile.shape[0]):
                for j in range(a_tile.shape[1]):
                    out_tile[j, i] = a_tile[i, j]
