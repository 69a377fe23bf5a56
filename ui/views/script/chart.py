"""Where the time of a stock script goes: one bar for each place that calls scikit-learn, and one for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import plotly.graph_objects as go

from bench.formatting import format_duration, format_ratio
from bench.values.base import Arm
from ui.charts.labels import wrap_html
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, arm_style, faint_colour, line_colours, published_colour
from workloads.script.call_table import OUTSIDE, format_place, format_share
from workloads.script.measurements import CallSite, ProfileResult

MAX_BARS = 12
"""Further places share one bar."""
OUTSIDE_GROUP = "outside"
GROUPS = {
    "accelerated": "accelerated",
    "partial": "partial",
    "fallback": "fallback",
    "stock": "stock",
    "not called": "not called when patched",
    OUTSIDE_GROUP: "outside of scikit-learn",
}
"""What ran in the patched script, and its label in the legend."""
ROW_PX = 30
AXES_PX = 104
TEXT_ROOM = 1.16
"""The axis is as much longer than the longest bar, for the text beside it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time of the traced stock run."""

    row: int
    """From 0, the first row on top."""
    group: str
    seconds: float
    text: str
    """Beside the bar."""
    hover: str


def list_parts(result: ProfileResult) -> tuple[list[str], list[Part]]:
    """The labels of the rows, and what is drawn in them. The seconds add up to the time of the traced stock run, but
    for calls in other threads and processes, whose times overlap."""
    script, traced_s = Path(result.script), result.times.stock_traced
    roots = [site for site in result.sites if len(site.path) == 1 and site.stock_s is not None and not site.in_workers]
    roots.sort(key=lambda site: -(site.stock_s or 0.0))
    labels: list[str] = []
    parts: list[Part] = []
    for site in roots[:MAX_BARS]:
        seconds = site.stock_s or 0.0
        share = format_share(seconds / traced_s)
        parts.append(Part(len(labels), site.ran, seconds, share, _describe_site(site, script, share)))
        labels.append(f"{format_place(site, script)}  {site.path[-1]}")
    if others := roots[MAX_BARS:]:
        parts += _sum_others(others, len(labels), traced_s)
        labels.append(f"{len(others):,} other places")
    share = format_share(result.outside_s / traced_s)
    hover = f"<b>{OUTSIDE}</b><br>{format_duration(result.outside_s)}, {share} of the traced stock run"
    parts.append(Part(len(labels), OUTSIDE_GROUP, result.outside_s, share, hover))
    labels.append("outside of scikit-learn")
    return labels, parts


def _sum_others(sites: Sequence[CallSite], row: int, traced_s: float) -> list[Part]:
    """One part for each group that they have; the last has the text for all."""
    groups = [group for group in GROUPS if any(site.ran == group for site in sites)]
    total_s = sum(site.stock_s or 0.0 for site in sites)
    parts: list[Part] = []
    for group in groups:
        seconds = sum(site.stock_s or 0.0 for site in sites if site.ran == group)
        text = format_share(total_s / traced_s) if group == groups[-1] else ""
        parts.append(Part(row, group, seconds, text, f"{format_duration(seconds)}, {GROUPS[group]}"))
    return parts


def _describe_site(site: CallSite, script: Path, share: str) -> str:
    lines = [f"<b>{format_place(site, script)}  {site.path[-1]}</b>"]
    lines += [wrap_html(site.source)] if site.source else []
    lines.append(f"{format_duration(site.stock_s or 0.0)} stock, {share} of the traced run")
    lines += [f"{format_duration(site.patched_s)} patched"] if site.patched_s is not None else []
    lines += [f"at most {format_ratio(site.bound)} for the script"] if site.bound else []
    lines.append(f"{GROUPS[site.ran]}{f': {wrap_html(site.reason)}' if site.reason else ''}")
    return "<br>".join(lines)


def build_profile_figure(result: ProfileResult, theme: Theme = "light") -> go.Figure:
    """Seconds of the traced stock run by place, in the colour and pattern of what the patched script ran there."""
    labels, parts = list_parts(result)
    traces = []
    for group, name in GROUPS.items():
        members = [part for part in parts if part.group == group]
        if not members:
            continue
        colour, pattern = _style(group, theme)
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": [part.seconds for part in members],
                "y": [part.row for part in members],
                "text": [part.text for part in members],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": colour, "pattern": {"shape": pattern}},
                "hovertext": [part.hover for part in members],
                "hovertemplate": "%{hovertext}<extra></extra>",
                "name": name,
            }
        )
    rows = {row: sum(part.seconds for part in parts if part.row == row) for row in range(len(labels))}
    layout = {
        "barmode": "stack",
        "showlegend": True,
        "legend": {"traceorder": "normal"},
        "xaxis": {
            "title": {"text": "time in the traced stock run [s]"},
            "range": [0, TEXT_ROOM * max(rows.values())],
            "showgrid": True,
        },
        "yaxis": {
            "tickvals": list(rows),
            "ticktext": labels,
            "range": [len(labels) - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
        },
        "margin": MARGINS,
    }
    return new_figure(theme, AXES_PX + ROW_PX * len(labels), traces, layout)


def _style(group: str, theme: Theme) -> tuple[str, str]:
    """Colour and Plotly pattern of a group."""
    accelerated, stock = (arm_style(arm, theme).colour for arm in (Arm.ACCELERATED, Arm.BASELINE))
    return {
        "accelerated": (accelerated, ""),
        "partial": (accelerated, "/"),
        "fallback": (published_colour(theme), "x"),
        "stock": (stock, "-"),
        "not called": (line_colours(theme)[1], "."),
        OUTSIDE_GROUP: (faint_colour(theme), "."),
    }[group]
