"""Races at other core counts."""

import pytest

from bench.race.budget import SamplingBudget
from bench.run.events import State
from bench.system.limits import core_limit
from bench.values import Arm, Outcome
from tests.support.runs import run_trial_race


def test_two_cores_are_compared_with_one(tmp_path):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    run = run_trial_race(tmp_path, cores=2).record
    assert {(count.arm, count.cores) for count in run.core_counts} == {(arm, n) for arm in Arm for n in (1, 2)}
    assert run.best_ratio.value > 1
    assert {p.reason.partition(":")[0] for p in run.placements} and len(run.placements) == 2


def test_a_race_that_exceeds_its_budget_tries_no_other_core_counts(tmp_path, monkeypatch):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    # As if four budgets had been spent when the race ends.
    monkeypatch.setattr(SamplingBudget, "allows", lambda self, seconds: False)
    run = run_trial_race(tmp_path, cores=2).record
    assert run.state is State.FINISHED, run.failure
    assert not run.core_counts
    finding = next(f for f in run.claim().findings if f.title == "Best against best")
    assert finding.outcome is Outcome.ANNOTATED and "only 2 cores tried" in finding.seen
