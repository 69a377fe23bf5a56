"""What all tests share: a data folder and a queue of their own, and the processes that must be gone afterwards."""

from __future__ import annotations

import os

# Before anybody imports TensorFlow, which by itself turns oneDNN on only where the processor has instructions for INT8.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Before the registry is loaded for the first time. Child processes inherit it.
os.environ["FAIRLAP_EXTRA_WORKLOADS"] = "tests.support.trial"

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.run.record import Run
from tests.support.processes import wait_until_gone
from tests.support.runs import run_trial_race


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own data folder, queue and database."""
    monkeypatch.setenv("FAIRLAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAIRLAP_QUEUE", str(tmp_path / "queue"))
    monkeypatch.delenv("FAIRLAP_DATABASE", raising=False)
    monkeypatch.delenv("FAIRLAP_MODE", raising=False)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def no_orphans(home: Path) -> Iterator[None]:
    """Whatever a test did, two seconds later nothing that it started is left."""
    yield
    left = wait_until_gone(home, but="bench.scheduler.runner") or wait_until_gone(home, 10.0)
    assert not left, f"left running: {left}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Run:
    return run_trial_race(tmp_path_factory.mktemp("race")).record
