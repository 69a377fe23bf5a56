"""When a race has sampled enough, by its time budget."""

import pytest

from bench.race.budget import SamplingBudget
from bench.race.recorder import EventRecorder
from tests.support.runs import make_opening


class SteppedRecorder(EventRecorder):
    """A recorder whose clock the test sets."""

    now = 0.0


def make_budget(*, tries_core_counts: bool = False) -> tuple[SamplingBudget, SteppedRecorder]:
    """A budget of 10 s, started 100 s into the race."""
    recorder = SteppedRecorder(make_opening(), lambda event: None)
    budget = SamplingBudget(recorder, 10.0, tries_core_counts=tries_core_counts)
    recorder.now = 100.0
    budget.start()
    return budget, recorder


@pytest.mark.parametrize(
    ("spent_s", "pairs", "is_spent"),
    [
        (9.0, 100, False),
        (10.0, 8, True),
        (10.0, 7, False),  # Too few pairs for a claim.
        (20.0, 7, True),  # Twice the budget: no claim, but an interval.
        (20.0, 2, False),
        (40.0, 1, True),
    ],
)
def test_sampling_ends_with_the_budget_unless_pairs_are_missing(spent_s, pairs, is_spent):
    budget, recorder = make_budget()
    recorder.now = 100.0 + spent_s
    assert budget.is_spent(pairs) is is_spent


def test_a_fifth_of_the_budget_is_reserved_for_other_core_counts():
    budget, recorder = make_budget(tries_core_counts=True)
    recorder.now = 108.0
    assert budget.is_spent(8)


def test_the_warm_up_takes_a_quarter_of_the_budget_at_most():
    budget, recorder = make_budget()
    recorder.now = 102.4
    assert not budget.is_warm_up_spent
    recorder.now = 102.5
    assert budget.is_warm_up_spent


def test_excluded_time_is_not_counted():
    budget, recorder = make_budget()
    recorder.now = 103.0
    with budget.exclude():
        recorder.now = 150.0
    recorder.now = 151.0
    assert budget.spent_s == 4.0


def test_work_is_allowed_up_to_four_times_the_budget():
    budget, recorder = make_budget()
    recorder.now = 130.0
    assert budget.allows(10.0)
    assert not budget.allows(10.1)
