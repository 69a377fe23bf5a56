"""Break-even: the size from which on something is faster, from races at several sizes, and which size to try next.

Nothing is interpolated: each size has its own race, and a sentence names only sizes that were tried. Sizes are numbers
of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bench.values.statistics import Interval

MIN_SIZES = 3
"""Sizes that are tried at least, if there are as many: two that agree show nothing about those between them."""


class SizeVerdict(StrEnum):
    """What the race at one size shows about its total."""

    FASTER = "faster"
    SLOWER = "slower"
    UNDECIDED = "too close to call"
    NO_CLAIM = "no claim"
    """For another reason than the interval, such as the quality of the results: it counts neither way."""
    FALLBACK = "stock code"
    """The accelerated path did not run: it counts neither way."""
    FAILED = "failed"
    """The race could not be made, or has no result: it counts neither way."""

    @property
    def counts(self) -> bool:
        return self in (SizeVerdict.FASTER, SizeVerdict.SLOWER, SizeVerdict.UNDECIDED)


class BreakEvenKind(StrEnum):
    """What several sizes show together."""

    EVERYWHERE = "faster at all sizes that were tried and count"
    FROM = "faster from a size on"
    NEVER = "slower at all sizes that were tried and count"
    MIXED = "not monotone"
    """It is faster at some sizes and not at larger ones."""
    FALLBACK = "stock code"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class SizeResult:
    """The race at one size."""

    rows: int
    verdict: SizeVerdict
    ratio: Interval | None = None
    """Time of the baseline over that of the accelerated arm; None without an interval."""
    reason: str = ""
    """Why there is no claim or no result, in a few words; empty if the verdict says it."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """What the races at several sizes show."""

    kind: BreakEvenKind
    text: str
    """In a few words, without a full stop: `between 1,000 and 3,000 rows`."""
    sizes: str
    """Every size that was tried with its verdict: `1,000 slower, 3,000 faster`."""


def judge_interval(ratio: Interval) -> SizeVerdict:
    """Faster if the whole interval is above 1, slower if all of it is below."""
    if ratio.low > 1:
        return SizeVerdict.FASTER
    return SizeVerdict.SLOWER if ratio.high < 1 else SizeVerdict.UNDECIDED


def find_first_rows(rows: Sequence[int], holds: Sequence[bool]) -> int | None:
    """The smallest of `rows` (in order) from which on `holds` is true at every size; None if it is not at the
    largest."""
    first = None
    for size, is_true in zip(reversed(rows), reversed(holds), strict=True):
        if not is_true:
            break
        first = size
    return first


def find_break_even(results: Collection[SizeResult], *, complete: bool = True) -> BreakEven:
    """What `results`, one for each size in any order, show. `complete` is whether the search is over."""
    ordered = sorted(results, key=lambda result: result.rows)
    sizes = ", ".join(f"{result.rows:,} {result.verdict}" for result in ordered)
    kind, text = _describe(ordered, "" if complete or len(ordered) < 2 else "; search not complete")
    return BreakEven(kind, text, sizes)


def _describe(ordered: Sequence[SizeResult], ending: str) -> tuple[BreakEvenKind, str]:
    """`ending` comes behind the sizes that count."""
    counted = [result for result in ordered if result.verdict.counts]
    fallbacks = [result for result in ordered if result.verdict is SizeVerdict.FALLBACK]
    left_out = [result for result in ordered if not result.verdict.counts]
    if counted:
        kind, text = _describe_counted(counted, "that count" if left_out else "tried")
    elif not ordered:
        return BreakEvenKind.UNKNOWN, "not known"
    elif fallbacks and all(result.verdict in (SizeVerdict.FALLBACK, SizeVerdict.FAILED) for result in left_out):
        kind, text = BreakEvenKind.FALLBACK, f"not accelerated: {SizeVerdict.FALLBACK} at {_list_rows(fallbacks)}"
        left_out = [result for result in left_out if result not in fallbacks]
    else:
        return BreakEvenKind.UNKNOWN, f"not known: {_describe_left_out(left_out)}{ending}"
    text += ending
    return kind, f"{text} ({_describe_left_out(left_out)})" if left_out else text


def _describe_counted(counted: Sequence[SizeResult], which: str) -> tuple[BreakEvenKind, str]:
    """`which` names the sizes that count: `tried` if these are all."""
    if len(counted) == 1:
        only = "the only size tried" if which == "tried" else "the only size that counts"
        return BreakEvenKind.UNKNOWN, f"not known: {counted[0].verdict} at {counted[0].rows:,} rows, {only}"
    faster = [result for result in counted if result.verdict is SizeVerdict.FASTER]
    slower = [result for result in counted if result.verdict is SizeVerdict.SLOWER]
    if len(faster) == len(counted):
        return BreakEvenKind.EVERYWHERE, _describe_all(counted, which)
    if len(slower) == len(counted):
        return BreakEvenKind.NEVER, _describe_all(counted, which)
    if not faster:
        return (
            BreakEvenKind.UNKNOWN,
            f"not faster at any size {'tried' if which == 'tried' else 'that counts'}: {_list_verdicts(counted)}",
        )
    first = faster[0].rows
    if any(result.rows > first for result in counted if result.verdict is not SizeVerdict.FASTER):
        return BreakEvenKind.MIXED, _list_verdicts(counted)
    if slower:
        return BreakEvenKind.FROM, f"between {slower[-1].rows:,} and {first:,} rows"
    return BreakEvenKind.FROM, _list_verdicts(counted)


def _describe_all(results: Sequence[SizeResult], which: str) -> str:
    """`faster at all 3 sizes tried, 100 to 300,000 rows`, of results with one verdict."""
    verdict, first, last = results[0].verdict, results[0].rows, results[-1].rows
    if len(results) == 2:
        return f"{verdict} at both sizes {which}, {_list_rows(results)}"
    return f"{verdict} at all {len(results)} sizes {which}, {first:,} to {last:,} rows"


def _list_verdicts(counted: Sequence[SizeResult]) -> str:
    """`faster at 10,000 rows; slower at 100 and 300,000 rows`."""
    verdicts = (SizeVerdict.FASTER, SizeVerdict.SLOWER, SizeVerdict.UNDECIDED)
    by_verdict = {verdict: [result for result in counted if result.verdict is verdict] for verdict in verdicts}
    return "; ".join(f"{verdict} at {_list_rows(members)}" for verdict, members in by_verdict.items() if members)


def _describe_left_out(results: Sequence[SizeResult]) -> str:
    """`no claim at 1,000 rows: the accuracy is below the limit; stock code at 300 rows`."""
    texts: list[str] = []
    for verdict in (SizeVerdict.NO_CLAIM, SizeVerdict.FALLBACK, SizeVerdict.FAILED):
        members = [result for result in results if result.verdict is verdict]
        if members:
            # Those of a fallback are the same everywhere, and long.
            reasons = {result.reason for result in members if verdict is not SizeVerdict.FALLBACK}
            reason = reasons.pop() if len(reasons) == 1 else ""
            why = f": {_continue_sentence(reason)}" if reason else ""
            texts.append(f"{verdict} at {_list_rows(members)}{why}")
    return "; ".join(texts)


def _continue_sentence(reason: str) -> str:
    """A sentence as a part of another one. `F1 is lower` keeps its capital."""
    first = reason[:1].lower() if reason[1:2].islower() or reason[1:2] == " " else reason[:1]
    return (first + reason[1:]).rstrip(".")


def _list_rows(results: Sequence[SizeResult]) -> str:
    """`100, 1,000 and 3,000 rows`."""
    *others, last = [f"{result.rows:,}" for result in results]
    return f"{', '.join(others)} and {last} rows" if others else f"{last} rows"


def choose_next_rows(
    sizes: Sequence[int],
    verdicts: Mapping[int, SizeVerdict],
    *,
    start: int,
    fits: Callable[[int], bool] = lambda rows: True,
) -> int | None:
    """Which of `sizes` (in order) to race next; None if the search is over.

    `verdicts` are those of the sizes that were raced, or could not be. First comes the size nearest to `start`, then
    the smallest, then the largest for which `fits` says that a race takes neither too long nor too much memory, and
    then the middle between two neighbours if only one of them is faster. The largest such neighbours come first.
    """
    tried = {rows: verdict for rows, verdict in verdicts.items() if rows in sizes}
    left = [rows for rows in sizes if rows not in tried]
    if not left:
        return None
    failed = [rows for rows, verdict in tried.items() if verdict is SizeVerdict.FAILED]
    raced = {rows: verdict for rows, verdict in tried.items() if rows not in failed}
    counted = sorted(rows for rows, verdict in raced.items() if verdict.counts)
    if not counted and len(tried) >= MIN_SIZES:
        return None  # What refuses the claims, such as other load, would refuse those of all sizes.
    if not raced:
        return min(left, key=lambda rows: (abs(rows - start), rows))
    # A race that failed for its memory or its time fails with more rows too.
    limit = min((rows for rows in failed if rows > max(raced)), default=math.inf)
    larger = [rows for rows in left if max(raced) < rows < limit and fits(rows)]
    if all(verdict is SizeVerdict.FALLBACK for verdict in raced.values()):
        # Mostly the parameters decide which code runs. Where the number of rows does so, more rows are needed.
        return larger[-1] if larger else None
    if left[0] < min(tried) and fits(left[0]):
        return left[0]
    if larger:
        return larger[-1]
    for below, above in reversed(list(pairwise(counted))):
        between = [rows for rows in left if below < rows < above]
        if between and (raced[below] is SizeVerdict.FASTER) != (raced[above] is SizeVerdict.FASTER):
            return _choose_middle(between)
    if counted and all(raced[rows] is SizeVerdict.FASTER for rows in counted):
        # The smallest size does not count: a loss may be next to it.
        last_below = max((rows for rows in tried if rows < counted[0]), default=0)
        if smaller := [rows for rows in left if last_below < rows < counted[0]]:
            return _choose_middle(smaller)
    if len(raced) < MIN_SIZES:
        return _choose_middle([rows for rows in left if min(raced) < rows < max(raced)])
    return None


def _choose_middle(sizes: Sequence[int]) -> int | None:
    return sizes[len(sizes) // 2] if sizes else None


def count_remaining_races(sizes: Sequence[int], verdicts: Mapping[int, SizeVerdict], *, start: int) -> int:
    """The most races that a search can still take, wherever the break-even is, if there is one only and every size
    fits."""
    # With the break-even in front of each size, and behind all.
    return max(_count_races(sizes, verdicts, start, index) for index in range(len(sizes) + 1))


def _count_races(sizes: Sequence[int], verdicts: Mapping[int, SizeVerdict], start: int, break_even: int) -> int:
    tried, count = dict(verdicts), 0
    while (rows := choose_next_rows(sizes, tried, start=start)) is not None:
        tried[rows] = SizeVerdict.FASTER if sizes.index(rows) >= break_even else SizeVerdict.SLOWER
        count += 1
    return count
