"""Temporary folders that are removed even if their process is killed: see `bench.storage.cleaning`."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from pathlib import Path

from bench import paths
from bench.system.file_locks import lock_file

FOLDER_PREFIX = "task-"
DRAFT_PREFIX = "draft-"
"""Of a folder that its process has not locked yet."""
ORDER_FILE = "request.order"
"""Inside a folder: what is asked for. The uploads that it names are not removed."""


class TempFolder:
    """A folder for one process, which holds a lock on it. The kernel releases the lock when the process exits."""

    def __init__(self) -> None:
        """Create the folder. Raises OSError."""
        draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=paths.journals()))
        self._lock = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            lock_file(self._lock, paths.journals(), "FAIRLAP_HOME")
        except OSError:
            os.close(self._lock)
            draft.rmdir()
            raise
        # Without its lock a folder of this name counts as abandoned, so it gets the name only after it is locked.
        self.path = draft.rename(draft.with_name(f"{FOLDER_PREFIX}{uuid.uuid4().hex}"))

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
