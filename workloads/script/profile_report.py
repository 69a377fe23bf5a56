"""The profile of a script from the traces of its stock and its patched run, as values and as text."""

from __future__ import annotations

import linecache
from collections.abc import Sequence

from bench.formatting import format_count, format_duration, format_ratio
from bench.stats.amdahl import amdahl_ratio
from bench.values.output import Table, TextReport
from workloads.script.call_paths import Decision, decide_paths, measure_accelerated_s
from workloads.script.call_table import COLUMNS, WORKER_MARK, format_share, is_shown, make_outside_row, make_row
from workloads.script.measurements import CallSite, ProfileResult, ScriptTimes
from workloads.script.script_call import ScriptCall
from workloads.script.trace import CallKey, CallTotals, Trace

MAX_SITES = 500
MAX_SHOWN_ROWS = 60
MAX_SOURCE_CHARS = 160
OWN_PATCH = (
    "The script uses scikit-learn-intelex by itself, so there is no stock run to compare with. Remove its lines that "
    "import or patch it, and profile it again."
)
NO_SCIKIT_LEARN = "The script calls nothing of scikit-learn, so scikit-learn-intelex cannot change it"


def make_result(
    call: ScriptCall, times: ScriptTimes, stock: Trace, patched: Trace, notes: Sequence[str]
) -> ProfileResult:
    """Merge both traces. `notes` are further sentences for the text."""
    decisions = decide_paths(patched)
    sites = [_make_site(key, stock, patched, decisions, times) for key in _order_calls(stock, patched)]
    accelerated_share = min(1.0, measure_accelerated_s(stock, decisions) / times.stock_traced)
    bound = _bound(accelerated_share)
    uses_extension = any(totals.patched for totals in stock.calls.values())
    own_patch = OWN_PATCH if uses_extension else ""
    why_no_race = own_patch if sites else f"{NO_SCIKIT_LEARN}."
    notes = [*filter(None, [own_patch]), *notes]
    outside_s, patched_outside_s = (
        max(0.0, run_s - _sum_roots(trace))
        for trace, run_s in ((stock, times.stock_traced), (patched, times.patched_traced))
    )
    text = _write_text(call, times, sites, accelerated_share, (outside_s, patched_outside_s), notes)
    return ProfileResult(
        script=str(call.script),
        digest=call.digest(),
        arguments=list(call.arguments),
        times=times,
        sites=sites[:MAX_SITES],
        left_out=max(0, len(sites) - MAX_SITES),
        outside_s=outside_s,
        patched_outside_s=patched_outside_s,
        accelerated_share=accelerated_share,
        bound=bound,
        why_no_race=why_no_race,
        text=text,
    )


def _sum_roots(trace: Trace) -> float:
    return sum(trace.calls[key].total_s for key in trace.roots() if not trace.calls[key].in_workers)


def _bound(share: float) -> float | None:
    return amdahl_ratio(share, float("inf")) if share < 1 else None


def _order_calls(stock: Trace, patched: Trace) -> list[CallKey]:
    """The outermost calls by time, each followed by the calls inside of it, by time too."""

    def cost(key: CallKey) -> float:
        return max((trace.calls[key].total_s for trace in (stock, patched) if key in trace.calls), default=0.0)

    children: dict[CallKey | None, list[CallKey]] = {}
    for key in dict.fromkeys([*stock.calls, *patched.calls]):
        file, line, path = key
        outer = (file, line, path[:-1]) if len(path) > 1 else None
        children.setdefault(outer, []).append(key)
    ordered: list[CallKey] = []
    waiting = sorted(children.get(None, []), key=cost)
    while waiting:
        key = waiting.pop()
        ordered.append(key)
        waiting += sorted(children.get(key, []), key=cost)
    return ordered


def _make_site(
    key: CallKey, stock: Trace, patched: Trace, decisions: dict[CallKey, Decision], times: ScriptTimes
) -> CallSite:
    file, line, path = key
    before, after = stock.calls.get(key), patched.calls.get(key)
    decision = decisions.get(key, Decision("not called"))
    totals = after or CallTotals()
    in_workers = any(found.in_workers for found in (before, after) if found)
    share = None if in_workers or before is None else min(1.0, before.total_s / times.stock_traced)
    return CallSite(
        file=file,
        line=line,
        source=_read_source(file, line),
        path=list(path),
        in_workers=in_workers,
        calls=before and before.calls,
        patched_calls=after and after.calls,
        stock_s=before and before.total_s,
        stock_self_s=before and max(0.0, before.self_s),
        patched_s=after and after.total_s,
        patched_self_s=after and max(0.0, after.self_s),
        errors=totals.errors,
        ran=decision.ran,
        reason=decision.reason,
        log=dict(totals.messages),
        onedal_calls=totals.onedal_calls,
        onedal_s=totals.onedal_s,
        share=share,
        bound=None if share is None else _bound(share),
    )


def _read_source(file: str, line: int) -> str:
    """The text of a line of the script, without its indentation; empty if it is not known."""
    return linecache.getline(file, line).strip()[:MAX_SOURCE_CHARS] if file else ""


def _write_text(
    call: ScriptCall,
    times: ScriptTimes,
    sites: list[CallSite],
    accelerated_share: float,
    outside_s: tuple[float, float],
    notes: Sequence[str],
) -> TextReport:
    heading = [
        f"{call.script.name}: {format_duration(times.stock)} stock, {format_duration(times.patched)} patched, one run "
        "each from start to exit. The race measures the difference."
    ]
    if not sites:
        return TextReport(heading=heading, tables=[], notes=[f"{NO_SCIKIT_LEARN}.", *notes])
    shown = [site for site in sites if is_shown(site)]
    rows = [make_row(site, call.script) for site in shown[:MAX_SHOWN_ROWS]]
    rows.append(make_outside_row(*outside_s, times.stock_traced))
    text = [_describe_bound(accelerated_share, sites)]
    if hidden := len(sites) - len(rows) + 1:
        text.append(
            f"{format_count(hidden, 'call')} inside of others that take little time or run stock code are in the JSON."
        )
    if any(site.in_workers for site in shown):
        text.append(
            f"Times marked {WORKER_MARK} are sums over threads or processes that work at the same time. The time of "
            "the call above them includes the waiting for them."
        )
    text.append(
        f"Tracing the calls cost about {format_duration(times.stock_tracing)} of the traced stock run "
        f"({format_duration(times.stock_traced)}) and {format_duration(times.patched_tracing)} of the patched one "
        f"({format_duration(times.patched_traced)}). The race runs without tracing."
    )
    return TextReport(
        heading=heading,
        tables=[Table(name="calls", label="Calls of scikit-learn", columns=COLUMNS, rows=rows)],
        notes=[*text, *notes],
    )


def _describe_bound(share: float, sites: Sequence[CallSite]) -> str:
    if not share:
        if any(site.ran in ("accelerated", "partial") and site.in_workers for site in sites):
            return "Calls ran accelerated at the same time as others, so their share of the time is not known."
        return "No call ran accelerated."
    bound = _bound(share)
    most = f"even if they took no time, the script would be at most {format_ratio(bound)} faster" if bound else ""
    taken = f"Calls that ran accelerated take {format_share(share)} of the stock script's time"
    return f"{taken}: {most}." if most else f"{taken}."
