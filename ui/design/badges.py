"""TODO: ui.design.badges."""

from __future__ import annotations

from dataclasses import dataclass

from bench.values import Accuracy, Engagement, Outcome, Speed

CLAIM_WORDS = {True: "made", False: "refused", None: "none"}


CLAIM_COLOURS = {"made": "green", "refused": "red", "none": "gray"}


def claim_badge(made: bool | None) -> str:
    """Markdown that says whether a run supports a claim."""
    word = CLAIM_WORDS[made]
    icon = {"made": "verified", "refused": "gpp_bad", "none": "remove"}[word]
    text = "no claim" if made is None else f"claim {word}"
    return f":{CLAIM_COLOURS[word]}-badge[:material/{icon}: {text}]"


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a colour and an icon."""

    icon: str
    colour: str

    def markdown(self, text: str) -> str:
        return f":{self.colour}-badge[:material/{self.icon}: {text}]"


SPEED_BADGES = {
    Speed.FASTER: Badge("trending_up", "green"),
    Speed.SAME: Badge("drag_handle", "gray"),
    Speed.SLOWER: Badge("trending_down", "orange"),
}


ENGAGEMENT_BADGES = {
    Engagement.ENGAGED: Badge("verified", "green"),
    Engagement.PARTIAL: Badge("rule", "orange"),
    Engagement.NOT: Badge("block", "red"),
    Engagement.SAME: Badge("balance", "gray"),
}


ACCURACY_BADGES = {
    Accuracy.WITHIN: Badge("check", "green"),
    Accuracy.OUTSIDE: Badge("error", "red"),
    Accuracy.NOT_MEASURED: Badge("help", "gray"),
}


OUTCOME_BADGES = {
    Outcome.PASSED: Badge("check", "green"),
    Outcome.ANNOTATED: Badge("sticky_note_2", "orange"),
    Outcome.REFUSED: Badge("block", "red"),
}
