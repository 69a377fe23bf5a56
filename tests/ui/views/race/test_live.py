"""How a page follows a live race: when it draws, and when it asks the race to pause."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bench.run.events import State
from bench.values.base import Arm
from tests.support.runs import make_colour_run
from ui import services
from ui.views.race import live
from ui.views.race.followed_run import DisplayedRun


def make_run(usable_cores: int, cores: int = 1):
    run = make_colour_run(9)
    run.state = State.RACING
    run.machine = run.machine.model_copy(update={"usable_cores": list(range(usable_cores))})
    run.plan = run.plan.model_copy(update={"cores": cores})
    return run


class Requests:
    """Records what a page asks of the dispatcher, and how long it waits."""

    def __init__(self) -> None:
        self.pauses: list[tuple[str, float]] = []
        self.naps: list[float] = []

    def request_pause(self, run_id: str, seconds: float) -> None:
        self.pauses.append((run_id, seconds))


@pytest.fixture
def requests(monkeypatch) -> Requests:
    made = Requests()
    monkeypatch.setattr(services, "get_dispatcher", lambda: made)
    # Not `time.sleep` itself: threads that other tests have started sleep too.
    monkeypatch.setattr(live, "time", SimpleNamespace(sleep=made.naps.append))
    return made


def test_a_page_on_the_cores_of_the_race_is_drawn_less_often():
    shared, apart = (DisplayedRun(run=make_run(usable)) for usable in (2, 3))
    assert live.refresh_interval_s(apart) == live.refresh_interval_s(DisplayedRun()) == live.REFRESH_S
    assert live.refresh_interval_s(shared) == live.SHARED_REFRESH_S > live.REFRESH_S


def test_the_pause_covers_the_pair_under_way_and_the_drawing(requests):
    run = make_run(2)
    live.pause_race(run)
    pair_s = sum(run.samples_of(arm)[-1].repetition.wall_s for arm in Arm)
    assert requests.pauses == [(run.id, pytest.approx(pair_s + live.PAGE_DRAWING_S))]
    assert requests.naps == [pytest.approx(pair_s)]


def test_the_end_of_a_long_pair_is_not_waited_for(requests):
    run = make_run(2)
    long = run.samples[-1].repetition.model_copy(update={"wall_s": 60.0})
    run.samples[-1] = run.samples[-1].model_copy(update={"repetition": long})
    live.pause_race(run)
    assert requests.naps == [live.MAX_PAIR_WAIT_S]


def test_a_race_on_other_cores_does_not_pause(requests):
    live.pause_race(make_run(3))
    assert not requests.pauses and not requests.naps


@pytest.mark.parametrize("state", [State.PREPARING, State.CHECKING, State.NOISE])
def test_a_race_that_times_nothing_does_not_pause(requests, state):
    run = make_run(2)
    run.state = state
    live.pause_race(run)
    assert not requests.pauses and not requests.naps
