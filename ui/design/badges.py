"""Icons and colours of verdicts and claims, as Streamlit badges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.values import Engagement, Outcome, Speed

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
CLAIM_BADGES = {
    True: Badge("verified", "green"),
    False: Badge("gpp_bad", "red"),
    None: Badge("remove", "gray"),
}
"""By whether a claim was made; None if the run had nothing to decide."""
CLAIM_WORDS = {True: "made", False: "refused", None: "none"}
CLAIM_COLOURS = {CLAIM_WORDS[made]: badge.colour for made, badge in CLAIM_BADGES.items()}


def claim_badge(made: bool | None) -> str:
    """Whether a run supports a claim, as Markdown."""
    return CLAIM_BADGES[made].markdown("no claim" if made is None else f"claim {CLAIM_WORDS[made]}")
