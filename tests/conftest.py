"""What all tests share: a data folder and a queue of their own, and the processes that must be gone afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import os
import shutil
import threading

# Before anybody imports TensorFlow, which by itself turns oneDNN on only where the processor has instructions for INT8.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Hundreds of processes import the same modules here: they compile them once, also where containers turn that off.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Before the registry is loaded for the first time. Child processes inherit it.
os.environ["FAIRLAP_EXTRA_WORKLOADS"] = "tests.support.trial,tests.support.staged"

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from bench.run.events import Event, State
from bench.run.record import Run
from bench.storage.database import open_database
from tests.support.processes import wait_until_gone
from tests.support.runs import run_trial_race

FOLDER = Path(__file__).parent
LONG_FOLDERS = ("browser", "workloads")
"""Those whose files take up to three minutes each."""


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders of long files come first, so that the workers of pytest-xdist end at about the same time."""
    items.sort(key=lambda item: item.path.relative_to(FOLDER).parts[0] not in LONG_FOLDERS)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name long or binary parameters by their size. If their bytes differ between the workers of pytest-xdist (gzip
    stores the time), the workers collect different tests and none is run."""
    if isinstance(val, bytes) and (len(val) > 24 or not val.isascii()):
        return f"{len(val)}-bytes"
    return None


def copy_new_database(url: str, empty: Path) -> None:
    """Make a SQLite database that does not exist a copy of `empty`. Where that fails, the database will say why."""
    name = make_url(url).database if url.startswith("sqlite:///") else None
    if name is None or (file := Path(name)).exists():
        return
    draft = file.with_name(f"{file.name}.{threading.get_ident()}.draft")
    with contextlib.suppress(OSError):
        try:
            shutil.copyfile(empty, draft)
            # Fails if another thread or process has created the database since.
            os.link(draft, file)
        finally:
            draft.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has its own data folder, queue and database."""
    monkeypatch.setenv("FAIRLAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAIRLAP_QUEUE", str(tmp_path / "queue"))
    monkeypatch.delenv("FAIRLAP_DATABASE", raising=False)
    monkeypatch.delenv("FAIRLAP_MODE", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path | None:
    """A SQLite file with the newest schema and no rows, which new databases begin as: migrating an empty one anew in
    each test takes longer than most of them. None where the migrations themselves are tested."""
    file = tmp_path_factory.mktemp("database") / "empty.sqlite3"
    open_database(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(autouse=True)
def close_databases(home: Path, empty_database: Path | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test has opened: a worker of pytest runs thousands of tests, and may have 1,024 files open."""
    opened: list[Engine] = []

    def open_and_remember(url: str) -> Engine:
        if empty_database:
            copy_new_database(url, empty_database)
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


@pytest.fixture(scope="session")
def race_events(tmp_path_factory) -> tuple[Event, ...]:
    """The events of one race of the trial workload, without a fault."""
    emitted: list[Event] = []
    run_trial_race(tmp_path_factory.mktemp("race"), emitted=emitted)
    return tuple(emitted)


@pytest.fixture(scope="module")
def finished(race_events) -> Run:
    """The record of that race. Each file has one of its own, down to the last value."""
    run = Run.from_events(event.model_copy(deep=True) for event in race_events)
    assert run.state is State.FINISHED, run.failure
    return run
