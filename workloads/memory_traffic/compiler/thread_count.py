"""The number of threads, for kernels that divide their work among threads themselves.

Numba compiles the address of its own `get_num_threads` into a kernel, so that no other process could load the kernel.
`count_threads` calls the same function by its symbol.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
from numba.extending import overload

from workloads.memory_traffic.compiler import numba_adapter


def count_threads() -> int:
    """The number of threads on which kernels run that are called now."""
    return numba.get_num_threads()


@overload(count_threads)
def _overload_count_threads() -> Callable[[], int]:
    read_thread_count = numba_adapter.get_thread_count_intrinsic()

    def count() -> int:
        return read_thread_count()

    return count
