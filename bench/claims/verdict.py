"""What a run supports: Bailey's twelve ways to fool the masses, turned into rules.

A rule looks at one step of a run, or at the total. Its outcome is passed, a note, or a refusal of the claim. Every
claim lists the findings of all rules, so a reader sees what was checked and not only what was found.

Sources: D. H. Bailey, Twelve Ways to Fool the Masses When Giving Performance Results on Parallel Computers,
Supercomputing Review, August 1991 ('Bailey 6' is the sixth way); T. Hoefler and R. Belli, Scientific Benchmarking of
Parallel Computing Systems, SC15 ('SC15 rule 5'); the MLPerf Inference rules ('MLPerf').
"""

from __future__ import annotations

from bench.claims.evidence import decide_engagement
from bench.claims.quality import decide_accuracy
from bench.claims.rule import RuleContext
from bench.claims.rules import RULES
from bench.claims.sentences import write_claim_sentence, write_refusal_sentence
from bench.claims.speed import decide_speed
from bench.run.record import Run
from bench.values.claims import Claim, Outcome, Verdict
from bench.values.samples import TOTAL


def decide_claims(run: Run) -> list[Claim]:
    """The claims of the total and of every step, the total first. Needs the run's statistics."""
    steps = [one for one in run.statistics if one.step != TOTAL]
    step_claims = [_decide_claim(RuleContext(run, one.step, one)) for one in steps]
    total = run.comparison(TOTAL)
    total_claims = [_decide_claim(RuleContext(run, TOTAL, total, step_claims))] if total else []
    return total_claims + step_claims


def _decide_claim(context: RuleContext) -> Claim:
    findings = [rule(context) for rule in RULES]
    refused = [finding for finding in findings if finding.outcome is Outcome.REFUSED]
    verdict = Verdict(
        speed=decide_speed(context),
        engagement=decide_engagement(context.run, context.step),
        accuracy=decide_accuracy(context),
    )
    made = not refused
    sentence = write_claim_sentence(context, verdict) if made else write_refusal_sentence(context, refused)
    return Claim(step=context.step, made=made, sentence=sentence, verdict=verdict, findings=findings)
