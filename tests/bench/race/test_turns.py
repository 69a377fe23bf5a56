"""The order of rounds: shuffled, and balanced after every number of rounds."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from bench.race.turns import TurnPlanner
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.runs import run_trial_race


def list_orders(seed: int, count: int, rounds: int) -> list[list[int]]:
    planner = TurnPlanner(seed)
    return [planner.next_order(count, "race") for _ in range(rounds)]


@pytest.mark.parametrize("seed", range(20))
def test_after_any_number_of_pairs_each_arm_began_half_of_them(seed):
    orders = list_orders(seed, count=2, rounds=101)
    for pairs in range(len(orders) + 1):
        began = Counter(order[0] for order in orders[:pairs])
        assert abs(began[0] - began[1]) <= 1


def test_the_order_is_shuffled_by_the_seed():
    drawn = {tuple(order[0] for order in list_orders(seed, count=2, rounds=20)) for seed in range(20)}
    assert len(drawn) > 15
    assert list_orders(7, 2, 20) == list_orders(7, 2, 20)
    assert any(first == second for first, second in itertools.pairwise(list_orders(0, 2, 50))), "no strict alternation"


@pytest.mark.parametrize("seed", range(5))
def test_in_rounds_of_four_each_has_each_position_and_follows_each_other_once(seed):
    orders = list_orders(seed, count=4, rounds=40)
    for begin in range(0, 40, 4):
        block = orders[begin : begin + 4]
        assert all(sorted(order) == [0, 1, 2, 3] for order in block)
        assert all(sorted(order[place] for order in block) == [0, 1, 2, 3] for place in range(4))
        followed = [pair for order in block for pair in itertools.pairwise(order)]
        assert len(set(followed)) == len(followed) == 12


@pytest.mark.parametrize("count", [1, 3, 5])
def test_odd_numbers_of_participants_have_each_position_once_in_a_block(count):
    block = list_orders(0, count, count)
    assert all(sorted(order[place] for order in block) == list(range(count)) for place in range(count))


def test_series_are_balanced_on_their_own():
    planner = TurnPlanner(0)
    orders = [(planner.next_order(2, "race"), planner.next_order(2, "warm-up")) for _ in range(10)]
    for series in zip(*orders, strict=True):
        assert Counter(order[0] for order in series) == {0: 5, 1: 5}


def list_first_arms(run: Run) -> list[Arm]:
    return [sample.arm for sample in run.samples if sample.phase is Phase.RACE and sample.place == 0]


def test_a_race_is_balanced_at_every_pair(tmp_path):
    run = run_trial_race(tmp_path, target=0).record
    first = list_first_arms(run)
    assert len(first) >= 3
    for pairs in range(len(first) + 1):
        began = Counter(first[:pairs])
        assert abs(began[Arm.BASELINE] - began[Arm.ACCELERATED]) <= 1
