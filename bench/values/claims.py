"""Verdicts, the findings of the claim rules, and claims."""

from __future__ import annotations

from enum import StrEnum

from bench.values.base import Value


class Speed(StrEnum):
    """Whether the accelerated arm was faster."""

    FASTER = "faster"
    SAME = "no difference detected"
    SLOWER = "slower"
    SAME_CODE = "same code"
    """Both arms ran the same code. Neither is faster, whatever the times."""


class Engagement(StrEnum):
    """Whether the accelerated path really ran. `SAME`: both arms ran the same code."""

    ENGAGED = "engaged"
    PARTIAL = "partial"
    NOT = "not engaged"
    SAME = "same arm twice"


class Accuracy(StrEnum):
    """Whether the accuracy stayed within the limit of the plan."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"
    """The interval of the loss reaches beyond the limit, or the measure is biased."""
    NOT_MEASURED = "not measured"


class Verdict(Value):
    """The result of a run for one step or for the total."""

    speed: Speed
    engagement: Engagement
    accuracy: Accuracy


class Outcome(StrEnum):
    """What a rule did to the claim."""

    PASSED = "passed"
    ANNOTATED = "annotated"
    REFUSED = "refused"


class NoteKind(StrEnum):
    """What a note is about."""

    RESERVATION = "reservation"
    """How well something was measured, or how fair the comparison is: a wide interval, noise, a naive baseline."""
    CONDITION = "condition"
    """What the ratio is about: a part of the total, some of the machine's cores, generated data."""


class Finding(Value):
    """The result of one claim rule."""

    rule: str
    title: str
    """What was found, in a few words."""
    source: str
    outcome: Outcome
    kind: NoteKind | None = None
    """Of a note; None for what passed or refused."""
    seen: str
    remedy: str = ""

    @property
    def effect(self) -> str:
        """What it did to the claim, in the word of all pages and reports: `passed`, `reservation`, `condition`,
        `refused`."""
        return str(self.kind or self.outcome)


class ClaimState(StrEnum):
    """Whether a run supports a claim, and how firmly."""

    MADE = "claim"
    """No rule refuses it, and no rule has a reservation."""
    RESERVED = "claim with reservations"
    NONE = "no claim"


UNDECIDED = "not decided"
"""Instead of a ClaimState, for a run that ended before its rules could be applied."""


class Claim(Value):
    """The sentence that a run supports for one step or for the total, or the refusal to make one."""

    step: str
    made: bool
    sentence: str
    verdict: Verdict
    findings: list[Finding]

    @property
    def reservations(self) -> list[Finding]:
        """The notes about how well it was measured and how fair it is, in the order of the rules."""
        return [finding for finding in self.findings if finding.kind is NoteKind.RESERVATION]

    @property
    def conditions(self) -> list[Finding]:
        """The notes that narrow what the ratio is about, in the order of the rules."""
        return [finding for finding in self.findings if finding.kind is NoteKind.CONDITION]

    @property
    def refusals(self) -> list[Finding]:
        """The findings that refuse the claim, in the order of the rules."""
        return [finding for finding in self.findings if finding.outcome is Outcome.REFUSED]

    @property
    def passed(self) -> list[Finding]:
        """The findings of the rules that passed, in the order of the rules."""
        return [finding for finding in self.findings if finding.outcome is Outcome.PASSED]

    @property
    def state(self) -> ClaimState:
        if not self.made:
            return ClaimState.NONE
        return ClaimState.RESERVED if self.reservations else ClaimState.MADE
