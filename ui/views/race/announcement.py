"""What a screen reader hears of a race: that it waits, has started, has ended, and what it found.

Errors need no announcement of their own: their messages are alerts, which screen readers read when they appear.
"""

from __future__ import annotations

from bench.claims.headline import write_headline
from bench.run.events import State
from bench.values.samples import TOTAL
from ui.components.announcer import draw_announcer
from ui.views.race.followed_run import DisplayedRun

ANNOUNCER_KEY = "race-announcer"
ENDINGS = {
    State.FINISHED: "The race has finished",
    State.STOPPED: "The race was stopped",
    State.FAILED: "The race has failed",
    State.INTERRUPTED: "The race was interrupted",
}


def draw_announcement(displayed: DisplayedRun) -> None:
    """Announce the state of the displayed run. Of an older run that the page shows without being asked, nothing."""
    draw_announcer(describe_announcement(displayed), key=ANNOUNCER_KEY)


def describe_announcement(displayed: DisplayedRun) -> str:
    """A text that changes only when the race starts and ends; empty without a race."""
    if displayed.run is None:
        return "The race waits for its turn." if displayed.queue_position is not None else ""
    if displayed.live:
        return "The race has started."
    ending = ENDINGS.get(displayed.run.state, "The race has ended")
    return f"{ending}. {write_headline(displayed.run, TOTAL).text}"
