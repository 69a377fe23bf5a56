"""What is removed while Fairlap runs, and when."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import paths
from bench.plan.plan import Plan
from bench.scheduler import cleaner
from bench.scheduler.cleaner import Cleaner
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.interactive import InteractiveTasks
from bench.storage.cleaning import Limits, find_removable, remove_items
from bench.storage.disk_limits import DISK_VARIABLE, read_max_cache_bytes
from bench.storage.store import Store
from bench.storage.uploads import UPLOAD_PREFIX
from tests.support.dispatching import make_trial_plan, wait_until_over
from tests.support.logs import record_warnings
from tests.support.waiting import wait_for


@pytest.fixture
def upload(home: Path) -> Path:
    file = paths.uploads() / ("a" * 64)
    file.write_bytes(b"x")
    return file


@pytest.fixture
def plan(upload: Path) -> Plan:
    """A plan that names the upload."""
    plan = make_trial_plan()
    return plan.model_copy(update={"parameters": plan.parameters | {"image": f"{UPLOAD_PREFIX}{upload.name}"}})


@pytest.fixture
def machine_lock(dispatcher: Dispatcher) -> Iterator[int]:
    """Held, so that everything waits."""
    lock = dispatcher.queue.take_machine()
    assert lock is not None
    yield lock
    os.close(lock)


@pytest.fixture
def dispatcher(home: Path) -> Dispatcher:
    return Dispatcher()


def remove_everything(store: Store) -> None:
    """As `python -m bench clean --older-than 0 --apply`."""
    limits = Limits(cache_age_s=0, upload_age_s=0, damaged_age_s=0)
    remove_items(find_removable(store.find_named_uploads, limits).removable)


def test_the_upload_of_a_question_is_not_removed_until_it_is_answered(dispatcher, machine_lock, plan, upload):
    tasks = InteractiveTasks()
    request = tasks.submit(plan, "stay", {"to": 1})
    remove_everything(dispatcher.store)
    assert upload.exists()
    tasks.stop(request)
    wait_for(lambda: tasks.find(request).state.over)
    remove_everything(dispatcher.store)
    assert not upload.exists()
    tasks.close()


def test_the_upload_of_a_measurement_that_waits_is_not_removed(dispatcher, machine_lock, plan, upload):
    job = dispatcher.submit_measurement(plan, "count", {"to": 1}, origin="page")
    remove_everything(dispatcher.store)
    assert upload.exists()
    dispatcher.stop(job, origin="page")
    wait_until_over(dispatcher, job)
    remove_everything(dispatcher.store)
    assert not upload.exists()


def test_the_files_are_looked_at_once_in_ten_minutes(dispatcher, upload, monkeypatch):
    clean = Cleaner(dispatcher.store)
    clean.clean_if_due()
    os.utime(upload, (0, 0))
    clean.clean_if_due()
    assert upload.exists()
    monkeypatch.setattr(cleaner, "MIN_INTERVAL_S", 0.0)
    clean.clean_if_due()
    assert not upload.exists()


def test_caches_have_half_of_the_data_folder(monkeypatch):
    assert read_max_cache_bytes() == Limits().cache_bytes == 10_000_000_000
    monkeypatch.setenv(DISK_VARIABLE, "3")
    assert Limits().cache_bytes == 1_500_000_000


def test_a_limit_that_is_no_number_removes_nothing(dispatcher, upload, monkeypatch):
    os.utime(upload, (0, 0))
    monkeypatch.setenv(DISK_VARIABLE, "much")
    warnings = record_warnings(monkeypatch, cleaner.LOGGER)
    Cleaner(dispatcher.store).clean()
    assert upload.exists()
    (warning,) = warnings
    assert "FAIRLAP_MAX_DISK_GB is 'much', expected a number from 0" in warning
