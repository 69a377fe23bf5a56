"""What tests of pages share: a race in the queue."""

from collections.abc import Iterator

import pytest

from bench.run.job import JobKind
from bench.scheduler.queue import Queue, Ticket


@pytest.fixture
def racing() -> Iterator[Ticket]:
    """A race of another process."""
    ticket = Queue().enter(
        job_id="f" * 32,
        kind=JobKind.RACE,
        workload="colour-quantization",
        title="Colour quantization",
        origin="page",
        requester="somebody",
    )
    yield ticket
    ticket.leave()
