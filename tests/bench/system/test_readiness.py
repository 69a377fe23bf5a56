"""Waiting for files, also for those whose descriptors are too large for `select`."""

from __future__ import annotations

import os
import resource

import pytest

from bench.system.readiness import wait_readable


def test_what_can_be_read_or_has_ended_is_returned():
    (first, writes_first), (second, writes_second) = os.pipe(), os.pipe()
    try:
        assert wait_readable([first, second], 0) == []
        os.write(writes_second, b"x")
        assert wait_readable([first, second]) == [second]
        os.close(writes_first)
        assert wait_readable([first, second]) == [first, second]
    finally:
        for descriptor in (first, second, writes_second):
            os.close(descriptor)


def test_a_large_descriptor_can_be_waited_for():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (-1, resource.RLIM_INFINITY) and hard <= 1_200:
        pytest.skip("this system allows no descriptor above 1,023")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1_200), hard))
    reads, writes = os.pipe()
    os.dup2(reads, 1_100)
    try:
        os.write(writes, b"x")
        assert wait_readable([1_100], 0) == [1_100]
    finally:
        for descriptor in (reads, writes, 1_100):
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
