"""Waiting until files can be read. `select.select` takes no descriptor above 1,023, and a server may have more open."""

from __future__ import annotations

import selectors
from collections.abc import Iterable
from typing import Protocol, TypeVar


class HasFileno(Protocol):
    """A pipe, a process, or another object with a file descriptor."""

    def fileno(self) -> int: ...


FileType = TypeVar("FileType", bound=int | HasFileno)


def wait_readable(files: Iterable[FileType], timeout_s: float | None = None) -> list[FileType]:
    """The `files` that can be read without waiting, or have ended, as soon as there are any or after `timeout_s`
    seconds; None waits for as long as it takes."""
    by_descriptor = {file if isinstance(file, int) else file.fileno(): file for file in files}
    with selectors.PollSelector() as selector:
        for descriptor in by_descriptor:
            selector.register(descriptor, selectors.EVENT_READ)
        return [by_descriptor[key.fd] for key, _ in selector.select(timeout_s)]
