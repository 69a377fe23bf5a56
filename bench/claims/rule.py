"""What a claim rule is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.claims.evidence import decide_engagement, select_evidence, select_steps
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import Claim, Engagement, Finding, NoteKind, Outcome
from bench.values.quality import Measure, Quality
from bench.values.samples import TOTAL, Evidence
from bench.values.statistics import Comparison


@dataclass(frozen=True, slots=True)
class RuleContext:
    """One step of a run (or the total), as the rules look at it."""

    run: Run
    step: str
    comparison: Comparison
    step_claims: Sequence[Claim] = ()
    """For the total: the claims of the steps."""

    @property
    def same_code(self) -> bool:
        """True if both arms ran the same code. Such a race tests the measurement and claims no acceleration."""
        return decide_engagement(self.run, self.step) is Engagement.SAME

    @property
    def evidence(self) -> list[Evidence]:
        return select_evidence(self.run, self.step)

    @property
    def steps(self) -> list[str]:
        return select_steps(self.run, self.step)

    def measures(self, arm: Arm) -> list[Measure]:
        """The decisive measures of an arm's quality."""
        return [measure for measure in arm_measures(self.run.quality, arm) if measure.decisive]

    @property
    def agreement(self) -> list[Measure]:
        """The decisive shares of equal results: those of this step; for the total, those of every step."""
        if self.run.quality is None:
            return []
        steps = {step.name for step in self.run.snapshot.steps} if self.step == TOTAL else {self.step}
        return [m for m in self.run.quality.agreement if m.decisive and m.step in {"", *steps}]


def arm_measures(quality: Quality | None, arm: Arm) -> list[Measure]:
    """All measures of an arm's quality; none if the quality was not measured."""
    if quality is None:
        return []
    return quality.baseline if arm is Arm.BASELINE else quality.accelerated


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule found."""

    outcome: Outcome
    seen: str
    """The finding with its values. The part before the first semicolon is the reason in short."""
    remedy: str = ""
    kind: NoteKind | None = None
    """Of a note; None: the kind that the rule declares."""
    title: str = ""
    """Replaces the declared title of the outcome if the rule found something more specific."""


RuleCheck = Callable[[RuleContext], RuleResult]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    passed: str
    """Title if it passes: what is right."""
    noted: str
    """Title of a note: what was found. Empty if the rule adds no notes."""
    refused: str
    """Title of a refusal: what was found. Empty if the rule only adds notes."""
    kind: NoteKind
    """What its notes are about, unless a result says otherwise."""
    other_noted: str
    """Title of its notes of the kind that is not `kind`. Empty if all its notes are of that kind."""
    source: str
    """Where the rule comes from: see `bench.claims.verdict`."""
    why: str
    limits: str
    """The thresholds of the rule, as a sentence; empty if it has none."""
    check: RuleCheck

    @property
    def refuses(self) -> bool:
        """Whether the rule can refuse a claim. Otherwise it only adds notes."""
        return bool(self.refused)

    @property
    def note_titles(self) -> dict[NoteKind, str]:
        """The title of its notes of each kind that it adds; empty if it adds none."""
        titles = {kind: self.noted if kind is self.kind else self.other_noted for kind in NoteKind}
        return {kind: title for kind, title in titles.items() if title}

    def __call__(self, context: RuleContext) -> Finding:
        result = self.check(context)
        kind = (result.kind or self.kind) if result.outcome is Outcome.ANNOTATED else None
        titles = {Outcome.PASSED: self.passed, Outcome.REFUSED: self.refused}
        return Finding(
            rule=self.name,
            title=result.title or (self.note_titles[kind] if kind else titles[result.outcome]),
            source=self.source,
            outcome=result.outcome,
            kind=kind,
            seen=result.seen,
            remedy=result.remedy,
        )


def define_rule(
    passed: str,
    source: str,
    *,
    noted: str = "",
    refused: str = "",
    kind: NoteKind = NoteKind.RESERVATION,
    other_noted: str = "",
    limits: str = "",
) -> Callable[[RuleCheck], Rule]:
    """Turn a check into a rule. The check's docstring says why the rule exists; pages show it.

    `passed`, `noted` and `refused` are the titles of its outcomes. Each says what was found. `kind` is the kind of its
    notes; `other_noted` is the title of its notes of the other kind, if it has any.
    """

    def define(check: RuleCheck) -> Rule:
        why = " ".join((check.__doc__ or "").split())
        name = check.__name__.replace("_", "-")
        return Rule(name, passed, noted, refused, kind, other_noted, source, why, limits, check)

    return define


def pass_rule(seen: str, *, title: str = "") -> RuleResult:
    return RuleResult(Outcome.PASSED, seen, title=title)


def note(seen: str, remedy: str, *, title: str = "", kind: NoteKind | None = None) -> RuleResult:
    """A note, which is stated with the claim."""
    return RuleResult(Outcome.ANNOTATED, seen, remedy, kind, title)


def refuse(seen: str, remedy: str, *, title: str = "") -> RuleResult:
    return RuleResult(Outcome.REFUSED, seen, remedy, title=title)
