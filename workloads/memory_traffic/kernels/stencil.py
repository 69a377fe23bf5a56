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
    """All sweeps in one pass: each follows the one before it a row behind, so that three rows of each are kept, in
    strips of `tile` columns, so that a near cache keeps them.

    Strips, and the threads' shares of the rows, reach into their neighbours by a row and a column a sweep, and do
    again what is done there, too.
    """
    n, m = start.shape
    threads = numba.get_num_threads()
    share = (n + threads - 1) // threads
    for t in prange(threads):
        low, high = t * share, min(n, (t + 1) * share)
        kept = np.empty((sweeps, 3, tile + 2 * sweeps), np.float32)
        for jj in range(0, m, tile):
            left, right = max(0, jj - sweeps), min(m, jj + tile + sweeps)
            wide, end = right - left, min(m, jj + tile)
            for front in range(max(0, low - sweeps), min(n, high + sweeps) + sweeps):
                for sweep in range(1, sweeps + 1):
                    i = front - sweep
                    if i < max(0, low - sweeps + sweep) or i >= min(n, high + sweeps - sweep):
                        continue
                    to = kept[sweep - 1, i % 3, :wide]
                    if i == 0 or i == n - 1:
                        to[:] = start[i, left:right]
                    else:
                        if sweep == 1:
                            above, below = start[i - 1, left:right], start[i + 1, left:right]
                            here = start[i, left:right]
                        else:
                            above, below = kept[sweep - 2, (i - 1) % 3, :wide], kept[sweep - 2, (i + 1) % 3, :wide]
                            here = kept[sweep - 2, i % 3, :wide]
                        to[0], to[wide - 1] = here[0], here[wide - 1]
                        for j in range(1, wide - 1):
                            to[j] = np.float32(0.25) * (above[j] + below[j] + here[j - 1] + here[j + 1])
                    if sweep == sweeps:
                        out[i, jj:end] = to[jj - left : end - left]
