"""What a screen reader hears of a race."""

from __future__ import annotations

import pytest

from bench.claims.headline import write_headline
from bench.claims.verdict import decide_claims
from bench.run.events import State
from tests.support.runs import make_claim_run
from ui.views.race.announcement import describe_announcement
from ui.views.race.followed_run import DisplayedRun


def test_waiting_start_and_course_change_the_text_only_once_each():
    run = make_claim_run()
    assert describe_announcement(DisplayedRun()) == ""
    assert describe_announcement(DisplayedRun(queue_position=2, live=True)) == "The race waits for its turn."
    texts = set()
    for state in (State.PREPARING, State.WARMING_UP, State.RACING, State.CHECKING):
        run.state = state
        texts.add(describe_announcement(DisplayedRun(run=run, live=True)))
    assert texts == {"The race has started."}


@pytest.mark.parametrize(
    ("state", "beginning"),
    [
        (State.FINISHED, "The race has finished. "),
        (State.STOPPED, "The race was stopped. "),
        (State.FAILED, "The race has failed. "),
        (State.INTERRUPTED, "The race was interrupted. "),
    ],
)
def test_the_end_is_announced_with_what_the_race_found(state, beginning):
    run = make_claim_run()
    run.claims = decide_claims(run)
    run.state, run.ended_at = state, 60.0
    assert describe_announcement(DisplayedRun(run=run)) == beginning + write_headline(run).text
