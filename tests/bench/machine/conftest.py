"""Fixtures of the tests of machines."""

import os

import pytest

from bench.machine import describe
from bench.machine.model import Machine


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)


@pytest.fixture(scope="module")
def here() -> Machine:
    return describe.describe_machine()
