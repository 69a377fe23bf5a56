"""Step changes: planted ones are found, and series without one have none."""

import json
from pathlib import Path

import numpy as np
import pytest

from bench.stats.step_changes import MIN_RUNS, find_step_changes

SAME_CODE_HISTORY = Path(__file__).with_name("same-code-history.json")
"""20 races of the same code in both arms (colour quantization, scikit-learn-intelex, one core, 3 s) within 40 minutes
on a virtual machine with two cores that other programs kept busy: start, seconds of both arms, ratio."""


def make_series(count: int, seed: int, noise: float = 0.02) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, noise, count)


@pytest.mark.parametrize("column", [1, 2, 3])
def test_a_real_history_of_the_same_code_has_no_step(column):
    rows = json.loads(SAME_CODE_HISTORY.read_text())
    assert len(rows) == 20
    assert find_step_changes([row[column] for row in rows]) == []


@pytest.mark.parametrize("factor", [0.8, 1.25, 2.0])
def test_a_step_planted_in_the_real_history_of_ratios_is_found(factor):
    ratios = [row[3] for row in json.loads(SAME_CODE_HISTORY.read_text())]
    changed = [ratio * factor**2 if position >= 11 else ratio for position, ratio in enumerate(ratios)]
    (found,) = find_step_changes(changed)
    assert abs(found - 11) <= 1


def test_few_series_without_a_step_have_one():
    for count in (MIN_RUNS, 12, 20, 50):
        alarms = sum(bool(find_step_changes(np.exp(make_series(count, seed)))) for seed in range(200))
        # 1 % in three series together, so 0.7 of 200 in one are expected.
        assert alarms <= 5, count


def test_a_step_of_five_deviations_is_found_where_it_is():
    found = [find_step_changes(np.exp(make_series(20, seed) + 0.1 * (np.arange(20) >= 12))) for seed in range(50)]
    assert sum(any(abs(position - 12) <= 1 for position in positions) for positions in found) >= 45


def test_two_steps_are_found():
    levels = np.repeat([0.0, 0.3, 0.0], 12)
    assert find_step_changes(np.exp(make_series(36, 3) + levels)) == [12, 24]


def test_single_slow_runs_are_no_step():
    for position in range(20):
        values = make_series(20, 7)
        values[position] += 2.0
        assert find_step_changes(np.exp(values)) == [], position


def test_equal_and_few_values_have_no_step():
    assert find_step_changes([1.0] * 20) == []
    assert find_step_changes([1.0] * (MIN_RUNS - 3) + [9.0] * 2) == []
    with pytest.raises(ValueError, match="positive"):
        find_step_changes([1.0] * 9 + [0.0])
