"""A race session of the trial workload whose arms are prepared, for tests that take the samples themselves."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.machine.core_selection import choose_cores
from bench.race.arm import ArmProcess
from bench.race.preparation import prepare_arms
from bench.race.session import RaceSession
from bench.run.events import Event
from bench.values.base import Arm
from tests.support.runs import make_opening


@contextmanager
def prepare_trial(
    tmp_path: Path, *, emit: Callable[[Event], None] = lambda event: None, **fields
) -> Iterator[tuple[RaceSession, Mapping[Arm, ArmProcess]]]:
    """A session and its two arms, ready for their first sample. Ends both."""
    opening = make_opening(**fields)
    session = RaceSession(opening, emit=emit, scratch=tmp_path, cores=choose_cores(opening.plan.cores))
    settings = {Arm.BASELINE: session.plan.baseline, Arm.ACCELERATED: session.plan.accelerated}
    try:
        yield session, prepare_arms(session, session.cores, settings, tmp_path)
    finally:
        session.arms.end_all()
