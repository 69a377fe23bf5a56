"""Decides by two witnesses which code the calls of a patched script ran: the log, and the calls of oneDAL itself."""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_count
from workloads.script.measurements import CallPath
from workloads.script.trace import ACCELERATED, FALLBACK, CallKey, CallTotals, Trace

NO_ONEDAL = "the log reports the accelerated version, but nothing was computed by oneDAL"
NOT_REPLACED = "scikit-learn-intelex does not replace it"
NO_MESSAGE = "scikit-learn-intelex has no accelerated version of this method"
MIN_STOCK_SHARE = 0.05
"""A call whose inner calls ran accelerated is accelerated as a whole if less of its time was in others."""


@dataclass(frozen=True, slots=True)
class Decision:
    ran: CallPath
    reason: str = ""


def decide_paths(trace: Trace) -> dict[CallKey, Decision]:
    """By call, for a trace of the patched script."""
    decisions: dict[CallKey, Decision] = {}
    # The innermost first, because the path of a call that only makes other calls is that of those.
    for key in sorted(trace.calls, key=lambda key: -len(key[2])):
        decisions[key] = _decide(trace, key, decisions)
    return decisions


def _decide(trace: Trace, key: CallKey, decisions: dict[CallKey, Decision]) -> Decision:
    totals = trace.calls[key]
    inner = {child: decisions[child] for child in trace.children(key)}
    accelerated, fallbacks = totals.count_messages(ACCELERATED), totals.count_messages(FALLBACK)
    causes = "; ".join(totals.list_causes())
    if accelerated and fallbacks:
        return Decision("partial", causes or "some of the calls fell back")
    if fallbacks:
        return Decision("fallback", causes or "fallback to original Scikit-learn")
    if accelerated or totals.onedal_calls:
        return _decide_by_onedal(trace, key, totals)
    if totals.patched and not any(decision.ran != "stock" for decision in inner.values()):
        return Decision("stock", NO_MESSAGE)
    return _decide_by_inner_calls(trace, totals, inner)


def _decide_by_onedal(trace: Trace, key: CallKey, totals: CallTotals) -> Decision:
    """The path of calls whose messages all say that they ran accelerated."""
    if not _count_onedal_calls(trace, key):
        return Decision("fallback", NO_ONEDAL)
    # A call inside of it that belongs to the same work, such as kneighbors in predict, may have made all of them.
    if totals.onedal_calls and totals.calls_with_onedal < totals.calls:
        without = totals.calls - totals.calls_with_onedal
        return Decision("partial", f"{NO_ONEDAL} in {without:,} of {format_count(totals.calls, 'call')}")
    return Decision("accelerated")


def _count_onedal_calls(trace: Trace, key: CallKey) -> int:
    file, line, path = key
    return sum(
        totals.onedal_calls
        for other, totals in trace.calls.items()
        if other[:2] == (file, line) and other[2][: len(path)] == path
    )


def _decide_by_inner_calls(trace: Trace, totals: CallTotals, inner: dict[CallKey, Decision]) -> Decision:
    """The path of calls that have no accelerated version themselves, such as those of a pipeline."""
    paths = {decision.ran for decision in inner.values()}
    slow = [key for key, decision in inner.items() if decision.ran in ("fallback", "partial")]
    # The reason of a call that only makes other calls already begins with the name of one of those.
    reasons = "; ".join(
        dict.fromkeys(
            f"{key[2][-1]}: {inner[key].reason}" if trace.calls[key].patched else inner[key].reason for key in slow
        )
    )
    if paths & {"accelerated", "partial"}:
        others_s = totals.self_s + sum(
            trace.calls[key].total_s for key, decision in inner.items() if decision.ran == "stock"
        )
        if not paths & {"fallback", "partial"} and others_s <= MIN_STOCK_SHARE * totals.total_s:
            return Decision("accelerated")
        return Decision("partial", reasons or "a part of it runs stock code")
    if "fallback" in paths:
        return Decision("fallback", reasons)
    return Decision("stock", NOT_REPLACED if not totals.patched else NO_MESSAGE)


def measure_accelerated_s(stock: Trace, decisions: dict[CallKey, Decision]) -> float:
    """Seconds of the stock run in calls that ran accelerated when patched, without those in workers."""
    return sum(_measure(stock, key, decisions) for key in stock.roots() if not stock.calls[key].in_workers)


def _measure(stock: Trace, key: CallKey, decisions: dict[CallKey, Decision]) -> float:
    decision = decisions.get(key)
    totals = stock.calls[key]
    if decision is None:
        return 0.0
    if decision.ran == "accelerated":
        return totals.total_s
    if decision.ran != "partial":
        return 0.0
    inner = stock.children(key)
    in_workers = [child for child in inner if stock.calls[child].in_workers]
    if in_workers:
        # Their times overlap: the share of their time that is accelerated is that of the call's own waiting for them.
        all_s = sum(stock.calls[child].total_s for child in in_workers)
        share = sum(_measure(stock, child, decisions) for child in in_workers) / all_s if all_s else 0.0
        own = [child for child in inner if child not in in_workers]
        return sum(_measure(stock, child, decisions) for child in own) + share * totals.self_s
    return sum(_measure(stock, child, decisions) for child in inner)
