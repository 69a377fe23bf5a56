"""The attempts at a run's plan, as pages load them."""

from __future__ import annotations

from bench.run.record import Run
from bench.storage.attempts import AttemptSummary
from bench.storage.store import StoreError
from ui import services


def load_attempts(run: Run) -> AttemptSummary | None:
    """The attempts at the run's plan so far; None if the store cannot be read, which the sentence of the run says."""
    try:
        return services.get_store().summarize_attempts(run)
    except StoreError:
        return None
