"""Stores the jobs whose processes have died, and removes their files."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from bench import paths
from bench.claims.verdict import decide_claims
from bench.run.events import State, StateChanged
from bench.run.files import journal_path, scratch_path
from bench.run.job_record import JobRecord, build_record
from bench.run.journal import JournalReader, has_live_writer
from bench.run.record import Run
from bench.scheduler.control import has_reader
from bench.storage.store import Store

LOGGER = logging.getLogger(__name__)
EXIT_NOT_STORED = 74
"""Exit status of a runner that could not store its finished job. The journal stays, for the next start."""

_reported: set[Path] = set()
"""Journals that could not be read and were reported: every start of a job looks at them again."""


def recover_jobs(store: Store) -> list[str]:
    """Store the jobs whose runners have died, as interrupted; returns their ids.

    A journal that cannot be read stays where it is, for a person to look at. Raises StoreError.
    """
    recovered = []
    for path in sorted(paths.journals().glob("*.jsonl")):
        try:
            if has_live_writer(path):
                continue
            record = build_record(JournalReader(path).read_new())
        except FileNotFoundError:
            continue  # Another process has just recovered it.
        except ValueError as error:
            if path.stat().st_size == 0:
                path.unlink(missing_ok=True)
            elif path not in _reported:
                _reported.add(path)
                LOGGER.warning("The journal %s cannot be read and stays where it is: %s", path, error)
            continue
        _complete(record)
        store.save(record)
        remove_files(record.id)
        path.unlink(missing_ok=True)
        recovered.append(record.id)
    # The pipes of jobs that never began: their dispatchers died while they waited.
    for path in paths.journals().glob("*.control"):
        if not has_reader(path) and not journal_path(path.stem).exists():
            remove_files(path.stem)
    return recovered


def _complete(record: JobRecord) -> None:
    """Add what the runner would have added at the end."""
    if not record.state.over:
        record.apply(StateChanged(at=record.last_at, state=State.INTERRUPTED, why="its process ended"))
    if isinstance(record, Run) and record.statistics and not record.claims:
        record.claims = decide_claims(record)


def remove_files(job_id: str) -> None:
    """Remove the files of a job that is over, except for its journal. Those of version 0.1.0 had other names."""
    shutil.rmtree(scratch_path(job_id), ignore_errors=True)
    for path in paths.journals().glob(f"{job_id}.*"):
        if path != journal_path(job_id):
            path.unlink(missing_ok=True)
