"""What one race shows about the size of its data, for the search for a break-even."""

from __future__ import annotations

from bench.claims.case_table import CasePath, find_path
from bench.claims.headline import is_only_undetected, write_headline
from bench.run.record import Run
from bench.stats.break_even import SizeResult, SizeVerdict, judge_interval


def judge_size(run: Run) -> SizeResult:
    """The verdict on the total of a race that ended.

    A claim that is refused for another reason than its interval counts neither way: faster, but with a lower quality,
    is no win.
    """
    claim, comparison, rows = run.claim(), run.comparison(), run.plan.batch
    ratio = comparison.ratio if comparison else None
    if find_path(run) is CasePath.FALLBACK:
        return SizeResult(rows, SizeVerdict.FALLBACK, ratio, write_headline(run).reason)
    is_sound = claim is not None and (claim.made or is_only_undetected(found.rule for found in claim.refusals))
    if ratio is None or not is_sound:
        return SizeResult(rows, SizeVerdict.NO_CLAIM, ratio, write_headline(run).reason)
    return SizeResult(rows, judge_interval(ratio), ratio)
