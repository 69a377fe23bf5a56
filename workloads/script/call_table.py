"""The call sites of a profile as rows of text, for the command line and the page."""

from __future__ import annotations

from pathlib import Path

from bench.formatting import format_duration, format_percent, format_ratio
from workloads.script.measurements import CallSite

COLUMNS = ["line", "call", "calls", "stock", "patched", "ran", "share", "at most", "reason"]
MIN_SHOWN_SHARE = 0.01
"""Calls inside of others that scikit-learn-intelex does not replace are shown if they take as much of the run time."""
UNPLACED = "not known"
OUTSIDE = "outside of scikit-learn's calls"
WORKER_MARK = "∥"
"""Marks times of calls in other threads or processes, which may overlap."""


def is_shown(site: CallSite) -> bool:
    """Whether a short table has the call site."""
    if len(site.path) == 1 or site.ran in ("accelerated", "partial", "fallback"):
        return True
    return site.ran != "not called" and (site.share or 0.0) >= MIN_SHOWN_SHARE


def format_place(site: CallSite, script: Path) -> str:
    """The line of the script, with the name of the file if it is another one."""
    if not site.file:
        return UNPLACED
    return str(site.line) if Path(site.file) == script else f"{Path(site.file).name}:{site.line}"


def make_row(site: CallSite, script: Path) -> list[str]:
    """The texts of `COLUMNS` for a call site. Calls inside of others have no line, and are indented."""
    depth = len(site.path) - 1
    mark = f" {WORKER_MARK}" if site.in_workers else ""
    calls = site.patched_calls if site.calls is None else site.calls
    if site.calls is not None and site.patched_calls not in (None, site.calls):
        shown_calls = f"{site.calls:,}, {site.patched_calls:,}"
    else:
        shown_calls = f"{calls:,}"
    seconds = [site.stock_s, site.patched_s]
    return [
        "" if depth else format_place(site, script),
        f"{'  ' * depth}{site.path[-1]}",
        shown_calls,
        *("" if value is None else f"{format_duration(value)}{mark}" for value in seconds),
        site.ran,
        "" if site.share is None else format_share(site.share),
        "" if site.bound is None or depth else format_ratio(site.bound),
        site.reason if site.ran != "accelerated" else "",
    ]


def make_outside_row(stock_s: float, patched_s: float, traced_s: float) -> list[str]:
    """The row of what is outside of all traced calls. `traced_s` is the time of the traced stock run."""
    times = [format_duration(stock_s), format_duration(patched_s)]
    return ["", OUTSIDE, "", *times, "", format_share(stock_s / traced_s), "", ""]


def format_share(share: float) -> str:
    return "< 1 %" if 0 < share < 0.01 else format_percent(share, 0)
