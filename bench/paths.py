"""Where Fairlap lies, and where it keeps what it writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the project: its processes are started there."""


def home() -> Path:
    """The user's data folder: runs, journals and uploads. `FAIRLAP_HOME` names another."""
    named = os.environ.get("FAIRLAP_HOME")
    folder = Path(named) if named else user_data_path("fairlap", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def journals() -> Path:
    """Journals and working folders of what is under way."""
    return _inside("live")


def uploads() -> Path:
    """Uploaded files, each named by the SHA-256 of its content."""
    return _inside("uploads")


def cache() -> Path:
    """What is dear to make and may be made again: the user's cache folder, or a folder inside `FAIRLAP_HOME`."""
    if os.environ.get("FAIRLAP_HOME"):
        return _inside("cache")
    folder = user_cache_path("fairlap", appauthor=False)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def queue() -> Path:
    """Tickets of the races that wait or run, shared by all users of the machine. `FAIRLAP_QUEUE` names another."""
    named = os.environ.get("FAIRLAP_QUEUE")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / "fairlap-queue"
    if folder.is_symlink():
        raise OSError(
            f"{folder} is a link, and the queue of all users is no place for one: remove it, or set FAIRLAP_QUEUE"
        )
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        # As /tmp itself: everybody may queue, nobody may remove another's ticket.
        folder.chmod(0o1777)
    return folder


def _inside(name: str) -> Path:
    folder = home() / name
    folder.mkdir(exist_ok=True)
    return folder
