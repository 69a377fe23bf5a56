"""Finds the job that is meant by the beginning of its id."""

from __future__ import annotations

from collections.abc import Sequence

from bench.cli.errors import CommandError
from bench.run.record import Run
from bench.run.sweep import SweepRecord
from bench.storage.store import Store

SHOWN_ID_DIGITS = 8


def choose_job(beginning: str, matches: Sequence[str], what: str, how_to_list: str) -> str:
    """The only id in `matches`, the ids of `what` that begin with `beginning`. Raises CommandError."""
    if not beginning:
        raise CommandError(f"expected the beginning of an id, got an empty text; {how_to_list}")
    if not matches:
        raise CommandError(f"no {what} job has an id that begins with {beginning!r}; {how_to_list}")
    if len(matches) > 1:
        raise CommandError(f"{len(matches)} {what} jobs have an id that begins with {beginning!r}; give more of it")
    return matches[0]


def find_stored_job(store: Store, beginning: str) -> str:
    """The id of the stored job whose id begins so. Raises CommandError and StoreError."""
    matches = store.find(beginning) if beginning else []
    return choose_job(beginning, matches, "stored", "'show' without an id lists them")


def load_reported_jobs(store: Store, beginnings: Sequence[str]) -> tuple[list[Run], list[SweepRecord]]:
    """The stored races and sweeps whose ids begin so, each once. Raises CommandError and StoreError."""
    runs: list[Run] = []
    sweeps: list[SweepRecord] = []
    for job_id in dict.fromkeys(find_stored_job(store, beginning) for beginning in beginnings):
        record = store.load(job_id)
        if isinstance(record, Run):
            runs.append(record)
        elif isinstance(record, SweepRecord):
            sweeps.append(record)
        else:
            raise CommandError(f"{job_id[:SHOWN_ID_DIGITS]} is not a race or a sweep, or has just been deleted")
    return runs, sweeps


def load_stored_races(store: Store, beginnings: Sequence[str]) -> list[Run]:
    """The stored races whose ids begin so, each once. Raises CommandError and StoreError."""
    runs: list[Run] = []
    for job_id in dict.fromkeys(find_stored_job(store, beginning) for beginning in beginnings):
        record = store.load(job_id)
        if not isinstance(record, Run):
            raise CommandError(f"{job_id[:SHOWN_ID_DIGITS]} is not a race, or has just been deleted")
        runs.append(record)
    return runs
