"""A true dependence: running sums, where every element needs the one before it."""

from __future__ import annotations

import numba
import numpy as np
from numba import prange


def recurrence(a, out, strip):
    """`out[i] = out[i - 1] + a[i]` for all of (n,), as it is defined; `strip` is not used."""
    out[0] = a[0]
    for i in range(1, a.shape[0]):
        out[i] = out[i - 1] + a[i]


def strips(a, out, longest):
    """The same in strips: four run side by side, then each is raised by what lies before it.

    Threads take a share each, whose start they know from the shares' sums. Strips have `longest` elements, or as many
    as let four of them fit into a share.
    """
    n = a.shape[0]
    threads = numba.get_num_threads()
    share = (n + threads - 1) // threads
    sums = np.zeros(threads)
    if threads > 1:
        for t in prange(threads):
            part = a[t * share : (t + 1) * share]
            total = 0.0
            for i in range(part.shape[0]):
                total += part[i]
            sums[t] = total
    for t in prange(threads):
        before = sums[:t].sum()
        part, to = a[t * share : (t + 1) * share], out[t * share : (t + 1) * share]
        strip = max(1, min(longest, part.shape[0] // 4))
        whole = part.shape[0] - part.shape[0] % (4 * strip)
        for start in range(0, whole, 4 * strip):
            a0, a1 = part[start : start + strip], part[start + strip : start + 2 * strip]
            a2, a3 = part[start + 2 * strip : start + 3 * strip], part[start + 3 * strip : start + 4 * strip]
            o0, o1 = to[start : start + strip], to[start + strip : start + 2 * strip]
            o2, o3 = to[start + 2 * strip : start + 3 * strip], to[start + 3 * strip : start + 4 * strip]
            r0, r1, r2, r3 = before, 0.0, 0.0, 0.0
            for i in range(strip):
                r0 += a0[i]
                r1 += a1[i]
                r2 += a2[i]
                r3 += a3[i]
                o0[i] = r0
                o1[i] = r1
                o2[i] = r2
                o3[i] = r3
            for i in range(strip):
                o1[i] += r0
            for i in range(strip):
                o2[i] += r0 + r1
            for i in range(strip):
                o3[i] += r0 + r1 + r2
            before = r0 + r1 + r2 + r3
        for i in range(whole, part.shape[0]):
            before += part[i]
            to[i] = before
