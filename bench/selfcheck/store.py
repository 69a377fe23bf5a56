"""Times the store with ten thousand runs: lists and pages must stay fast however many runs there are."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, create_engine, insert, select

from bench.formatting import format_bytes, format_duration
from bench.run.record import Run
from bench.run.run_comparison import MAX_COMPARED_RUNS, compare_runs
from bench.selfcheck.common import run_race
from bench.storage.attempts import make_attempt, write_attempt
from bench.storage.integrity import digest_row
from bench.storage.plan_history import MAX_HISTORY_RUNS, build_history, filter_history
from bench.storage.schema import jobs_table, records_table
from bench.storage.store import Store

JOB_COUNT = 10_000
JOBS_PER_INSERT = 500
PLAN_COUNT = 100
"""Different plans among the jobs."""
PAGE_SIZE = 50
REPEATS = 5
"""Each operation is timed so often; the median is printed."""


def check_store(report: Callable[[str], None] = print) -> None:
    """Print the times of opening, listing, filtering, counting and loading with 10,000 runs in a temporary database.

    The runs are copies of one short race, so that the records have a realistic size.
    """
    run = run_race("selftest", cores=1, budget_s=2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.sqlite3"
        url = f"sqlite:///{file}"
        _fill_store(url, run)
        report(f"{JOB_COUNT:,} runs, {format_bytes(file.stat().st_size)}")
        store = Store(url)
        newest = store.rows(limit=1)[0]
        copied = _plan_digest(1)
        operations: dict[str, Callable[[], Any]] = {
            "open the store": lambda: Store(url).close(),
            f"list the newest {PAGE_SIZE}": lambda: store.rows(limit=PAGE_SIZE),
            f"list the oldest {PAGE_SIZE}": lambda: store.rows(limit=PAGE_SIZE, offset=JOB_COUNT - PAGE_SIZE),
            "list all": lambda: store.rows(limit=None),
            "list the runs of one plan": lambda: store.rows(digest=newest.digest, limit=PAGE_SIZE),
            "search for two words, first page": lambda: store.rows(words="plan7 loops", limit=PAGE_SIZE),
            "search for a word that does not occur": lambda: store.rows(words="nowhere", limit=PAGE_SIZE),
            "count all": store.count,
            "count those that two words select": lambda: store.count(words="plan7 loops"),
            "find the last run of a workload": lambda: store.last_run(workload=newest.workload),
            "load one run": lambda: store.load(newest.id),
            f"load and compare {MAX_COMPARED_RUNS} runs of a plan": lambda: _compare(store, copied),
            "find step changes in the runs of a plan": lambda: build_history(
                store.rows(limit=MAX_HISTORY_RUNS, **filter_history(copied)), store.load
            ),
            f"count the attempts at {PLAN_COUNT} neighbouring plans": lambda: store.summarize_attempts(newest),
        }
        for name, operation in operations.items():
            report(f"{name}: {format_duration(_time_operation(operation))}")
        store.close()


def _compare(store: Store, digest: str) -> None:
    runs: list[Run] = []
    for row in store.rows(digest=digest, limit=MAX_COMPARED_RUNS):
        record = store.load(row.id)
        assert isinstance(record, Run)
        # Copies have the record of another id, which counts as edited.
        runs.append(record.model_copy(update={"edited": False}))
    compare_runs(runs)


def _time_operation(operation: Callable[[], Any]) -> float:
    """Median wall time of `operation`, in seconds."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        operation()
        times.append(time.perf_counter() - began)
    return median(times)


def _fill_store(url: str, run: Run) -> None:
    """Store `run` and copies of it with other ids, times and plans."""
    store = Store(url)
    store.save(run)
    store.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        job = dict(connection.execute(select(jobs_table)).mappings().one())
        record = dict(connection.execute(select(records_table.c.record, records_table.c.digest)).mappings().one())
        for start in range(1, JOB_COUNT, JOBS_PER_INSERT):
            numbers = range(start, min(start + JOBS_PER_INSERT, JOB_COUNT))
            _insert_copies(connection, [_copy_job(job, number, record["digest"]) for number in numbers], record)
    engine.dispose()


def _copy_job(job: dict[str, Any], number: int, record_digest: str) -> dict[str, Any]:
    plan = number % PLAN_COUNT
    copy = job | {
        "id": uuid.uuid4().hex,
        "started": job["started"] - timedelta(minutes=number),
        "digest": _plan_digest(plan),
        "sentence": f"{job['sentence']} plan{plan}, loops",
    }
    return copy | {"row_digest": digest_row(copy, record_digest)}


def _plan_digest(plan: int) -> str:
    return f"{plan:016x}"


def _insert_copies(connection: Connection, jobs: list[dict[str, Any]], record: dict[str, Any]) -> None:
    connection.execute(insert(jobs_table), jobs)
    connection.execute(insert(records_table), [record | {"id": job["id"]} for job in jobs])
    for job in jobs:
        write_attempt(connection, make_attempt(job))
