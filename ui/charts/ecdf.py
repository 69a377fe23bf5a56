"""The empirical distribution of the times of one step: for every time, the share of the samples that took no longer."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import format_count, format_duration, format_median, format_percentile
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison
from ui.charts.axes import MAX_LABEL_LINE_CHARS, TimeUnit, build_log_axis
from ui.charts.labels import build_note, step_time_label
from ui.charts.race import MIN_LOG_SCALE_RATIO
from ui.design.plotly_template import new_figure
from ui.design.theme import PALETTES, Theme, arm_style

MAX_CURVE_POINTS = 500
"""Most points of a curve; of more samples, evenly spaced ones are drawn, always with the fastest and the slowest."""
LABEL_ROOM = 0.36
"""Room for the arms' names on each side of the samples, as a share of their range."""
FASTER_LABEL_SHARE, SLOWER_LABEL_SHARE = 84, 16
"""Height of the arms' names [%]: left of the faster arm's curve near its top and right of the slower one's near its
bottom, where no curve is."""
HALF_LABEL_SHARE = 18
"""Half of the height of a name [%]: no curve may cross it there."""


def build_ecdf_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 300) -> go.Figure:
    """A curve for each arm over all samples of the race, or over all single requests if the step has any, named at the
    curve. Every sample is in view."""
    requests = {arm: _list_requests(run, arm, step) for arm in Arm}
    noun = "request" if all(requests.values()) else "sample"
    samples = {arm: [sample.seconds(step) for sample in run.samples_of(arm)] for arm in Arm}
    times = {arm: sorted(requests[arm] if noun == "request" else samples[arm]) for arm in Arm}
    every = [seconds for arm in Arm for seconds in times[arm]]
    unit, comparison = TimeUnit.of_all(every), run.comparison(step)
    title = {"text": f"{step_time_label(run, step)} [{unit.name}]"}
    layout = {
        "showlegend": False,
        "xaxis": {"title": title, "showgrid": True, "nticks": 8},
        "yaxis": {
            "title": {"text": f"share of {noun}s [%]"},
            "range": [-2, 102],
            "tickvals": [0, 25, 50, 75, 100],
            "zeroline": False,
        },
    }
    if comparison is None or not all(times.values()):
        return new_figure(theme, height, [], layout | {"annotations": [build_note("No pairs yet", centred=True)]})
    logarithmic = max(every) > MIN_LOG_SCALE_RATIO * min(every) > 0
    if logarithmic:
        scale = build_log_axis(unit(seconds) for seconds in every)
        layout["xaxis"] |= scale | {"title": {"text": f"{title['text']}, log"}}
    ends = _curve_ends(every, logarithmic)
    layout["xaxis"]["range"] = [math.log10(unit(end)) if logarithmic else unit(end) for end in ends]
    layout["shapes"] = [_median_guide(theme)]
    layout["annotations"] = _name_labels(run, times, comparison, unit, theme, logarithmic)
    return new_figure(
        theme, height, [_curve_trace(run, arm, times[arm], noun, ends, unit, theme) for arm in Arm], layout
    )


def _list_requests(run: Run, arm: Arm, step: str) -> list[float]:
    """The times of single requests in seconds; empty if the step has none."""
    return [time_ns / 1e9 for sample in run.samples_of(arm) for time_ns in sample.request_ns(step)]


def _curve_ends(times: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    """The ends of the axis in seconds, with room for the names."""
    low, high = min(times), max(times)
    if logarithmic:
        margin = (high / low) ** LABEL_ROOM
        return low / margin, high * margin
    padding = LABEL_ROOM * (high - low) or 0.05 * high
    return max(0.0, low - padding), high + padding


def _choose_ranks(count: int) -> list[int]:
    """Ranks of the samples to draw, from 1."""
    stride = math.ceil(count / MAX_CURVE_POINTS)
    return sorted({*range(1, count + 1, stride), count})


def _curve_trace(
    run: Run,
    arm: Arm,
    times: Sequence[float],
    noun: str,
    ends: tuple[float, float],
    unit: TimeUnit,
    theme: Theme,
) -> dict:
    """A curve of steps from 0 % at the left end of the axis to 100 % at the right."""
    style, name, count = arm_style(arm, theme), run.snapshot.arms[arm], len(times)
    ranks = _choose_ranks(count)
    samples = format_count(count, noun)
    hover = [f"{rank} of {samples} took at most {format_duration(times[rank - 1])}" for rank in ranks]
    return {
        "type": "scatter",
        "mode": "lines+markers" if count <= 60 else "lines",
        "x": [unit(ends[0]), *(unit(times[rank - 1]) for rank in ranks), unit(ends[1])],
        "y": [0, *(round(100 * rank / count, 2) for rank in ranks), 100],
        "line": {"shape": "hv", "color": style.colour, "dash": style.dash, "width": 2},
        "marker": {
            "symbol": style.symbol,
            "color": style.colour,
            "size": [0, *([6] * len(ranks)), 0],
            "line": {"width": 1.4, "color": style.colour},
        },
        "customdata": [hover[0], *hover, hover[-1]],
        "name": name,
        "hovertemplate": f"<b>{name}</b><br>%{{customdata}}<extra></extra>",
    }


def _median_guide(theme: Theme) -> dict:
    line = {"color": PALETTES[theme].faint, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 50, "y1": 50, "layer": "below", "line": line}


def _name_labels(
    run: Run, times: dict[Arm, list[float]], comparison: Comparison, unit: TimeUnit, theme: Theme, logarithmic: bool
) -> list[dict]:
    """Each arm's name and median at its curve."""
    slower = max(Arm, key=lambda arm: comparison.summary(arm).median)
    labels = []
    for arm in Arm:
        style, sorted_s = arm_style(arm, theme), times[arm]
        if arm is slower:
            share, at = SLOWER_LABEL_SHARE, unit(_quantile(sorted_s, SLOWER_LABEL_SHARE + HALF_LABEL_SHARE))
        else:
            share, at = FASTER_LABEL_SHARE, unit(_quantile(sorted_s, FASTER_LABEL_SHARE - HALF_LABEL_SHARE))
        name = "<br>".join(textwrap.wrap(run.snapshot.arms[arm], MAX_LABEL_LINE_CHARS))
        summary = comparison.summary(arm)
        median = format_percentile(summary, "p50") or format_median(summary)
        labels.append(
            {
                # On a logarithmic axis Plotly positions annotations by the logarithm.
                "x": math.log10(at) if logarithmic else at,
                "y": share,
                "xanchor": "left" if arm is slower else "right",
                "xshift": 8 if arm is slower else -8,
                "text": f"{style.glyph} <b>{name}</b><br>median {median}",
                "align": "left" if arm is slower else "right",
                "font": {"color": style.colour},
            }
        )
    return labels


def _quantile(times: Sequence[float], percent: float) -> float:
    """The time that `percent` of the sorted times do not exceed."""
    return times[max(0, math.ceil(percent / 100 * len(times)) - 1)]
