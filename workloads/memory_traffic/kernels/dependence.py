"""A true dependence: running sums, in which every element needs the one before it."""

from __future__ import annotations

import numpy as np
from numba import prange

from workloads.memory_traffic.compiler.thread_count import count_threads


def recurrence(a, out, strip):
    """`out[i] = out[i - 1] + a[i]` for all elements of `a`, (n,), as defined; `strip` is not used."""
    out[0] = a[0]
    for i in range(1, a.shape[0]):
        out[i] = out[i - 1] + a[i]


def strips(a, out, max_strip):
    """The same sums in strips: four strips advance together, then each is raised by the sum of those before it.

    Each thread takes one share of `a`; the sums of the shares tell where each share starts. A strip has `max_strip`
    elements, or fewer so that four of them fit into a share.
    """
    n = a.shape[0]
    threads = count_threads()
    share = (n + threads - 1) // threads
    sums = np.zeros(threads)
    if threads > 1:
        for t in prange(threads):
            a_share = a[t * share : (t + 1) * share]
            total = 0.0
            for i in range(a_share.shape[0]):
                total += a_share[i]
            sums[t] = total
    for t in prange(threads):
        before = sums[:t].sum()
        a_share, out_share = a[t * share : (t + 1) * share], out[t * share : (t + 1) * share]
        strip = max(1, min(max_strip, a_share.shape[0] // 4))
        end = a_share.shape[0] - a_share.shape[0] % (4 * strip)
        for start in range(0, end, 4 * strip):
            a0, a1 = a_share[start : start + strip], a_share[start + strip : start + 2 * strip]
            a2, a3 = a_share[start + 2 * strip : start + 3 * strip], a_share[start + 3 * strip : start + 4 * strip]
            o0, o1 = out_share[start : start + strip], out_share[start + strip : start + 2 * strip]
            o2, o3 = out_share[start + 2 * strip : start + 3 * strip], out_share[start + 3 * strip : start + 4 * strip]
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
        for i in range(end, a_share.shape[0]):
            before += a_share[i]
            out_share[i] = before
