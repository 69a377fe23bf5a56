"""Which part of a file is in memory."""

from __future__ import annotations

import os
import sys

import pytest

from bench.system.page_cache import compare_resident_bytes, list_mapped_libraries, measure_resident_bytes

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="mincore as on Linux")
SIZE_BYTES = 3 << 20


@linux_only
def test_a_file_that_was_just_written_is_in_memory_and_a_small_one_is_left_out(tmp_path):
    large, small = tmp_path / "large", tmp_path / "small"
    large.write_bytes(os.urandom(SIZE_BYTES))
    small.write_bytes(b"x")
    resident = measure_resident_bytes([large, small, tmp_path / "missing"])
    assert resident == {str(large): SIZE_BYTES}
    assert compare_resident_bytes(resident) == 1.0
    large.unlink()
    assert compare_resident_bytes(resident) == 0.0
    assert compare_resident_bytes({}) == 1.0


@linux_only
def test_the_loaded_libraries_of_this_process_are_files():
    libraries = list_mapped_libraries()
    assert any("libc" in library.name for library in libraries)
    assert all(library.is_absolute() for library in libraries)
