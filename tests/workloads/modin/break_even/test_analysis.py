"""TODO: tests.workloads.modin.break_even.test_analysis."""

import pytest

from tests.support.modin import make_points
from workloads.modin.break_even.analysis import BreakEvenPoint, find_break_even, summarize_points, time_alternately


def test_the_crossing_is_where_the_times_are_equal_and_inside_its_interval():
    # 1e-6 n = 0.05 + 0.5e-6 n at n = 100,000.
    found = find_break_even(make_points(0.05, 0.5))
    assert found.low <= found.rows <= found.high
    assert found.rows == pytest.approx(100_000, rel=0.15)
    assert summarize_points(make_points(0.05, 0.5)).crossing == found
    assert summarize_points(make_points(0.05, 0.5)).verdict == "gains"
    assert "faster from about" in summarize_points(make_points(0.05, 0.5)).sentence


def test_noise_widens_the_interval():
    calm, noisy = find_break_even(make_points(0.05, 0.5)), find_break_even(make_points(0.05, 0.5, noise=0.2))
    assert noisy.high / noisy.low > calm.high / calm.low


@pytest.mark.parametrize(
    ("fixed", "share", "verdict", "words"),
    [(0.05, 2.0, "loses", "pandas is faster at every size"), (0.0, 0.5, "gains", "Modin is faster at every")],
)
def test_without_a_crossing_it_says_who_is_faster(fixed, share, verdict, words):
    found = summarize_points(make_points(fixed, share))
    assert found.crossing is None
    assert found.verdict == verdict
    assert words in found.sentence


def test_times_too_close_to_tell_have_no_crossing_and_no_winner():
    found = summarize_points(make_points(0.0, 1.0, noise=0.1))
    assert (found.verdict, found.crossing) == ("unsure", None)
    assert "No size is sure" in found.sentence and "times are too close to tell" in found.sentence
    ahead_by_chance = [BreakEvenPoint(rows, (1.0, 1.01, 1.2, 0.9), (0.99, 1.0, 1.1, 0.9)) for rows in (1024, 4096)]
    assert summarize_points(ahead_by_chance).verdict == "unsure"


def test_where_only_the_larger_sizes_are_sure_it_says_from_which_on():
    close, ahead = (1.0, 1.02, 1.1, 0.9, 1.0), (2.0, 2.1, 1.9, 2.0, 2.05)
    made = [
        BreakEvenPoint(1024, close, (1.0, 0.99, 1.1, 0.9, 1.0)),
        BreakEvenPoint(4096, ahead, close),
        BreakEvenPoint(16384, ahead, close),
    ]
    found = summarize_points(made)
    assert (found.verdict, found.crossing) == ("gains", None)
    assert "faster at 4,096 rows and more" in found.sentence
    assert summarize_points(made[:1]).verdict == "unsure"


def make_point(rows: int, ratio: float) -> BreakEvenPoint:
    """pandas takes 1 s at `rows`, Modin is faster by `ratio`; 2 % spread."""
    spread = (0.98, 1.0, 1.01, 1.02, 0.99, 1.0, 1.0)
    return BreakEvenPoint(rows, spread, tuple(one / ratio for one in spread))


@pytest.mark.parametrize(
    ("ratios", "verdict", "words"),
    [
        ((1.0, 1 / 3, 1 / 4), "loses", "pandas is faster at 16,384 rows and more, up to the 65,536 that were tried; "),
        ((1.0, 1 / 3, 1 / 4), "loses", "below, nobody surely is"),
        ((2.0, 1 / 3, 1 / 4), "loses", "pandas is faster at 16,384 rows and more"),
        ((2.0, 1 / 3, 1 / 4), "loses", "below, Modin surely is at 4,096"),
        ((2.0, 2.0, 1 / 4), "loses", "below, Modin surely is at 4,096 and 16,384"),
        ((1 / 3, 1.0, 1 / 4), "loses", "below, pandas surely is at 4,096"),
        ((2.0, 1.0, 3.0), "gains", "Modin is faster at 65,536 rows and more"),
        ((2.0, 1.0, 3.0), "gains", "below, Modin surely is at 4,096"),
        ((1 / 3, 1.0, 1.0), "unsure", "No size is sure from which on one is faster, among 4,096 to 65,536 rows"),
        ((1 / 3, 1 / 2, 1.0), "unsure", "pandas surely is at 4,096 and 16,384; at the other sizes the times"),
        ((2.0, 1 / 2, 1.0), "unsure", "Modin surely is at 4,096; pandas surely is at 16,384; at the other sizes"),
        ((1 / 3,), "loses", "pandas is faster at the one size that was tried, 4,096 rows"),
        ((3.0,), "gains", "Modin is faster at the one size that was tried, 4,096 rows"),
        ((1.0,), "unsure", "too close to tell who is faster at the one size that was tried, 4,096 rows"),
    ],
)
def test_who_surely_wins_is_said_with_the_sizes_at_which_that_is_so(ratios, verdict, words):
    found = summarize_points([make_point(4096 * 4**place, ratio) for place, ratio in enumerate(ratios)])
    assert (found.verdict, found.crossing) == (verdict, None)
    assert words in found.sentence


def test_both_are_timed_as_often_and_take_turns():
    order: list[str] = []
    one, other = time_alternately(4, lambda: order.append("a") or 1.0, lambda: order.append("b") or 2.0)
    assert (one, other) == ([1.0] * 4, [2.0] * 4)
    assert "".join(order) == "abbaabba"
