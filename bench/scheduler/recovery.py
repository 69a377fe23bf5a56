"""TODO: bench.scheduler.recovery."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from bench import paths
from bench.claims.verdict import decide_claims
from bench.run.events import State, StateChanged
from bench.run.files import error_log_path, page_drawing_path, scratch_path, stop_request_path
from bench.run.journal import JournalReader, has_live_writer
from bench.run.record import Run
from bench.storage.store import Store

LOGGER = logging.getLogger(__name__)
EXIT_NOT_STORED = 74
"""Exit status of a run's process that could not store the finished run; its journal stays, for the next start."""

_reported: set[Path] = set()
"""Journals that could not be read and were reported: every start of a job looks at them again."""


def recover_runs(store: Store) -> list[str]:
    """Store the runs whose processes have died, as interrupted, and remove what they left; their ids.

    A journal that cannot be read is left where it is, for a person to look at. Raises StoreError.
    """
    found = []
    for path in sorted(paths.journals().glob("*.jsonl")):
        try:
            if has_live_writer(path):
                continue
            run = Run.from_events(JournalReader(path).more())
        except FileNotFoundError:
            continue  # Another process has just recovered it.
        except ValueError as error:
            if path.stat().st_size == 0:
                path.unlink(missing_ok=True)
            elif path not in _reported:
                _reported.add(path)
                LOGGER.warning("The journal %s cannot be read and stays where it is: %s", path, error)
            continue
        if not run.state.over:
            run.apply(StateChanged(at=run.last_at, state=State.INTERRUPTED, why="its process ended"))
        if run.statistics and not run.claims:
            run.claims = decide_claims(run)
        store.save(run)
        shutil.rmtree(scratch_path(run.id), ignore_errors=True)
        for left in (path, stop_request_path(run.id), page_drawing_path(run.id), error_log_path(run.id)):
            left.unlink(missing_ok=True)
        found.append(run.id)
    return found
