"""Break-even analysis: the crossing, its interval, and what is said about certainty."""

import pytest

from tests.support.modin import make_points
from workloads.modin.break_even.analysis import find_break_even, summarize_points
from workloads.modin.break_even.search import time_alternately
from workloads.modin.measurements import BreakEvenPoint


def test_the_crossing_is_where_the_times_are_equal_and_is_in_its_interval():
    # 1e-6 n = 0.05 + 0.5e-6 n at n = 100,000.
    crossing = find_break_even(make_points(0.05, 0.5))
    assert crossing.low <= crossing.rows <= crossing.high
    assert crossing.rows == pytest.approx(100_000, rel=0.15)
    assert summarize_points(make_points(0.05, 0.5)).crossing == crossing
    assert summarize_points(make_points(0.05, 0.5)).verdict == "gains"
    assert "faster from about" in summarize_points(make_points(0.05, 0.5)).sentence


def test_noise_widens_the_interval():
    calm, noisy = find_break_even(make_points(0.05, 0.5)), find_break_even(make_points(0.05, 0.5, noise=0.2))
    assert noisy.high / noisy.low > calm.high / calm.low


@pytest.mark.parametrize(
    ("fixed", "share", "verdict", "words"),
    [(0.05, 2.0, "loses", "pandas is faster at every size"), (0.0, 0.5, "gains", "Modin is faster at every")],
)
def test_without_a_crossing_the_faster_engine_is_named(fixed, share, verdict, words):
    result = summarize_points(make_points(fixed, share))
    assert result.crossing is None
    assert result.verdict == verdict
    assert words in result.sentence and result.at_every_size


def test_times_that_are_too_close_have_no_crossing_and_no_verdict():
    result = summarize_points(make_points(0.0, 1.0, noise=0.1))
    assert (result.verdict, result.crossing) == ("unsure", None)
    assert result.sentence.startswith("No clear break-even between")
    assert result.sentence.endswith("It is too close to call")
    ahead_by_chance = [
        BreakEvenPoint(rows=rows, pandas=[1.0, 1.01, 1.2, 0.9], modin=[0.99, 1.0, 1.1, 0.9]) for rows in (1024, 4096)
    ]
    assert summarize_points(ahead_by_chance).verdict == "unsure"


def test_if_only_the_larger_sizes_are_certain_the_first_of_them_is_named():
    close, ahead = [1.0, 1.02, 1.1, 0.9, 1.0], [2.0, 2.1, 1.9, 2.0, 2.05]
    points = [
        BreakEvenPoint(rows=1024, pandas=close, modin=[1.0, 0.99, 1.1, 0.9, 1.0]),
        BreakEvenPoint(rows=4096, pandas=ahead, modin=close),
        BreakEvenPoint(rows=16384, pandas=ahead, modin=close),
    ]
    result = summarize_points(points)
    assert (result.verdict, result.crossing, result.at_every_size) == ("gains", None, False)
    assert "faster from 4,096 to 16,384 rows" in result.sentence
    assert summarize_points(points[:1]).verdict == "unsure"


def make_point(rows: int, ratio: float) -> BreakEvenPoint:
    """A point at which pandas takes 1 s, and Modin 1 / `ratio` s, both with a spread of 2 %."""
    spread = [0.98, 1.0, 1.01, 1.02, 0.99, 1.0, 1.0]
    return BreakEvenPoint(rows=rows, pandas=spread, modin=[seconds / ratio for seconds in spread])


@pytest.mark.parametrize(
    ("ratios", "verdict", "words"),
    [
        (
            (1.0, 1 / 3, 1 / 4),
            "loses",
            "pandas is faster from 16,384 to 65,536 rows. ",
        ),
        ((1.0, 1 / 3, 1 / 4), "loses", "Below that, it is too close to call"),
        ((2.0, 1 / 3, 1 / 4), "loses", "pandas is faster from 16,384 to 65,536 rows"),
        ((2.0, 1 / 3, 1 / 4), "loses", "Below that, Modin is faster at 4,096"),
        ((2.0, 2.0, 1 / 4), "loses", "Below that, Modin is faster at 4,096 and 16,384"),
        ((1 / 3, 1.0, 1 / 4), "loses", "Below that, pandas is faster at 4,096"),
        ((2.0, 1.0, 3.0), "gains", "Modin is faster at 65,536 rows. Below that, "),
        ((2.0, 1.0, 3.0), "gains", "Below that, Modin is faster at 4,096"),
        (
            (1 / 3, 1.0, 1.0),
            "unsure",
            "No clear break-even between 4,096 and 65,536 rows. pandas is faster at 4,096",
        ),
        ((1 / 3, 1 / 2, 1.0), "unsure", "pandas is faster at 4,096 and 16,384; elsewhere it is too close to call"),
        (
            (2.0, 1 / 2, 1.0),
            "unsure",
            "Modin is faster at 4,096; pandas is faster at 16,384; elsewhere",
        ),
        ((1 / 3,), "loses", "pandas is faster at the only size that was tried, 4,096 rows"),
        ((3.0,), "gains", "Modin is faster at the only size that was tried, 4,096 rows"),
        ((1.0,), "unsure", "Too close to call at the only size that was tried, 4,096 rows"),
    ],
)
def test_the_certainly_faster_engine_is_named_with_its_sizes(ratios, verdict, words):
    result = summarize_points([make_point(4096 * 4**place, ratio) for place, ratio in enumerate(ratios)])
    assert (result.verdict, result.crossing) == (verdict, None)
    assert words in result.sentence
    assert result.at_every_size == ("the only size" in words and verdict != "unsure")


def test_both_engines_are_timed_equally_often_and_take_turns():
    order: list[str] = []
    first, second = time_alternately(4, lambda: order.append("a") or 1.0, lambda: order.append("b") or 2.0)
    assert (first, second) == ([1.0] * 4, [2.0] * 4)
    assert "".join(order) == "abbaabba"
