"""The folders that Fairlap reads from and writes to. All but `ROOT` are created when they are asked for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the project. Child processes start in it."""


class FolderError(OSError):
    """A folder cannot be created or used. The text is a sentence that says why and what to do."""


def home() -> Path:
    """The user's data folder, with runs, journals and uploads; the environment variable FAIRLAP_HOME replaces it.

    This and the functions below raise FolderError.
    """
    custom = os.environ.get("FAIRLAP_HOME")
    folder = Path(custom) if custom else user_data_path("fairlap", appauthor=False)
    return _create(folder, "data folder", "FAIRLAP_HOME", mode=0o700)


def journals() -> Path:
    """Journals and temporary folders of running jobs."""
    return _create_in_home("live")


def uploads() -> Path:
    """Uploaded files, each named by the SHA-256 of its content."""
    return _create_in_home("uploads")


def cache() -> Path:
    """Files that are expensive to make and can be made again: the user's cache folder, or a folder in FAIRLAP_HOME."""
    if os.environ.get("FAIRLAP_HOME"):
        return _create_in_home("cache")
    return _create(user_cache_path("fairlap", appauthor=False), "cache folder", "FAIRLAP_HOME", mode=0o700)


def queue() -> Path:
    """Tickets of waiting and running jobs, shared by all users of the machine; FAIRLAP_QUEUE replaces the folder.

    Raises FolderError also if the folder is a symbolic link, because another user may have created it.
    """
    custom = os.environ.get("FAIRLAP_QUEUE")
    folder = Path(custom) if custom else Path(tempfile.gettempdir()) / "fairlap-queue"
    if folder.is_symlink():
        raise FolderError(
            f"{folder} is a symbolic link, which is not allowed for the queue that all users share. "
            "Remove it, or set FAIRLAP_QUEUE to another folder."
        )
    if not folder.is_dir():
        _create(folder, "folder of the queue", "FAIRLAP_QUEUE")
        # The mode of /tmp: every user may add tickets, and only remove their own.
        folder.chmod(0o1777)
    return folder


def _create_in_home(name: str) -> Path:
    return _create(home() / name, "folder", "FAIRLAP_HOME")


def _create(folder: Path, what: str, variable: str, mode: int = 0o777) -> Path:
    """Create a folder and those above it, unless it exists. Raises FolderError."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise FolderError(
            f"The {what} {folder} cannot be created: {error.strerror or error}. Let the user who runs Fairlap write "
            f"there, free disk space if the disk is full, or set {variable} to another folder."
        ) from error
    return folder
