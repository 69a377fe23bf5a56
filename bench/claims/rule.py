"""What a claim rule is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.claims.evidence import decide_engagement, select_evidence, select_steps
from bench.run.record import Run
from bench.values import TOTAL, Arm, Comparison, Engagement, Evidence, Finding, Measure, Outcome, Quality


@dataclass(frozen=True, slots=True)
class RuleContext:
    """One step of a run (or the total), as the rules look at it."""

    run: Run
    step: str
    comparison: Comparison

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


RuleResult = tuple[Outcome, str, str]
"""Outcome, what the rule saw, and the remedy."""
RuleCheck = Callable[[RuleContext], RuleResult]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    title: str
    source: str
    """Where the rule comes from: see `bench.claims.verdict`."""
    broken: str
    """Title of a refusal, which says what is wrong: `title` says what is right. Empty if the rule only adds notes."""
    why: str
    limits: str
    """The thresholds of the rule, as a sentence; empty if it has none."""
    check: RuleCheck

    @property
    def refuses(self) -> bool:
        """Whether the rule can refuse a claim. Otherwise it only adds notes."""
        return bool(self.broken)

    def __call__(self, context: RuleContext) -> Finding:
        outcome, seen, remedy = self.check(context)
        title = self.broken if outcome is Outcome.REFUSED else self.title
        return Finding(rule=self.name, title=title, source=self.source, outcome=outcome, seen=seen, remedy=remedy)


def define_rule(title: str, source: str, *, broken: str = "", limits: str = "") -> Callable[[RuleCheck], Rule]:
    """Turn a check into a rule. The check's docstring says why the rule exists; pages show it.

    `title` is what the rule asks for. `broken` is the title of a refusal; without it, the rule only adds notes.
    """

    def define(check: RuleCheck) -> Rule:
        name = check.__name__.replace("_", "-")
        return Rule(name, title, source, broken, " ".join((check.__doc__ or "").split()), limits, check)

    return define


def pass_rule(seen: str) -> RuleResult:
    return Outcome.PASSED, seen, ""
