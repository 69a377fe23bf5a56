"""Real races whose arms report an accuracy that proves nothing."""

from __future__ import annotations

from bench.run.events import State
from bench.values.claims import Accuracy, Outcome
from tests.support.runs import get_finding, run_trial_race


def test_a_race_with_one_perfect_question_claims_nothing(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "one-question"}).record
    assert run.state is State.FINISHED, run.failure
    assert run.claim().verdict.accuracy is Accuracy.UNDECIDED
    finding = get_finding(run, "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert "F1 100.00 and 100.00 (1 question; F1 +0.00 %, 95 % interval -100.00 % to +100.00 %)" in finding.seen
    assert "Use about 299 more questions (300 in all)" in finding.remedy


def test_a_race_whose_arms_hide_their_scores_fails(tmp_path):
    run = run_trial_race(tmp_path, parameters={"fault": "no-scores"}).record
    assert run.state is State.FAILED
    assert "the decisive measure 'f1' has no scores of its observations" in run.failure.what
    assert run.failure.remedy and not run.claim().made
