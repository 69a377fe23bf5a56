"""Icons and colours of verdicts and claims, as Streamlit badges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.values.claims import UNDECIDED, ClaimState, Engagement, Outcome, Speed

BadgeColour = Literal["green", "orange", "red", "blue", "gray"]


@dataclass(frozen=True, slots=True)
class Badge:
    """The icon and the colour of a badge."""

    icon: str
    """Name of a Material symbol."""
    colour: BadgeColour

    def markdown(self, text: str) -> str:
        """The badge with `text`, as Markdown."""
        return f":{self.colour}-badge[:material/{self.icon}: {text}]"


SPEED_BADGES = {
    Speed.FASTER: Badge("trending_up", "green"),
    Speed.SAME: Badge("drag_handle", "gray"),
    Speed.SLOWER: Badge("trending_down", "orange"),
    Speed.SAME_CODE: Badge("balance", "gray"),
}
NOT_DETECTED = "not detected"
"""`Speed.SAME` where "no difference detected" would be cut, in a cell of a table or a small card."""
ENGAGEMENT_BADGES = {
    Engagement.ENGAGED: Badge("verified", "green"),
    Engagement.PARTIAL: Badge("rule", "orange"),
    Engagement.NOT: Badge("block", "red"),
    Engagement.SAME: Badge("balance", "gray"),
}
OUTCOME_BADGES = {
    Outcome.PASSED: Badge("check", "green"),
    Outcome.ANNOTATED: Badge("sticky_note_2", "orange"),
    Outcome.REFUSED: Badge("block", "red"),
}
CLAIM_STATE_BADGES = {
    ClaimState.MADE: Badge("verified", "green"),
    ClaimState.RESERVED: Badge("gpp_maybe", "orange"),
    ClaimState.NONE: Badge("remove", "gray"),
}
UNDECIDED_BADGE = Badge("hourglass_disabled", "blue")


def claim_state_badge(state: ClaimState | None) -> str:
    """What a run says about the total or a step, as Markdown; None if it did not come to a decision."""
    return CLAIM_STATE_BADGES[state].markdown(state) if state else UNDECIDED_BADGE.markdown(UNDECIDED)
