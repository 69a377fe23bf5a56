"""From which size on something is faster: the sentence, and the search."""

from __future__ import annotations

import pytest

from bench.stats.break_even import (
    BreakEvenKind,
    SizeResult,
    SizeVerdict,
    choose_next_rows,
    count_remaining_races,
    find_break_even,
    find_first_rows,
    judge_interval,
)
from bench.values.statistics import Interval

VERDICTS = {
    "+": SizeVerdict.FASTER,
    "-": SizeVerdict.SLOWER,
    "?": SizeVerdict.UNDECIDED,
    "n": SizeVerdict.NO_CLAIM,
    "f": SizeVerdict.FALLBACK,
    "x": SizeVerdict.FAILED,
}
SIZES = [100, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000]


def make_results(marks: str, sizes=tuple(SIZES), reason="") -> list[SizeResult]:
    """One result for each mark; a space is a size that was not tried."""
    return [
        SizeResult(rows, VERDICTS[mark], reason=reason) for rows, mark in zip(sizes, marks, strict=False) if mark != " "
    ]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.01, 2, "+"), (0.5, 0.99, "-"), (0.9, 1.1, "?"), (1.0, 1.2, "?"), (0.8, 1.0, "?")],
)
def test_only_an_interval_on_one_side_of_1_decides(low, high, verdict):
    assert judge_interval(Interval(value=(low + high) / 2, low=low, high=high)) is VERDICTS[verdict]


@pytest.mark.parametrize(
    ("marks", "kind", "text"),
    [
        ("", BreakEvenKind.UNKNOWN, "not known"),
        ("   +", BreakEvenKind.UNKNOWN, "not known: faster at 10,000 rows, the only size tried"),
        ("   ?", BreakEvenKind.UNKNOWN, "not known: too close to call at 10,000 rows, the only size tried"),
        ("+  +  +", BreakEvenKind.EVERYWHERE, "faster at all 3 sizes tried, 100 to 300,000 rows"),
        ("+  +", BreakEvenKind.EVERYWHERE, "faster at both sizes tried, 100 and 10,000 rows"),
        (" + +  +", BreakEvenKind.EVERYWHERE, "faster at all 3 sizes tried, 1,000 to 300,000 rows"),
        (
            "? +   +",
            BreakEvenKind.FROM,
            "faster at 3,000 and 300,000 rows; too close to call at 100 rows",
        ),
        ("-++", BreakEvenKind.FROM, "between 100 and 1,000 rows"),
        ("--? +", BreakEvenKind.FROM, "between 1,000 and 30,000 rows"),
        ("-  -  -", BreakEvenKind.NEVER, "slower at all 3 sizes tried, 100 to 300,000 rows"),
        (
            "-  ?  -",
            BreakEvenKind.UNKNOWN,
            "not faster at any size tried: slower at 100 and 300,000 rows; too close to call at 10,000 rows",
        ),
        (
            "-  ?",
            BreakEvenKind.UNKNOWN,
            "not faster at any size tried: slower at 100 rows; too close to call at 10,000 rows",
        ),
        (
            "?  ?",
            BreakEvenKind.UNKNOWN,
            "not faster at any size tried: too close to call at 100 and 10,000 rows",
        ),
        ("-  +  -", BreakEvenKind.MIXED, "faster at 10,000 rows; slower at 100 and 300,000 rows"),
        ("++ ?", BreakEvenKind.MIXED, "faster at 100 and 1,000 rows; too close to call at 10,000 rows"),
        ("+-+", BreakEvenKind.MIXED, "faster at 100 and 3,000 rows; slower at 1,000 rows"),
        ("f  f", BreakEvenKind.FALLBACK, "not accelerated: stock code at 100 and 10,000 rows"),
        (
            "f  x",
            BreakEvenKind.FALLBACK,
            "not accelerated: stock code at 100 rows (failed at 10,000 rows: lower quality)",
        ),
        ("nn", BreakEvenKind.UNKNOWN, "not known: no claim at 100 and 1,000 rows: lower quality"),
        ("fn", BreakEvenKind.UNKNOWN, "not known: no claim at 1,000 rows: lower quality; stock code at 100 rows"),
        ("x", BreakEvenKind.UNKNOWN, "not known: failed at 100 rows: lower quality"),
        (
            "x  -",
            BreakEvenKind.UNKNOWN,
            "not known: slower at 10,000 rows, the only size that counts (failed at 100 rows: lower quality)",
        ),
        ("-n+", BreakEvenKind.FROM, "between 100 and 3,000 rows (no claim at 1,000 rows: lower quality)"),
        (
            "+  n  +",
            BreakEvenKind.EVERYWHERE,
            "faster at both sizes that count, 100 and 300,000 rows (no claim at 10,000 rows: lower quality)",
        ),
        (
            "f+ + +x",
            BreakEvenKind.EVERYWHERE,
            "faster at all 3 sizes that count, 1,000 to 100,000 rows "
            "(stock code at 100 rows; failed at 300,000 rows: lower quality)",
        ),
        (
            "-x ?",
            BreakEvenKind.UNKNOWN,
            "not faster at any size that counts: slower at 100 rows; too close to call at 10,000 rows "
            "(failed at 1,000 rows: lower quality)",
        ),
    ],
)
def test_the_text_says_what_the_sizes_show_and_no_more(marks, kind, text):
    found = find_break_even(make_results(marks, reason="Lower quality.")[::-1])
    assert (found.kind, found.text) == (kind, text)


