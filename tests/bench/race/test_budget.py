"""When a race has sampled enough, by its time budget."""

import pytest

from bench.race.budget import SamplingBudget
from bench.race.recorder import EventRecorder
from tests.support.runs import make_opening


class SteppedRecorder(EventRecorder):
    """A recorder whose clock the test sets."""

    now = 0.0


def make_budget(budget_s: float = 10.0, *, tries_core_counts: bool = False) -> tuple[SamplingBudget, SteppedRecorder]:
    """A budget, started 100 s into the race."""
    recorder = SteppedRecorder(make_opening(), lambda event: None)
    budget = SamplingBudget(recorder, budget_s)
    recorder.now = 100.0
    budget.start(tries_core_counts=tries_core_counts)
    return budget, recorder


@pytest.mark.parametrize(
    ("spent_s", "pairs", "is_spent"),
    [
        (9.0, 100, False),
        (10.0, 8, True),
        (10.0, 7, False),  # One pair is missing for a claim, and fits.
        (14.0, 7, False),
        (17.5, 7, True),  # The limit: 1.35 budgets and 4 s.
        (10.0, 3, True),  # Five more do not fit.
        (10.0, 2, False),  # Nor do six, but an interval needs one more.
        (17.5, 1, True),
        (17.4, 0, False),  # All pairs so far were warm-up.
        (17.5, 0, True),
    ],
)
def test_sampling_ends_with_the_budget_unless_missing_pairs_fit_below_the_limit(spent_s, pairs, is_spent):
    budget, recorder = make_budget()
    recorder.now = 100.0 + spent_s
    assert budget.is_spent(pairs, sampling_s=spent_s) is is_spent


@pytest.mark.parametrize(("budget_s", "limit_s"), [(10.0, 1.0), (60.0, 2.0)])
def test_the_warm_up_ends_after_a_tenth_of_the_budget_or_two_seconds(budget_s, limit_s):
    budget, recorder = make_budget(budget_s)
    recorder.now = 100.0 + limit_s - 0.01
    assert not budget.is_warm_up_spent
    recorder.now = 100.0 + limit_s
    assert budget.is_warm_up_spent


def test_a_fifth_of_the_budget_is_reserved_for_other_core_counts():
    budget, recorder = make_budget(tries_core_counts=True)
    recorder.now = 108.0
    assert budget.is_spent(8, sampling_s=8.0)


def test_what_no_other_core_count_can_use_goes_back_to_the_pairs():
    budget, recorder = make_budget(tries_core_counts=True)
    recorder.now = 107.9
    assert not budget.is_pairs_share_spent
    recorder.now = 108.0
    assert budget.is_pairs_share_spent
    budget.give_back_to_pairs()
    assert not budget.is_spent(8, sampling_s=8.0) and not budget.is_pairs_share_spent
    recorder.now = 110.0
    assert budget.is_spent(8, sampling_s=10.0)


def test_without_other_core_counts_nothing_is_reserved():
    budget, recorder = make_budget()
    recorder.now = 109.9
    assert not budget.is_pairs_share_spent


def test_work_is_allowed_up_to_the_limit():
    budget, recorder = make_budget()
    recorder.now = 106.0
    assert budget.allows(11.5)
    assert not budget.allows(11.6)
    recorder.now = 130.0
    assert budget.left_s == 0.0 and not budget.allows(0.1)
