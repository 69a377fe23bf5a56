"""Profiles of scripts that were never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.values.output import TextReport
from workloads.script.call_table import is_shown
from workloads.script.measurements import CallSite, ProfileResult, ScriptTimes
from workloads.script.script_call import ScriptCall


def make_site(script: Path, line: int, *path: str, stock_s: float, ran: str = "accelerated", **fields: Any) -> CallSite:
    values: dict[str, Any] = {
        "file": str(script),
        "line": line,
        "source": f"line {line}",
        "path": list(path),
        "in_workers": False,
        "calls": 1,
        "patched_calls": 1,
        "stock_s": stock_s,
        "stock_self_s": stock_s,
        "patched_s": stock_s / 2,
        "patched_self_s": stock_s / 2,
        "errors": 0,
        "ran": ran,
        "reason": "" if ran == "accelerated" else "the reason",
        "log": {},
        "onedal_calls": 1,
        "onedal_s": 0.0,
        "share": stock_s / 10,
        "bound": 2.0,
    }
    return CallSite(**(values | fields))


def make_profile(script: Path, sites: list[CallSite], *, why_no_race: str = "") -> ProfileResult:
    """Of a script whose traced stock run takes 10 s."""
    roots_s = sum(site.stock_s or 0.0 for site in sites if len(site.path) == 1 and not site.in_workers)
    return ProfileResult(
        script=str(script),
        digest=ScriptCall(script, (), 1.0).digest() if script.is_file() else "0" * 64,
        arguments=[],
        times=ScriptTimes(
            stock=9.0, patched=4.0, stock_traced=10.0, patched_traced=5.0, stock_tracing=0.1, patched_tracing=0.1
        ),
        sites=sites,
        left_out=0,
        outside_s=10.0 - roots_s,
        patched_outside_s=1.0,
        accelerated_share=0.5,
        bound=2.0,
        why_no_race=why_no_race,
        text=TextReport(
            heading=["The heading."], tables=[], notes=[f"{sum(map(is_shown, sites))} calls are in the table."]
        ),
    )
