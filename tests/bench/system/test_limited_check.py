"""Checks of files: how many run at once, with which priority, and what happens to those that have to wait."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.scheduler.input_check import check_inputs
from bench.storage.uploads import UploadError, check_file
from bench.system import limited_check
from bench.system.limited_check import MAX_CHECKS, NICENESS, call_check
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.bench.scheduler.test_input_check import make_picture_plan

LIMITS = {"limit_s": 60.0, "memory_limit_bytes": 2 << 30}


def take_time() -> tuple[float, float]:
    """When it began and ended, in seconds of a clock that all processes share."""
    began = time.monotonic()
    time.sleep(0.3)
    return began, time.monotonic()


def read_niceness() -> int:
    return os.nice(0)


def test_of_many_checks_few_run_at_once() -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: call_check(f"{__name__}:take_time", **LIMITS).value, range(6)))
    for began, _ in results:
        assert sum(other_began <= began < other_ended for other_began, other_ended in results) <= MAX_CHECKS


def test_a_check_has_a_low_priority() -> None:
    assert call_check(f"{__name__}:read_niceness", **LIMITS).value == min(19, os.nice(0) + NICENESS)


def test_a_file_whose_turn_does_not_come_is_refused_and_the_next_one_is_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    plan = make_picture_plan((60, 120), 30)
    upload = load_workloads()["colour-quantization"].parameter("image").upload
    monkeypatch.setattr(limited_check, "MAX_WAIT_S", 0.01)
    for _ in range(MAX_CHECKS):
        limited_check._slots.acquire()
    try:
        with pytest.raises(BadInput, match="2 other files have been checked for") as refusal:
            check_inputs(plan)
        assert refusal.value.remedy == "Try again in a minute."
        with pytest.raises(UploadError, match=r"2 other files have been checked for .*\. Try again in a minute\."):
            check_file(tmp_path / "picture.png", upload, "picture.png")
    finally:
        for _ in range(MAX_CHECKS):
            limited_check._slots.release()
    check_inputs(plan)
