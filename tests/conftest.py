"""What all tests share: a data folder and a queue of their own, and the processes that must be gone afterwards."""

from __future__ import annotations

import os

# Before anybody imports TensorFlow, which by itself turns oneDNN on only where the processor has instructions for INT8.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from bench.machine.core_selection import choose
from bench.machine.describe import describe
from bench.plan.plan import make
from bench.race.race import Race, Stopped
from bench.run import events
from bench.system.process_tree import read_bytes


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own data folder, queue and database."""
    monkeypatch.setenv("FAIRLAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAIRLAP_QUEUE", str(tmp_path / "queue"))
    monkeypatch.delenv("FAIRLAP_DATABASE", raising=False)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def no_orphans(home: Path) -> Iterator[None]:
    """Whatever a test did, two seconds later nothing that it started is left."""
    yield
    left = wait_gone(home, but="bench.scheduler.runner") or wait_gone(home, 10.0)
    assert not left, f"left running: {left}"


def carries(process: psutil.Process, name: str, value: str) -> bool:
    """Whether a process has this variable in its environment. psutil reads up to the first empty entry, and one that
    has given itself a name, as Ray's do, begins with many. Raises psutil.Error where it is gone."""
    block = read_bytes(f"/proc/{process.pid}/environ")
    if block is None:
        return process.environ().get(name) == value
    return f"{name}={value}".encode() in block.split(b"\0")


def belonging(home: Path, but: str = "") -> list[str]:
    """Command lines of the processes that have this data folder in their environment, but for the test itself.

    `but` leaves out those whose command line contains it: a run's own process stays until it has stored the run.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and carries(process, "FAIRLAP_HOME", str(home)):
                found.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        except psutil.Error:
            continue
    return [text for text in found if not text.endswith(" ") and not (but and but in text)]


def wait_gone(home: Path, seconds: float = 2.0, but: str = "") -> list[str]:
    deadline = time.monotonic() + seconds
    while (left := belonging(home, but)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def opened(**fields) -> events.Opened:
    """The opening of a run of the trial workload."""
    parameters = {"loops": 2000} | fields.pop("parameters", {})
    plan = make("trial", **({"cores": 1, "budget_s": 2, "parameters": parameters} | fields))
    return events.Opened(
        run="0123456789abcdef", plan=plan, machine=describe(), started=datetime.now(UTC), origin="test", pid=os.getpid()
    )


def race(tmp_path: Path, *, stop=lambda: None, told: list | None = None, **fields) -> Race:
    """A race of the trial workload, run to its end in this process."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    opening = opened(**fields)
    told = told if told is not None else []
    racing = Race(opening, tell=told.append, stop=stop, scratch=scratch, cores=choose(opening.plan.cores))
    racing.run()
    return racing


__all__ = ["Stopped", "belonging", "opened", "race", "wait_gone"]