@pytest.mark.parametrize(
    ("marks", "text"),
    [
        ("   +", "not known: faster at 10,000 rows, the only size tried"),
        (" - -", "slower at both sizes tried, 1,000 and 10,000 rows; search not complete"),
        ("-  +x", "between 100 and 10,000 rows; search not complete (failed at 30,000 rows)"),
        ("f  f", "not accelerated: stock code at 100 and 10,000 rows; search not complete"),
        ("nn", "not known: no claim at 100 and 1,000 rows; search not complete"),
    ],
)
def test_a_search_that_goes_on_is_marked(marks, text):
    assert find_break_even(make_results(marks), complete=False).text == text


def test_all_sizes_are_listed_in_order():
    found = find_break_even(make_results("-?+")[::-1])
    assert found.sizes == "100 slower, 1,000 too close to call, 3,000 faster"


def test_reasons_that_differ_are_left_out():
    results = [*make_results("n", reason="noisy"), *make_results(" n", reason="lower quality")]
    assert find_break_even(results).text == "not known: no claim at 100 and 1,000 rows"


@pytest.mark.parametrize(("holds", "first"), [("", None), ("1", 1), ("0", None), ("101", 3), ("011", 2), ("110", None)])
def test_the_first_size_of_those_up_to_the_largest(holds, first):
    assert find_first_rows([1, 2, 3][: len(holds)], [mark == "1" for mark in holds]) == first


def search(marks: str, start: int = 10_000, fits=lambda rows: True) -> list[int]:
    """The sizes that are raced if the race at each size has the verdict of its mark."""
    truth = {result.rows: result.verdict for result in make_results(marks)}
    tried: dict[int, SizeVerdict] = {}
    while (rows := choose_next_rows(SIZES, tried, start=start, fits=fits)) is not None:
        assert rows not in tried
        tried[rows] = truth[rows]
    return list(tried)


@pytest.mark.parametrize(
    ("marks", "raced"),
    [
        ("+++++++", [10_000, 100, 300_000]),
        ("-------", [10_000, 100, 300_000]),
        ("fffffff", [10_000, 300_000]),
        ("ffffff+", [10_000, 300_000, 100, 100_000]),
        ("---++--", [10_000, 100, 300_000, 100_000, 30_000, 3_000]),
        ("-++++++", [10_000, 100, 300_000, 3_000, 1_000]),
        ("-------x", [10_000, 100, 300_000]),
        ("----xxx", [10_000, 100, 300_000, 100_000, 30_000, 3_000]),
        ("---xxxx", [10_000, 3_000, 100, 1_000]),
        ("xxxxxxx", [10_000, 3_000, 1_000]),
        ("x++++++", [10_000, 100, 300_000, 3_000, 1_000]),
        ("---++++", [10_000, 100, 300_000, 3_000]),
        ("-++++++", [10_000, 100, 300_000, 3_000, 1_000]),
        ("-----++", [10_000, 100, 300_000, 100_000, 30_000]),
        ("--?++++", [10_000, 100, 300_000, 3_000]),
        ("-?+++++", [10_000, 100, 300_000, 3_000, 1_000]),
        ("--n++++", [10_000, 100, 300_000, 3_000, 1_000]),
        ("+++---+", [10_000, 100, 300_000, 100_000, 3_000]),
        ("nnnnnnn", [10_000, 100, 300_000]),
        ("nn+nnnn", [10_000, 100, 300_000]),
        ("n++++++", [10_000, 100, 300_000, 3_000, 1_000]),
        ("nnn++++", [10_000, 100, 300_000, 3_000]),
    ],
)
def test_the_search_halves_what_is_between_a_loss_and_the_gains(marks, raced):
    assert search(marks) == raced


def test_sizes_that_do_not_fit_are_not_tried_and_growing_ones_as_soon_as_they_fit():
    assert search("-----++", fits=lambda rows: rows <= 30_000) == [10_000, 100, 30_000]
    fitting = iter([30_000, 300_000, 300_000, 300_000])
    limit = 0

    def fits(rows: int) -> bool:
        return rows <= limit

    tried: dict[int, SizeVerdict] = {10_000: SizeVerdict.SLOWER, 100: SizeVerdict.SLOWER}
    for expected in (30_000, 300_000):
        limit = next(fitting)
        rows = choose_next_rows(SIZES, tried, start=10_000, fits=fits)
        assert rows == expected
        tried[rows] = SizeVerdict.SLOWER


def test_stock_code_at_small_sizes_does_not_end_the_search():
    tried = {rows: SizeVerdict.FALLBACK for rows in (100, 10_000)}
    assert choose_next_rows(SIZES, tried, start=10_000) == 300_000
    assert choose_next_rows(SIZES, tried, start=10_000, fits=lambda rows: rows <= 10_000) is None


def test_a_start_that_is_no_stop_takes_the_nearest_one():
    assert choose_next_rows(SIZES, {}, start=5_000) == 3_000
    assert choose_next_rows([], {}, start=5_000) is None
    assert choose_next_rows([5_000], {5_000: SizeVerdict.FASTER}, start=5_000) is None


def test_the_number_of_races_left_is_that_of_the_worst_case():
    assert count_remaining_races(SIZES, {}, start=10_000) == 5
    assert count_remaining_races(SIZES, {10_000: SizeVerdict.FASTER}, start=10_000) == 5
    assert count_remaining_races([100], {100: SizeVerdict.FASTER}, start=100) == 0
