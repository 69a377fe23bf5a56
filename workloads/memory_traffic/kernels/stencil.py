"""Stencil: sweeps of Jacobi's five-point average over a grid, (n, m); the border stays as it is.

`start` is only read; `one` and `other` hold what lies between, and `out` the last sweep. Their borders must be those
of `start`. Each sweep of the plain ones reads and writes all of the grid; `time` reads and writes it once for all.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import prange


def columns(start, one, other, out, sweeps, tile):
    """Down the columns: every access jumps over a row."""
    n, m = start.shape
    source = start
    for sweep in range(sweeps):
        target = out if sweep == sweeps - 1 else one if sweep % 2 == 0 else other
        for j in prange(1, m - 1):
            for i in range(1, n - 1):
                target[i, j] = np.float32(0.25) * (
                    source[i - 1, j] + source[i + 1, j] + source[i, j - 1] + source[i, j + 1]
                )
        source = target


def rows(start, one, other, out, sweeps, tile):
    """Along the rows, which vector instructions can take."""
    n, m = start.shape
    source = start
    for sweep in range(sweeps):
        target = out if sweep == sweeps - 1 else one if sweep % 2 == 0 else other
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                target[i, j] = np.float32(0.25) * (
                    source[i - 1, j] + source[i + 1, j] + source[i, j - 1] + source[i, j + 1]
                )
        source = target


def tiles(start, one, other, out, sweeps, tile):
    """Along the rows of tiles, `tile` elements a side: three rows of a tile stay in the nearest cache."""
    n, m = start.shape
    source = start
    for sweep in range(sweeps):
        target = out if sweep == sweeps - 1 else one if sweep % 2 == 0 else other
        for block in prange((n - 2 + tile - 1) // tile):
            ii = 1 + block * tile
            for jj in range(1, m - 1, tile):
                end = min(jj + tile, m - 1)
                for i in range(ii, min(ii + tile, n - 1)):
                    above, below, to = source[i - 1, jj:end], source[i + 1, jj:end], target[i, jj:end]
                    left, right = source[i, jj - 1 : end - 1], source[i, jj + 1 : end + 1]
                    for j in range(to.shape[0]):
                        to[j] = np.float32(0.25) * (above[j] + below[j] + left[j] + right[j])
        source = target


def time(start, one, other, out, sweeps, tile):
    """All sweeps in one pass: each follows the one before it a row behind, so that three rows of each are kept.

    Threads take a share of the rows each, and do some rows at its edges that their neighbours do, too.
    """
    n, m = start.shape
    threads = numba.get_num_threads()
    share = (n + threads - 1) // threads
    for t in prange(threads):
        low, high = t * share, min(n, (t + 1) * share)
        kept = np.empty((sweeps + 1, 3, m), np.float32)
        for front in range(max(0, low - sweeps), min(n, high + sweeps) + sweeps):
            for sweep in range(sweeps + 1):
                i = front - sweep
                if i < max(0, low - sweeps + sweep) or i >= min(n, high + sweeps - sweep):
                    continue
                target = out[i] if sweep == sweeps else kept[sweep, i % 3]
                if sweep == 0 or i == 0 or i == n - 1:
                    target[:] = start[i]
                    continue
                above, here, below = kept[sweep - 1, (i - 1) % 3], kept[sweep - 1, i % 3], kept[sweep - 1, (i + 1) % 3]
                target[0], target[m - 1] = start[i, 0], start[i, m - 1]
                for j in range(1, m - 1):
                    target[j] = np.float32(0.25) * (above[j] + below[j] + here[j - 1] + here[j + 1])
