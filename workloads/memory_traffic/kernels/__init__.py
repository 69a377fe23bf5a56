"""The loops that are compiled: one module per transformation, shown to users exactly as they are written.

They are plain Python functions; `compiler.numba_compile` compiles them. A kernel that writes an array has an argument
`out`; any other kernel returns a number. A loop over `prange` is divided among threads if the kernel is compiled for
more than one thread, and is an ordinary loop otherwise.
"""
