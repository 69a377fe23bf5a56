"""Races at other core counts."""

import pytest

from bench.race.budget import SamplingBudget
from bench.race.core_counts import compare_core_counts
from bench.run.events import State
from bench.run.outcome import MIN_PAIRS
from bench.system.limits import core_limit
from bench.values.base import Arm
from bench.values.claims import Outcome
from bench.values.samples import Phase, Sample
from tests.support.runs import make_colour_sample, run_trial_race


def test_two_cores_are_compared_with_one(tmp_path, monkeypatch):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    # Also on a machine that is too busy for it.
    monkeypatch.setattr(SamplingBudget, "allows", lambda self, seconds: True)
    run = run_trial_race(tmp_path, cores=2).record
    assert {(count.arm, count.cores) for count in run.core_counts} == {(arm, n) for arm in Arm for n in (1, 2)}
    rounds = min(count.whole.count for count in run.core_counts)
    assert (run.best_ratio is not None) is (rounds >= MIN_PAIRS)
    assert {p.reason.partition(":")[0] for p in run.placements} and len(run.placements) == 2


def make_rounds(count: int, cores: dict[Arm, tuple[int, ...]]) -> list[Sample]:
    """Rounds in which each arm takes one sample at each of its core counts, the fastest at the last of them."""
    return [
        make_colour_sample(arm, pair, Phase.CORES, cores=core_count, factor=1 / (1 + place))
        for pair in range(count)
        for arm in Arm
        for place, core_count in enumerate(cores[arm])
    ]


def test_three_rounds_give_times_and_no_ratio():
    cores = {Arm.BASELINE: (2, 1), Arm.ACCELERATED: (1, 2)}
    tried = compare_core_counts(make_rounds(3, cores), work=1)
    assert len(tried.counts) == 4 and tried.best is None and not tried.is_narrow(target=1.0)
    tried = compare_core_counts(make_rounds(8, cores), work=1)
    assert tried.best is not None
    assert tried.best.ratio.low <= tried.best.ratio.value <= tried.best.ratio.high
    assert tried.is_narrow(target=1.0)


def test_times_of_different_rounds_give_no_ratio():
    first = make_rounds(9, {Arm.BASELINE: (4, 1), Arm.ACCELERATED: (4,)})
    later = make_rounds(9, {Arm.BASELINE: (4,), Arm.ACCELERATED: (4, 2)})
    later = [sample.model_copy(update={"pair": sample.pair + 9}) for sample in later]
    assert compare_core_counts(first + later, work=1).best is None


def test_without_time_no_other_core_count_is_tried_and_the_reason_is_kept(tmp_path, monkeypatch):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    # As if the race had come to its limit.
    monkeypatch.setattr(SamplingBudget, "allows", lambda self, seconds: False)
    run = run_trial_race(tmp_path, cores=2).record
    assert run.state is State.FINISHED, run.failure
    assert not run.core_counts and "trying core counts" not in [span.name for span in run.timeline]
    assert "were left of the time budget" in run.skipped_core_counts[1]
    finding = next(f for f in run.claim().findings if f.rule == "best-with-best")
    assert finding.outcome is Outcome.ANNOTATED and "only 2 cores tried" in finding.seen


def test_if_no_other_core_count_fits_the_pairs_use_the_whole_budget(tmp_path, monkeypatch):
    if core_limit() < 2:
        pytest.skip("this process may use one core only")
    given_back: list[bool] = []
    give_back = SamplingBudget.give_back_to_pairs

    def record_give_back(budget: SamplingBudget) -> None:
        given_back.append(budget.is_pairs_share_spent)
        give_back(budget)

    monkeypatch.setattr(SamplingBudget, "allows", lambda self, seconds: False)
    monkeypatch.setattr(SamplingBudget, "give_back_to_pairs", record_give_back)
    # A sampling error of 0.1 % is out of reach, so that only the budget ends the pairs.
    run = run_trial_race(tmp_path, cores=2, target=0.001).record
    assert given_back == [True], "once, when the reserved share is reached"
    spans = {span.name: span for span in run.timeline if span.arm is None}
    assert spans["racing"].ended - spans["warming up"].began >= run.plan.budget_s
