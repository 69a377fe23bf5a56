"""Locks on files (flock) that the kernel releases when their process exits."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from bench.paths import FolderError

NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""Errors of file systems that have no locks, such as some network file systems."""


def lock_file(descriptor: int, folder: Path, variable: str) -> None:
    """Wait for an exclusive lock on an open file of `folder`, which the environment variable `variable` names.

    Raises FolderError if the file system has no locks, and OSError.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        raise explain_missing_locks(error, folder, variable) from error


def try_lock(descriptor: int, folder: Path, variable: str) -> bool:
    """As `lock_file`, but never waits. Returns whether the lock was free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise explain_missing_locks(error, folder, variable) from error
    return True


def is_folder_locked(folder: Path) -> bool | None:
    """Whether a process holds a lock on `folder`. False if it cannot be opened, None if its locks cannot be tested."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def explain_missing_locks(error: OSError, folder: Path, variable: str) -> OSError:
    """The error to raise: a FolderError if `error` says that the file system has no locks, else `error` itself."""
    if error.errno not in NO_LOCKS:
        return error
    return FolderError(
        f"The file system of {folder} has no file locks ({error.strerror}), and without them two jobs could run at "
        f"once. Set {variable} to a folder on a local disk."
    )
