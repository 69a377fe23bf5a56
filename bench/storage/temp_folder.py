"""Temporary folders that are removed even if their process is killed: by the next process that looks for them."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import uuid
from pathlib import Path

from bench import paths

FOLDER_PREFIX = "task-"


class TempFolder:
    """A folder for one process, which holds a lock on it. The kernel releases the lock when the process exits."""

    def __init__(self) -> None:
        """Create the folder. Raises OSError."""
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=paths.journals()))
        self._lock = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # `remove_abandoned_folders` looks for this name, so the folder gets it only after it is locked.
        self.path = draft.rename(draft.with_name(f"{FOLDER_PREFIX}{uuid.uuid4().hex}"))

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def remove_abandoned_folders() -> None:
    """Remove the folders of processes that have exited without removing them."""
    for folder in paths.journals().glob(f"{FOLDER_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # Another process has just removed it.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue  # Its process is still running.
        finally:
            os.close(lock)
