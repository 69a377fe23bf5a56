"""Attempts at a plan, for tests."""

from bench.run.record import Run
from bench.storage.attempts import AttemptSummary
from bench.storage.store import Store


def summarize_alone(run: Run) -> AttemptSummary:
    """The attempts at the plan of a run in the test's store, which need not have the run."""
    store = Store()
    try:
        return store.summarize_attempts(run)
    finally:
        store.close()
