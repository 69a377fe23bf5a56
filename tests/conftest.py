"""What all tests share: a data folder and a queue of their own, and the processes that must be gone afterwards."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os

# Before anybody imports TensorFlow, which by itself turns oneDNN on only where the processor has instructions for INT8.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Before the registry is loaded for the first time. Child processes inherit it.
os.environ["FAIRLAP_EXTRA_WORKLOADS"] = "tests.support.trial,tests.support.staged"

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bench.run.record import Run
from bench.storage.database import open_database
from tests.support.processes import wait_until_gone
from tests.support.runs import run_trial_race


def load_newer_tbb() -> None:
    """OpenVINO brings a TBB that is too old for oneDAL, and the first one that a process loads is that of all its
    libraries. Tests of both share a process; arms have one of their own."""
    try:
        files = importlib.metadata.files("tbb") or ()
    except importlib.metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == "libtbb.so.12":
            ctypes.CDLL(str(file.locate()))


load_newer_tbb()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own data folder, queue and database."""
    monkeypatch.setenv("FAIRLAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAIRLAP_QUEUE", str(tmp_path / "queue"))
    monkeypatch.delenv("FAIRLAP_DATABASE", raising=False)
    monkeypatch.delenv("FAIRLAP_MODE", raising=False)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def close_databases(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test has opened: a worker of pytest runs thousands of tests, and may have 1,024 files open."""
    opened: list[Engine] = []

    def open_and_remember(url: str) -> Engine:
        opened.append(open_database(url))
        return opened[-1]

    monkeypatch.setattr("bench.storage.store.open_database", open_and_remember)
    yield
    for engine in opened:
        engine.dispose()


@pytest.fixture(autouse=True)
def no_orphans(home: Path) -> Iterator[None]:
    """Whatever a test did, a moment later nothing that it started is left."""
    yield
    left = wait_until_gone(home)
    assert not left, f"left running: {left}"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Run:
    return run_trial_race(tmp_path_factory.mktemp("race")).record
