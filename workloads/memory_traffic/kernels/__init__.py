"""The loops that are compiled, one module a transformation, written as plainly as they are shown.

They are plain functions: `workloads.memory_traffic.compiler.numba_compile` compiles them. Where a kernel writes an array, that is its
argument `out`; otherwise it returns a number. A loop over `prange` is shared out among the threads where the kernel is
compiled for several, and is an ordinary loop where it is not.
"""
