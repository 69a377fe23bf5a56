"""Folders for what a process needs while it lives; what one that was killed has left is removed by the next."""

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
    """A folder of this process's own, held by a lock that ends with it."""

    def __init__(self) -> None:
        """Raises OSError where it cannot be made."""
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=paths.journals()))
        self._held = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        # Under this name it is looked for, now that it is held.
        self.path = draft.rename(draft.with_name(f"{FOLDER_PREFIX}{uuid.uuid4().hex}"))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._held)


def remove_abandoned_folders() -> None:
    """Remove the folders whose processes have died."""
    for folder in paths.journals().glob(f"{FOLDER_PREFIX}*"):
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # Another process has just removed it.
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue  # Its process lives.
        finally:
            os.close(held)
