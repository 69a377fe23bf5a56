"""What a claim rule is, and what it gets to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.claims.evidence import select_evidence, select_steps
from bench.run.record import Run
from bench.values import TOTAL, Arm, Comparison, Evidence, Finding, Measure, Outcome


@dataclass(frozen=True, slots=True)
class RuleContext:
    """One step of a run, as the rules see it."""

    run: Run
    step: str
    comparison: Comparison

    @property
    def same_arm(self) -> bool:
        """True for a race of an arm against itself, which tries the measurement and claims no acceleration."""
        return self.run.plan.baseline == self.run.plan.accelerated

    @property
    def evidence(self) -> list[Evidence]:
        return select_evidence(self.run, self.step)

    @property
    def steps(self) -> list[str]:
        return select_steps(self.run, self.step)

    def measures(self, arm: Arm) -> list[Measure]:
        """The measures of an arm's quality that a claim stands on."""
        if self.run.quality is None:
            return []
        return [measure for measure in getattr(self.run.quality, arm) if measure.decisive]

    @property
    def agreement(self) -> list[Measure]:
        """Shares of equal results that a claim stands on: of this step; for the whole, of every step in it."""
        if self.run.quality is None:
            return []
        wanted = {""} | ({step.name for step in self.run.snapshot.steps} if self.step == TOTAL else {self.step})
        return [measure for measure in self.run.quality.agreement if measure.decisive and measure.step in wanted]


RuleCheck = Callable[[RuleContext], tuple[Outcome, str, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is called, whom it comes from, why it stands, and how it looks."""

    name: str
    title: str
    source: str
    refuses: bool
    why: str
    look: RuleCheck

    def __call__(self, context: RuleContext) -> Finding:
        outcome, seen, remedy = self.look(context)
        return Finding(rule=self.name, title=self.title, source=self.source, outcome=outcome, seen=seen, remedy=remedy)


def define_rule(title: str, source: str, *, refuses: bool = False) -> Callable[[RuleCheck], Rule]:
    """Make a rule of a function that returns the outcome, what was seen, and the remedy; its docstring says why."""

    def define(look: RuleCheck) -> Rule:
        name = look.__name__.replace("_", "-")
        return Rule(name, title, source, refuses, (look.__doc__ or "").strip(), look)

    return define


def pass_rule(seen: str) -> tuple[Outcome, str, str]:
    return Outcome.PASSED, seen, ""
