"""How far a task has come, by its phases and by the times of the last time."""

from __future__ import annotations

import pytest

from bench.run.phases import TaskPhase
from ui.components.phases import MAX_SHARE, describe_done, describe_elapsed, estimate_share

LAST_TIME_S = {"loading": 6.0, "calibrating": 2.0}


def test_without_a_last_time_the_share_is_that_of_the_phase():
    assert estimate_share([], 3.0, {}) is None
    assert estimate_share([TaskPhase("calibrating", "1 of 4", 0.25, 0.0)], 3.0, {}) == 0.25


@pytest.mark.parametrize(
    ("phases", "seconds", "share"),
    [
        ([TaskPhase("loading", "", None, 0.0)], 3.0, 3 / 8),
        ([TaskPhase("loading", "", None, 0.0)], 60.0, 6 / 8),
        ([TaskPhase("loading", "", None, 0.0, 3.0), TaskPhase("calibrating", "1 of 2", 0.5, 3.0)], 9.0, 7 / 8),
        ([TaskPhase("loading", "", None, 0.0, 3.0), TaskPhase("calibrating", "2 of 2", 1.0, 3.0)], 9.0, MAX_SHARE),
        ([TaskPhase("something new", "", None, 0.0)], 2.0, 2 / 8),
        ([TaskPhase("something new", "", None, 0.0)], 80.0, MAX_SHARE),
    ],
)
def test_the_last_time_says_how_much_is_done(phases, seconds, share):
    assert estimate_share(phases, seconds, LAST_TIME_S) == pytest.approx(share)


def test_finished_phases_are_listed_with_their_times():
    phases = [TaskPhase("loading", "", None, 0.0, 3.0), TaskPhase("calibrating", "", None, 3.0, 5.5)]
    assert describe_done(phases) == "Done: loading 3.0 s, calibrating 2.5 s."
    assert describe_done([]) == ""
    many = [TaskPhase(f"phase {number}", "", None, number, number + 1.0) for number in range(9)]
    assert describe_done(many).startswith("Done: …, phase 3 ")


def test_the_time_of_the_last_time_is_said():
    assert describe_elapsed(3.2, {}) == "3 s"
    assert describe_elapsed(3.2, LAST_TIME_S) == "3 s, 8 s the last time"
