"""Errors of the engines: which are known, and what a user can do about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.workload.interface import BadInput


class EngineFault(RuntimeError):
    """The machine or a service is at fault, not the input: a full disk or memory, or a service that does not start.

    `remedy` says what to do.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class KnownError:
    """An error of a full disk or memory."""

    sign: str
    """Part of the name of an error's class or of its text."""
    meaning: str
    remedy: str
    """What to do, as an alternative to fewer rows or columns."""


KNOWN_ERRORS = (
    KnownError("OutOfDiskError", "The disk to which the object store spills is full", "Free space on it"),
    KnownError("ObjectStoreFullError", "The object store has no room for the results", "Give it more shared memory"),
    KnownError("OutOfMemoryError", "Memory ran out, and a worker was ended", "Close other programs that use memory"),
    KnownError("No space left on device", "The disk to which the call writes is full", "Free space on it"),
)
CALL_ERRORS = (ValueError, TypeError, KeyError, AssertionError)
"""Errors of a call that does not work on a table. Modin raises AssertionError in some of these cases."""


def summarize_error(error: Exception) -> str:
    """The first line of an error's text, or the name of its class if it has no text.

    Of an error that Ray has brought from a worker, this is its cause.
    """
    cause = getattr(error, "cause", None) or error
    return next(iter(str(cause).strip().splitlines()), "") or type(cause).__name__


@contextmanager
def translate_known_errors() -> Iterator[None]:
    """Replace one of KNOWN_ERRORS inside the block by EngineFault. Other errors pass."""
    try:
        yield
    except (BadInput, EngineFault):
        raise
    except Exception as error:
        text = f"{[error_class.__name__ for error_class in type(error).__mro__]} {error}"
        for known in KNOWN_ERRORS:
            if known.sign in text:
                raise EngineFault(known.meaning, f"{known.remedy}, or choose fewer rows or columns.") from error
        raise
