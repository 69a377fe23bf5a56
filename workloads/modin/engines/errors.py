"""TODO: workloads.modin.engines.errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bench.workload.interface import BadInput

KNOWN_ERRORS = (
    ("OutOfDiskError", "the disk is full on which the object store puts what it has no room for", "Free space on it"),
    ("ObjectStoreFullError", "the object store has no room for the results", "Give it more shared memory"),
    ("OutOfMemoryError", "memory ran out, and a worker was ended", "Close what else uses memory"),
    ("No space left on device", "the disk is full to which the call writes", "Free space on it"),
)
"""What an error or its text names, what it means, and what to do, other than asking for less."""


CALL_ERRORS = (ValueError, TypeError, KeyError, AssertionError)
"""What a call raises that does not work on a table; Modin asserts where it has no better word."""


def summarize_error(error: Exception) -> str:
    """The first line of what an error says, or its kind; of one that Ray has brought from a worker, of its cause."""
    cause = getattr(error, "cause", None) or error
    return next(iter(str(cause).strip().splitlines()), "") or type(cause).__name__


@contextmanager
def translate_known_errors(faults: Iterable[tuple[str, str, str]] = KNOWN_ERRORS) -> Iterator[None]:
    """Raise BadInput for an error in which one of `faults` is named; others pass."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        words = f"{[kind.__name__ for kind in type(error).__mro__]} {error}"
        for name, what, remedy in faults:
            if name in words:
                raise BadInput(what[:1].upper() + what[1:], f"{remedy}, or choose fewer rows or columns.") from error
        raise
