"""Tiling: matrix multiplication, `out = a @ b`, with (n, n) matrices in row-major order.

All versions do the same 2n³ operations. They differ in how much other data is used before a value is used again.
"""

from __future__ import annotations

import numpy as np
from numba import prange


def ijk(a, b, out, tile):
    """As defined: the innermost loop goes down a column of `b`."""
    n = a.shape[0]
    for i in prange(n):
        for j in range(n):
            total = np.float32(0)
            for k in range(n):
                total += a[i, k] * b[k, j]
            out[i, j] = total


def ikj(a, b, out, tile):
    """The two inner loops swapped: the innermost loop goes along a row of `b` and of `out`."""
    n = a.shape[0]
    for i in prange(n):
        for j in range(n):
            out[i, j] = 0
        for k in range(n):
            factor = a[i, k]
            for j in range(n):
                out[i, j] += factor * b[k, j]


def tiled(a, b, out, tile):
    """Strip-mined and permuted: all rows use one tile of `b`, (tile, tile), before the next tile is loaded."""
    n = a.shape[0]
    for block in prange((n + tile - 1) // tile):
        jj = block * tile
        for i in range(n):
            out[i, jj : jj + tile] = 0
        for kk in range(0, n, tile):
            for i in range(n):
                out_row = out[i, jj : jj + tile]
                for k in range(kk, min(kk + tile, n)):
                    factor, b_row = a[i, k], b[k, jj : jj + tile]
                    for j in range(out_row.shape[0]):
                        out_row[j] += factor * b_row[j]


def blocked(a, b, out, tile):
    """Tiled, and blocked in registers: two rows of `a` times four columns of `b`, eight sums at the same time.

    `b` is copied once, transposed, so that both matrices are read along rows, `2 * tile` elements at a time.
    """
    n, depth = a.shape[0], 2 * tile
    columns = np.zeros(((n + 3) // 4 * 4, n), np.float32)
    for block in prange((n + 31) // 32):
        for k in range(n):
            for j in range(block * 32, min(block * 32 + 32, n)):
                columns[j, k] = b[k, j]
    for block in prange((n + 15) // 16):
        rows = range(block * 16, min(block * 16 + 16, n), 2)
        out[block * 16 : block * 16 + 16] = 0
        for kk in range(0, n, depth):
            for j in range(0, n, 4):
                b0, b1 = columns[j, kk : kk + depth], columns[j + 1, kk : kk + depth]
                b2, b3 = columns[j + 2, kk : kk + depth], columns[j + 3, kk : kk + depth]
                for i in rows:
                    # If the last row has no neighbour, it is computed twice and stored once.
                    a0, a1 = a[i, kk : kk + depth], a[min(i + 1, n - 1), kk : kk + depth]
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
    """NumPy's matrix product, which calls a BLAS library: the upper reference, not compiled here."""
    np.matmul(a, b, out=out)
