"""Tiling: matrix multiplication, `out = a @ b`, all (n, n) and row-major.

Of the same 2n³ operations, what changes is how far a value travels before it is used again.
"""

from __future__ import annotations

import numpy as np
from numba import prange


def ijk(a, b, out, tile):
    """As the definition says: the innermost loop walks down a column of `b`."""
    n = a.shape[0]
    for i in prange(n):
        for j in range(n):
            total = np.float32(0)
            for k in range(n):
                total += a[i, k] * b[k, j]
            out[i, j] = total


def ikj(a, b, out, tile):
    """Two loops permuted: the innermost one walks along rows of `b` and `out`."""
    n = a.shape[0]
    for i in prange(n):
        for j in range(n):
            out[i, j] = 0
        for k in range(n):
            factor = a[i, k]
            for j in range(n):
                out[i, j] += factor * b[k, j]


def tiled(a, b, out, tile):
    """Strip-mined and permuted: a tile of `b`, `tile` elements a side, is used by all rows before the next one."""
    n = a.shape[0]
    for block in prange((n + tile - 1) // tile):
        jj = block * tile
        for i in range(n):
            out[i, jj : jj + tile] = 0
        for kk in range(0, n, tile):
            for i in range(n):
                to = out[i, jj : jj + tile]
                for k in range(kk, min(kk + tile, n)):
                    factor, row = a[i, k], b[k, jj : jj + tile]
                    for j in range(to.shape[0]):
                        to[j] += factor * row[j]


def blocked(a, b, out, tile):
    """Tiled, and in registers, too: every two rows of `a` meet every four columns of `b`, eight sums at once.

    `b` is copied once, transposed, so that both are read along their rows, twice `tile` elements at a time.
    """
    n, deep = a.shape[0], 2 * tile
    columns = np.zeros(((n + 3) // 4 * 4, n), np.float32)
    for block in prange((n + 31) // 32):
        for k in range(n):
            for j in range(block * 32, min(block * 32 + 32, n)):
                columns[j, k] = b[k, j]
    for block in prange((n + 15) // 16):
        rows = range(block * 16, min(block * 16 + 16, n), 2)
        out[block * 16 : block * 16 + 16] = 0
        for kk in range(0, n, deep):
            for j in range(0, n, 4):
                b0, b1 = columns[j, kk : kk + deep], columns[j + 1, kk : kk + deep]
                b2, b3 = columns[j + 2, kk : kk + deep], columns[j + 3, kk : kk + deep]
                for i in rows:
                    # Where the last row has no neighbour, it is done twice, and kept once.
                    a0, a1 = a[i, kk : kk + deep], a[min(i + 1, n - 1), kk : kk + deep]
                    c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = np.float32(0)
                    for k in range(a0.shape[0]):
                        c00 += a0[k] * b0[k]
                        c01 += a0[k] * b1[k]
                        c02 += a0[k] * b2[k]
                        c03 += a0[k] * b3[k]
                        c10 += a1[k] * b0[k]
                        c11 += a1[k] * b1[k]
                        c12 += a1[k] * b2[k]
                        c13 += a1[k] * b3[k]
                    sums = ((c00, c01, c02, c03), (c10, c11, c12, c13))
                    for r in range(min(2, n - i)):
                        for s in range(min(4, n - j)):
                            out[i + r, j + s] += sums[r][s]


def blas(a, b, out, tile):
    """NumPy's own, which hands it to a BLAS: the upper reference, not compiled here."""
    np.matmul(a, b, out=out)
