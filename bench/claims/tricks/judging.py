"""What the rules of every race say about a copy of a run with a trick."""

from __future__ import annotations

from dataclasses import dataclass

from bench.claims.tricks.trick import Trick, TrickedRun
from bench.claims.verdict import decide_claims
from bench.run.record import Run
from bench.values.claims import Claim, Finding, NoteKind, Outcome
from bench.values.samples import TOTAL


@dataclass(frozen=True, slots=True)
class JudgedTrick:
    """A trick on a run, with what the rules found."""

    trick: Trick
    tricked: TrickedRun
    honest_claim: Claim
    """Of the total of the recorded run, by today's rules."""
    claim: Claim
    """Of what the trick quotes."""
    catches: tuple[Finding, ...]
    """What the rules find because of the trick: findings that the recorded run does not have, or that are stricter than
    its own. Those of the trick's own rules come first, then the strictest. Empty if no rule sees the trick."""
    repeated: tuple[Finding, ...]
    """Findings of the trick's own rules that the recorded run has too, so that they show nothing about the trick."""

    @property
    def is_refused(self) -> bool:
        """Whether the trick costs the run its claim."""
        return any(finding.outcome is Outcome.REFUSED for finding in self.catches)


def decide_honest_claim(run: Run) -> Claim:
    """The claim of the total of a recorded run, by today's rules."""
    return _find_claim(decide_claims(run), TOTAL)


def judge_trick(trick: Trick, run: Run, honest: Claim | None = None) -> JudgedTrick:
    """Apply a trick to a copy of `run`, which has ended and has statistics, and let the rules look at the copy.

    `honest` is what `decide_honest_claim` gives for `run`, if it is known. Raises NotApplicableError.
    """
    tricked = trick.apply(run)
    honest, claim = honest or decide_honest_claim(run), _find_claim(tricked.run.claims, tricked.step)
    before = {finding.rule: finding for finding in honest.findings}
    findings = [finding for finding in claim.findings if finding.outcome is not Outcome.PASSED]
    new = [finding for finding in findings if _is_new(finding, before[finding.rule])]
    catches = tuple(sorted(new, key=lambda finding: (finding.rule not in trick.rules, -rank_finding(finding))))
    repeated = tuple(finding for finding in findings if finding.rule in trick.rules and finding not in catches)
    return JudgedTrick(trick, tricked, honest, claim, catches, repeated)


def _find_claim(claims: list[Claim], step: str) -> Claim:
    return next(claim for claim in claims if claim.step == step)


def _is_new(finding: Finding, before: Finding) -> bool:
    """Whether a finding is stricter than that of the same rule about the recorded run, or about something else."""
    if finding.title != before.title:
        return rank_finding(finding) >= rank_finding(before)
    return rank_finding(finding) > rank_finding(before)


def rank_finding(finding: Finding) -> int:
    """How strict a finding is: 0 passed, 1 condition, 2 reservation, 3 refused."""
    if finding.outcome is Outcome.REFUSED:
        return 3
    return {None: 0, NoteKind.CONDITION: 1, NoteKind.RESERVATION: 2}[finding.kind]
