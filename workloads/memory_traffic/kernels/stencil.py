"""Stencil: Jacobi sweeps of a five-point stencil over a grid, (n, m): each element becomes the average of its
neighbours.

The border does not change. `start` is only read. `even` and `odd` hold the results of the sweeps in between, and `out`
the result of the last sweep; their borders must be equal to the border of `start`. Every version except `time` reads
and writes the whole grid in each sweep; `time` does so once for all sweeps.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from workloads.memory_traffic.compiler.thread_count import count_threads


def columns(start, even, odd, out, sweeps, tile):
    """Down the columns: every access jumps over a whole row."""
    n, m = start.shape
    source = start
    for sweep in range(sweeps):
        target = out if sweep == sweeps - 1 else even if sweep % 2 == 0 else odd
        for j in prange(1, m - 1):
            for i in range(1, n - 1):
                target[i, j] = np.float32(0.25) * (
                    source[i - 1, j] + source[i + 1, j] + source[i, j - 1] + source[i, j + 1]
                )
        source = target


def rows(start, even, odd, out, sweeps, tile):
    """Along the rows, so that vector instructions can be used."""
    n, m = start.shape
    source = start
    for sweep in range(sweeps):
        target = out if sweep == sweeps - 1 else even if sweep % 2 == 0 else odd
        for i in prange(1, n - 1):
            for j in range(1, m - 1):
                target[i, j] = np.float32(0.25) * (
                    source[i - 1, j] + source[i + 1, j] + source[i, j - 1] + source[i, j + 1]
                )
        source = target


def tiles(start, even, odd, out, sweeps, tile):
    """Along the rows of tiles of (tile, tile) elements: three rows of a tile stay in the nearest cache."""
    n, m = start.shape
    source = start
    for sweep in range(sweeps):
        target = out if sweep == sweeps - 1 else even if sweep % 2 == 0 else odd
        for block in prange((n - 2 + tile - 1) // tile):
            ii = 1 + block * tile
            for jj in range(1, m - 1, tile):
                end = min(jj + tile, m - 1)
                for i in range(ii, min(ii + tile, n - 1)):
                    above, below, row = source[i - 1, jj:end], source[i + 1, jj:end], target[i, jj:end]
                    left, right = source[i, jj - 1 : end - 1], source[i, jj + 1 : end + 1]
                    for j in range(row.shape[0]):
                        row[j] = np.float32(0.25) * (above[j] + below[j] + left[j] + right[j])
        source = target


def time(start, even, odd, out, sweeps, tile):
    """All sweeps in one pass over the grid: each sweep follows the previous one, one row behind it.

    Three rows of each sweep are kept, in strips of `tile` columns, so that they stay in a near cache. Each strip, and
    each thread's share of the rows, overlaps its neighbours by one column or row per sweep; that overlap is computed
    twice.
    """
    n, m = start.shape
    threads = count_threads()
    share = (n + threads - 1) // threads
    for t in prange(threads):
        low, high = t * share, min(n, (t + 1) * share)
        buffer = np.empty((sweeps, 3, tile + 2 * sweeps), np.float32)
        for jj in range(0, m, tile):
            left, right = max(0, jj - sweeps), min(m, jj + tile + sweeps)
            width, end = right - left, min(m, jj + tile)
            for front in range(max(0, low - sweeps), min(n, high + sweeps) + sweeps):
                for sweep in range(1, sweeps + 1):
                    i = front - sweep
                    if i < max(0, low - sweeps + sweep) or i >= min(n, high + sweeps - sweep):
                        continue
                    row = buffer[sweep - 1, i % 3, :width]
                    if i == 0 or i == n - 1:
                        row[:] = start[i, left:right]
                    else:
                        if sweep == 1:
                            above, below = start[i - 1, left:right], start[i + 1, left:right]
                            here = start[i, left:right]
                        else:
                            above, below = (
                                buffer[sweep - 2, (i - 1) % 3, :width],
                                buffer[sweep - 2, (i + 1) % 3, :width],
                            )
                            here = buffer[sweep - 2, i % 3, :width]
                        row[0], row[width - 1] = here[0], here[width - 1]
                        for j in range(1, width - 1):
                            row[j] = np.float32(0.25) * (above[j] + below[j] + here[j - 1] + here[j + 1])
                    if sweep == sweeps:
                        out[i, jj:end] = row[jj - left : end - left]
