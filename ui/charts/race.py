"""What a run looks like: pure functions from a run to a Plotly figure.

Positions are in the unit that suits the figure (ms, µs …), which its axis names; what is hovered over tells the
absolute numbers. Figures have no title: the page writes one above.
"""

from __future__ import annotations

import bisect
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

import plotly.graph_objects as go

from bench.claims.verdict import duration, figure, interval_text, ratio_figure, share_kept
from bench.run.record import Run
from bench.values import Comparison, Measure, Phase, Side, Summary
from bench.workload.declaration import WHOLE, Published, Workload
from ui.design import theme as design_theme
from ui.design.theme import Theme

RACE_POINTS = 500
"""Samples an arm that the race chart draws; beyond, the lowest and the highest of every few."""
LIVE_POINTS = 200
"""The same while the race is on, since the browser draws beside it."""
SPREAD_POINTS = 400
"""Samples an arm that the distribution draws."""
ESTIMATES = 160
"""Points of the ratio's course."""
BEYOND = 3.0
"""Times the slower arm's median beyond which a sample stands on the edge of the axis, as a triangle."""
FARTHEST = 30.0
"""Ratio, either way, beyond which one of very many steps stands on the edge of the axis, as a triangle."""
REFUSED = "<br>nothing is claimed of it: choose it above, and see the claim"
NO_WORK = "<br>no work was done in an arm: nothing to compare, and no part of the whole"
CROWDED = 12
"""Steps beyond which their rows are low, and the ratios stand beside them."""
WIDE = 12.0
"""Ratio from which the arms' times stand on a logarithmic axis."""
TICKS = (
    0.0001,
    0.001,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.33,
    0.5,
    0.67,
    0.8,
    0.9,
    1,
    1.1,
    1.25,
    1.5,
    2,
    3,
    4,
    6,
    8,
    10,
    15,
    20,
    30,
    50,
    100,
    200,
    500,
)
"""Where a logarithmic axis of ratios may have a tick."""


# --- the race ---


def race(run: Run, step: str = WHOLE, theme: Theme = "light", *, live: bool = False, height: int = 350) -> go.Figure:
    """Every sample as it landed, both arms, and below the interval of the ratio as it closed."""
    layout = design_theme.layout(height)
    samples = _timed(run, step)
    everything = [point.seconds for points in samples.values() for point in points]
    unit = Unit.of(_typical(everything))
    whole = run.comparison(step)
    logarithmic = whole is not None and not 1 / WIDE < whole.ratio.value < WIDE
    top = _top(samples)
    traces: list[dict] = []
    most = LIVE_POINTS if live else RACE_POINTS
    thinned = 0
    for side in Side:
        drawn, count = _race_traces(run, side, samples[side], unit, theme, most, top)
        traces += drawn
        thinned = max(thinned, count)
    traces += _ratio_traces(run, step, theme)
    layout |= {
        "xaxis": _seconds_axis(run, samples) | {"anchor": "y2"},
        "yaxis": _time_axis(f"{_per_call(run, step)} [{unit.name}]", unit, everything, top, logarithmic)
        | {"domain": [0.36, 1]},
        "yaxis2": _ratio_axis(run, step) | {"domain": [0, 0.27], "anchor": "x"},
        "shapes": [_level("y2", 1, design_theme.faint(theme), "dot"), *_median_lines(whole, unit, theme)],
        "annotations": [*_median_labels(whole, unit, theme, logarithmic), *_ratio_label(run, step, theme)],
        "margin": {"l": 8, "r": 64, "t": 8, "b": 8},
        "showlegend": False,
    }
    if thinned:
        layout["annotations"].append(_note(f"{most} of {thinned:,} samples an arm drawn, the extremes among them"))
    if not everything:
        layout["annotations"].append(_note("The first sample lands when both arms are ready", middle=True))
    return go.Figure({"data": traces, "layout": layout})


@dataclass(frozen=True, slots=True)
class Point:
    """One sample on the time axis."""

    at: float
    """When it landed, seconds from the start of the run."""
    seconds: float
    pair: int
    warm_up: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time, and how many of it are a second."""

    name: str
    factor: float

    @classmethod
    def of(cls, seconds: float) -> Unit:
        for name, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
            if seconds * factor >= 0.9995:
                return cls(name, factor)
        return cls("ns", 1e9) if seconds else cls("ms", 1e3)

    def __call__(self, seconds: float) -> float:
        """Six digits are more than is seen, and less to send."""
        return float(f"{seconds * self.factor:.6g}")


def log_seconds(seconds: Iterable[float]) -> dict:
    """A logarithmic axis of times, each tick in the unit that suits it: '500 µs', '2 ms'."""

    def text(tick: float) -> str:
        unit = Unit.of(tick)
        return f"{design_theme.written(unit(tick))} {unit.name}"

    return design_theme.log_axis(seconds, text)


def _timed(run: Run, step: str) -> dict[Side, list[Point]]:
    """Each arm's samples of warm-up and race, in one pass: there may be thousands, and this is done beside the race."""
    timed: dict[Side, list[Point]] = {side: [] for side in Side}
    cores = run.plan.cores
    for sample in run.samples:
        phase = sample.phase
        if phase is Phase.CORES or sample.cores != cores:
            continue
        measured = sample.measurement
        at = round(measured.began + measured.wall_s, 3)
        timed[sample.side].append(Point(at, sample.seconds(step), sample.pair, phase is not Phase.RACE))
    return timed


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` of the points, in order: the lowest and the highest of every few, so that no extreme is lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(2 * len(points) / most)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        few = points[start : start + size]
        ends = {id(point): point for point in (min(few, key=_seconds), max(few, key=_seconds))}
        kept += [point for point in few if id(point) in ends]
    return kept


def _seconds(point: Point) -> float:
    return point.seconds


def _race_traces(
    run: Run, side: Side, points: list[Point], unit: Unit, theme: Theme, most: int, top: float
) -> tuple[list[dict], int]:
    """An arm's traces, and how many samples of the race it has where not all are drawn."""
    look, name = design_theme.look(side, theme), _arm(run, side)
    raced = [point for point in points if not point.warm_up]
    drawn = thin(raced, most)
    warm_up = [point for point in points if point.warm_up and point.seconds <= top]
    dim = {"symbol": look.dim_symbol, "color": look.colour, "size": 6, "opacity": 0.45}
    size, opacity = (7, 0.9) if len(drawn) <= 120 else (5, 0.7)
    full = {"symbol": look.symbol, "color": look.colour, "size": size, "line": {"width": 1.4}, "opacity": opacity}
    traces = [
        _points(warm_up, unit, f"{name}, warm-up", dim, side is Side.BASELINE, "warm-up", theme),
        _points([p for p in drawn if p.seconds <= top], unit, name, full, True, side.value, theme),
    ]
    beyond = [p for p in drawn + [q for q in points if q.warm_up] if p.seconds > top]
    if beyond:
        edge = {"symbol": "triangle-up-open", "color": look.colour, "size": 9}
        trace = _points(beyond, unit, f"{name}, beyond the axis", edge, True, f"beyond-{side}", theme)
        traces.append(trace | {"y": [unit(top)] * len(beyond), "name": f"{look.glyph} beyond the axis"})
    return traces, len(raced) if len(drawn) < len(raced) else 0


def _points(points: list[Point], unit: Unit, name: str, marker: dict, legend: bool, group: str, theme: Theme) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.at for point in points],
        "y": [unit(point.seconds) for point in points],
        "text": [duration(point.seconds) for point in points],
        "customdata": [point.pair for point in points],
        "marker": marker,
        "name": "warm-up" if group == "warm-up" else name,
        "legendgroup": group,
        "showlegend": legend,
        "hovertemplate": f"<b>{name}</b><br>%{{text}}<br>at %{{x:.1f}} s, pair %{{customdata}}<extra></extra>",
    }


def _top(samples: dict[Side, list[Point]]) -> float:
    """The time beyond which a sample stands on the edge of the axis; the end of the axis where none is beyond."""
    middles = [
        _middle([p.seconds for p in points if not p.warm_up] or [p.seconds for p in points])
        for points in samples.values()
    ]
    return max(middles, default=0.0) * BEYOND or math.inf


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def _typical(values: Sequence[float]) -> float:
    return _middle(values)


def _time_axis(title: str, unit: Unit, seconds: Sequence[float], top: float, logarithmic: bool) -> dict:
    """From zero, so that lengths may be compared; logarithmic where the arms are too far apart for that."""
    axis = {"title": {"text": title}, "automargin": True, "fixedrange": False}
    if not seconds:
        return axis | {"range": [0, 1], "showticklabels": False}
    if logarithmic:
        return axis | {"type": "log", "title": {"text": f"{title}, log"}, "dtick": 1, "minor": {"dtick": "D2"}}
    return axis | {"range": [0, unit(min(max(seconds), top)) * 1.08]}


def _seconds_axis(run: Run, samples: dict[Side, list[Point]]) -> dict:
    axis = {"title": {"text": "since the start of the run [s]"}, "showgrid": False, "zeroline": False}
    ends = [points[place].at for points in samples.values() if points for place in (0, -1)]
    if not ends:
        return axis | {"range": [0, max(1.0, run.last_at)], "showticklabels": False}
    pad = max(0.25, 0.015 * (max(ends) - min(ends)))
    return axis | {"range": [min(ends) - pad, max(ends) + pad]}


def _ratio_traces(run: Run, step: str, theme: Theme) -> list[dict]:
    """The ratio's course and its interval."""
    told = [estimate for estimate in run.estimates if step in estimate.ratios]
    if len(told) > ESTIMATES:
        stride = math.ceil(len(told) / ESTIMATES)
        told = told[::stride] + ([told[-1]] if (len(told) - 1) % stride else [])
    at = [round(estimate.at, 2) for estimate in told]
    ratios = [estimate.ratios[step] for estimate in told]
    low, high = ([round(getattr(ratio, end), 4) for ratio in ratios] for end in ("low", "high"))
    ink = design_theme.ink(theme)
    edge = {"type": "scatter", "mode": "lines", "x": at, "yaxis": "y2", "hoverinfo": "skip", "showlegend": False}
    return [
        edge | {"y": low, "line": {"width": 0}},
        edge | {"y": high, "line": {"width": 0}, "fill": "tonexty", "fillcolor": design_theme.see_through(ink, 0.14)},
        {
            "type": "scatter",
            "mode": "lines+markers" if len(at) < 40 else "lines",
            "x": at,
            "y": [round(ratio.value, 4) for ratio in ratios],
            "yaxis": "y2",
            "line": {"color": ink, "width": 1.8},
            "marker": {"size": 4, "color": ink},
            "customdata": [f"{r.low:.3f} to {r.high:.3f}, {e.pairs} pairs" for r, e in zip(ratios, told, strict=True)],
            "name": "ratio with 95 % interval",
            "showlegend": False,
            "hovertemplate": "<b>ratio %{y:.3f}x</b><br>%{customdata}<br>at %{x:.1f} s<extra></extra>",
        },
    ]


def _ratio_axis(run: Run, step: str) -> dict:
    """Around 1 and the interval as it was once it meant something; the first, wide ones run out of the picture."""
    axis = {"title": {"text": "ratio, 95 %"}, "ticksuffix": "x", "nticks": 4, "zeroline": False, "automargin": True}
    ratios = [estimate.ratios[step] for estimate in run.estimates if step in estimate.ratios]
    if not ratios:
        return axis | {"range": [0.5, 2.5], "showticklabels": False}
    settled = ratios[len(ratios) // 3 :]
    ends = [1.0, *(ratio.low for ratio in settled), *(ratio.high for ratio in settled)]
    pad = max(0.06 * (max(ends) - min(ends)), 0.01)
    return axis | {"range": [min(ends) - pad, max(ends) + pad]}


def _median_lines(comparison: Comparison | None, unit: Unit, theme: Theme) -> list[dict]:
    if comparison is None:
        return []
    return [
        _level(
            "y",
            unit(getattr(comparison, side).median),
            design_theme.look(side, theme).colour,
            design_theme.look(side, theme).dash,
        )
        for side in Side
    ]


def _median_labels(comparison: Comparison | None, unit: Unit, theme: Theme, logarithmic: bool) -> list[dict]:
    """The medians at the right end of their lines: the slower one's above its line, the faster one's below."""
    if comparison is None:
        return []
    slower = Side.BASELINE if comparison.baseline.median >= comparison.accelerated.median else Side.ACCELERATED
    return [
        {
            "x": 1,
            "xref": "paper",
            "xanchor": "left",
            "xshift": 4,
            "y": math.log10(unit(median)) if logarithmic else unit(median),
            "yref": "y",
            "yanchor": "bottom" if side is slower else "top",
            "text": f"{design_theme.look(side, theme).glyph} <b>{duration(median)}</b>",
            "font": {"color": design_theme.look(side, theme).colour, "size": 12},
            "showarrow": False,
        }
        for side in Side
        for median in [getattr(comparison, side).median]
    ]


def _ratio_label(run: Run, step: str, theme: Theme) -> list[dict]:
    comparison = run.comparison(step)
    if comparison is None:
        return []
    label = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 4, "y": comparison.ratio.value, "yref": "y2"}
    return [
        label
        | {
            "text": f"<b>{ratio_figure(comparison.ratio.value)}</b>",
            "font": {"color": design_theme.ink(theme), "size": 12},
            "showarrow": False,
        }
    ]


def _level(axis: str, at: float, colour: str, dash: str) -> dict:
    """A line across the whole width."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": at,
        "y1": at,
        "line": {"color": colour, "width": 1.2, "dash": dash},
        "layer": "below",
    }


def _note(text: str, *, middle: bool = False) -> dict:
    """A remark in the figure itself."""
    place = (
        {"x": 0.5, "y": 0.6, "xanchor": "center"} if middle else {"x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    )
    return {"text": text, "xref": "paper", "yref": "paper", "showarrow": False, "font": {"size": 12}} | place


# --- one step's times ---


def distribution(run: Run, step: str = WHOLE, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """Box and points of both arms; outliers are marked, and none is left out of the statistics."""
    comparison = run.comparison(step)
    times = {side: [sample.seconds(step) for sample in run.of_side(side)] for side in Side}
    unit = Unit.of(_typical([seconds for series in times.values() for seconds in series]))
    layout = design_theme.layout(height) | {
        "showlegend": False,
        "yaxis": _arms_axis(run),
        "xaxis": {"title": {"text": f"{_per_call(run, step)} [{unit.name}]"}, "zeroline": False, "nticks": 6},
    }
    traces: list[dict] = []
    if comparison is None:
        layout["annotations"] = [_note("No pair yet", middle=True)]
        return go.Figure({"data": traces, "layout": layout})
    edge = max(_edge(getattr(comparison, side)) for side in Side)
    for side in Side:
        summary = getattr(comparison, side)
        traces += [_box(run, side, times[side], summary, unit, theme)]
        traces += _strip(run, side, times[side], summary, unit, theme, edge)
    if any(len(series) > SPREAD_POINTS for series in times.values()):
        count = max(len(series) for series in times.values())
        layout["xaxis"]["title"]["text"] += f"<br><sub>{SPREAD_POINTS} of {count:,} points an arm drawn</sub>"
    return go.Figure({"data": traces, "layout": layout})


def _edge(summary: Summary) -> float:
    """The time beyond which an outlier stands on the edge of the axis."""
    return max(summary.upper_quartile + 8 * (summary.upper_quartile - summary.lower_quartile), 1.2 * summary.median)


def _box(run: Run, side: Side, times: list[float], summary: Summary, unit: Unit, theme: Theme) -> dict:
    """The box from the run's own statistics, so that its numbers are those of the tables."""
    look = design_theme.look(side, theme)
    outliers = set(summary.outliers)
    inside = [seconds for place, seconds in enumerate(times) if place not in outliers] or [summary.median]
    return {
        "type": "box",
        "orientation": "h",
        "y": [_ROW[side]],
        "lowerfence": [unit(min(inside))],
        "q1": [unit(summary.lower_quartile)],
        "median": [unit(summary.median)],
        "q3": [unit(summary.upper_quartile)],
        "upperfence": [unit(max(inside))],
        "width": 0.34,
        "line": {"color": look.colour, "width": 1.8},
        "fillcolor": look.soft,
        "name": _arm(run, side),
        "hoverinfo": "skip",
    }


def _strip(
    run: Run, side: Side, times: list[float], summary: Summary, unit: Unit, theme: Theme, edge: float
) -> list[dict]:
    """Every sample below its box; outliers as crosses, those beyond the axis as triangles on its edge; percentiles."""
    look, name, row = design_theme.look(side, theme), _arm(run, side), _ROW[side]
    outliers = set(summary.outliers)
    places = range(len(times))
    if len(times) > SPREAD_POINTS:
        stride = math.ceil(len(times) / SPREAD_POINTS)
        places = sorted({*range(0, len(times), stride), *summary.outliers[:SPREAD_POINTS]})

    def trace(chosen: list[int], word: str, marker: dict) -> dict:
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [unit(min(times[place], edge)) for place in chosen],
            "y": [row - 0.34 + _jitter(place) for place in chosen],
            "text": [duration(times[place]) for place in chosen],
            "marker": {"color": look.colour} | marker,
            "hovertemplate": f"<b>{name}</b>{word}<br>%{{text}}<extra></extra>",
        }

    ordinary = [place for place in places if place not in outliers]
    beyond = [place for place in places if times[place] > edge]
    odd = [place for place in places if place in outliers and times[place] <= edge]
    traces = [
        trace(ordinary, "", {"symbol": look.symbol, "size": 5, "opacity": 0.55}),
        trace(odd, ", outlier", {"symbol": "x-thin-open", "size": 7, "line": {"width": 1.6}}),
        trace(beyond, ", outlier beyond the axis", {"symbol": "triangle-right-open", "size": 8}),
    ]
    tails = [(word, at) for word, at in (("p90", summary.p90), ("p99", summary.p99)) if at is not None and at <= edge]
    return [trace for trace in traces if trace["x"]] + [_tail(side, name, word, at, unit, theme) for word, at in tails]


def _tail(side: Side, name: str, word: str, at: float, unit: Unit, theme: Theme) -> dict:
    look = design_theme.look(side, theme)
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [unit(at)],
        "y": [_ROW[side] + 0.2],
        "text": [word],
        "textposition": "top center",
        "textfont": {"size": 10, "color": look.colour},
        "marker": {"symbol": "triangle-down", "size": 7, "color": look.colour},
        "hovertemplate": f"<b>{name}</b><br>{word} {duration(at)}<extra></extra>",
    }


def _jitter(place: int) -> float:
    """Spreads neighbours apart, the same way each time."""
    return ((place * 0.618034) % 1 - 0.5) * 0.2


def throughput(run: Run, step: str = WHOLE, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """Bars of the work done a second, from the median time; whiskers from the quartiles."""
    comparison = run.comparison(step)
    unit = run.plan.declaration.unit
    layout = design_theme.layout(height) | {"showlegend": False, "yaxis": _arms_axis(run)}
    if comparison is None:
        layout |= {"xaxis": {"title": {"text": f"{unit} a second"}, "range": [0, 1], "showticklabels": False}}
        layout["annotations"] = [_note("No pair yet", middle=True)]
        return go.Figure({"data": [], "layout": layout})
    factor, prefix = _large(max(comparison.baseline.throughput, comparison.accelerated.throughput))
    layout["xaxis"] = {"title": {"text": f"{prefix}{unit} a second"}, "rangemode": "tozero", "nticks": 6}
    traces = [_bar(run, side, getattr(comparison, side), factor, prefix + unit, theme) for side in Side]
    return go.Figure({"data": traces, "layout": layout})


def _bar(run: Run, side: Side, summary: Summary, factor: float, unit: str, theme: Theme) -> dict:
    look = design_theme.look(side, theme)
    rate = summary.throughput / factor
    work = rate * summary.median
    fast = work / summary.lower_quartile if summary.lower_quartile else rate
    slow = work / summary.upper_quartile if summary.upper_quartile else rate
    return {
        "type": "bar",
        "orientation": "h",
        "y": [_ROW[side]],
        "x": [float(f"{rate:.6g}")],
        "width": 0.5,
        "marker": {
            "color": look.soft if look.pattern else look.colour,
            "line": {"color": look.colour, "width": 1.5},
            "pattern": {"shape": look.pattern, "fgcolor": look.colour, "fgopacity": 0.35, "size": 7},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, fast - rate)],
            "arrayminus": [max(0.0, rate - slow)],
            "color": design_theme.ink(theme),
            "thickness": 1.5,
            "width": 6,
        },
        "text": [f"<b>{_digits(rate)}</b>"],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "textfont": {"color": design_theme.ink(theme) if look.pattern else look.on, "size": 14},
        "hovertemplate": (
            f"<b>{_arm(run, side)}</b><br>{_digits(rate)} {unit}/s at the median of {duration(summary.median)}"
            f"<br>{_digits(slow)} to {_digits(fast)} between the quartiles<extra></extra>"
        ),
    }


def accuracy(run: Run, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """How much of the baseline's accuracy the accelerated arm keeps, for every decisive measure; the limit beside."""
    pairs = decisive(run)
    limit = 100 * run.plan.accuracy_limit
    layout = design_theme.layout(height) | {"showlegend": False}
    if not pairs and (found := compared(run)):
        return _equality(found, height, theme)
    if not pairs:
        why = (
            "Not measured yet"
            if run.plan.declaration.lever.changes_arithmetic
            else "The lever does not change the arithmetic"
        )
        axis = {"title": {"text": "of the baseline's accuracy [%]"}, "range": [98, 101]}
        return go.Figure({"data": [], "layout": layout | {"xaxis": axis, "annotations": [_note(why, middle=True)]}})
    rows = list(range(len(pairs) - 1, -1, -1))
    kept = [100 * share_kept(baseline, accelerated) for baseline, accelerated in pairs]
    ends = [100.0, limit, *kept]
    pad = 0.12 * (max(ends) - min(ends)) + 0.05
    low, high = min(ends) - 2 * pad, max(ends) + 2 * pad
    layout |= {
        "xaxis": {
            "title": {"text": "of the baseline's accuracy [%]"},
            "range": [low, high],
            "zeroline": False,
            "nticks": 5,
        },
        "yaxis": {
            "tickvals": rows,
            "ticktext": ["<br>".join(textwrap.wrap(a.label, 16)) for a, _ in pairs],
            "range": [-0.7, len(pairs) - 0.3],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
        },
        "shapes": [_limit_zone(low, limit, theme)],
        "annotations": [_limit_label(limit, theme), *_absolute_labels(pairs, rows, theme)],
    }
    return go.Figure({"data": _dumbbells(run, pairs, kept, rows, theme), "layout": layout})


def decisive(run: Run) -> list[tuple[Measure, Measure]]:
    """The measures that a claim stands on, of both arms."""
    if run.quality is None:
        return []
    other = {measure.name: measure for measure in run.quality.accelerated}
    return [(m, other[m.name]) for m in run.quality.baseline if m.decisive and m.name in other]


def compared(run: Run) -> list[Measure]:
    """Shares of equal results, a step each, where results themselves are compared."""
    return [measure for measure in run.quality.agreement if measure.decisive] if run.quality else []


def _equality(found: list[Measure], height: int, theme: Theme) -> go.Figure:
    """How many steps had equal results, and the names of those that had not."""
    differ = [measure.step or measure.label for measure in found if measure.value < 100]
    counts = {"equal": len(found) - len(differ), "different": len(differ)}
    colours = {"equal": design_theme.look(Side.ACCELERATED, theme).colour, "different": design_theme.published(theme)}
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [count],
            "y": [0],
            "name": word,
            "text": f"<b>{count} {word}</b>",
            "textposition": "inside",
            "insidetextanchor": "start",
            "textangle": 0,
            "textfont": {"color": design_theme.look(Side.ACCELERATED, theme).on, "size": 14},
            "width": 0.3,
            "marker": {"color": colours[word]},
            "hovertemplate": f"{count} steps with {word} results<extra></extra>",
        }
        for word, count in counts.items()
        if count
    ]
    layout = design_theme.layout(height) | {
        "barmode": "stack",
        "showlegend": False,
        "xaxis": {
            "title": {"text": "steps whose results were compared"},
            "range": [0, len(found)],
            "dtick": max(1, -(-len(found) // 6)),
        },
        "yaxis": {"visible": False, "range": [-0.6, 0.6]},
    }
    if differ:
        layout["annotations"] = [_note(_wrapped(f"different: {', '.join(differ)}"))]
    return go.Figure({"data": bars, "layout": layout})


def _limit_zone(low: float, limit: float, theme: Theme) -> dict:
    """What would be outside the limit."""
    area = {"type": "rect", "xref": "x", "x0": low, "x1": limit, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return area | {"fillcolor": design_theme.see_through(design_theme.published(theme), 0.12), "line": {"width": 0}}


def _limit_label(limit: float, theme: Theme) -> dict:
    label = {"x": limit, "xref": "x", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "top", "showarrow": False}
    return label | {"text": f"limit {limit:g} %", "font": {"size": 11, "color": design_theme.published(theme)}}


def _absolute_labels(pairs: list[tuple[Measure, Measure]], rows: list[int], theme: Theme) -> list[dict]:
    """Both arms' values in words under each dumbbell."""
    glyphs = {side: design_theme.look(side, theme).glyph for side in Side}
    return [
        {
            "x": 0.5,
            "xref": "paper",
            "y": row - 0.3,
            "yref": "y",
            "yanchor": "top" if len(rows) == 1 else "middle",
            "text": f"{glyphs[Side.BASELINE]} {figure(a)}   {glyphs[Side.ACCELERATED]} {figure(b)}",
            "showarrow": False,
            "font": {"size": 12},
        }
        for row, (a, b) in zip(rows, pairs, strict=True)
    ]


def _dumbbells(
    run: Run, pairs: list[tuple[Measure, Measure]], kept: list[float], rows: list[int], theme: Theme
) -> list[dict]:
    bars = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [100, share],
            "y": [row, row],
            "line": {"color": design_theme.faint(theme), "width": 3},
            "hoverinfo": "skip",
        }
        for share, row in zip(kept, rows, strict=True)
    ]
    for side, shares in ((Side.BASELINE, [100.0] * len(pairs)), (Side.ACCELERATED, kept)):
        look = design_theme.look(side, theme)
        measures = [pair[side is Side.ACCELERATED] for pair in pairs]
        bars.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [round(share, 4) for share in shares],
                "y": rows,
                "marker": {"symbol": look.symbol, "color": look.colour, "size": 14, "line": {"width": 2.5}},
                "text": [f"{m.label} {figure(m)}" for m in measures],
                "hovertemplate": f"<b>{_arm(run, side)}</b><br>%{{text}}<br>%{{x:.2f}} % kept<extra></extra>",
            }
        )
    return bars


# --- the steps ---


def steps(run: Run, theme: Theme = "light") -> go.Figure:
    """The ratio of the whole and of every step with its interval, and what was published."""
    compared = {comparison.step: comparison for comparison in run.statistics}
    raced = {WHOLE, *(step.name for step in run.plan.steps)}
    unclaimed = {claim.step: REFUSED for claim in run.claims if not claim.made}
    unclaimed |= {step.name: NO_WORK for step in run.plan.steps if step.apart}
    return _steps(run.plan.declaration, compared, theme, raced, unclaimed)


def published(workload: Workload, theme: Theme = "light") -> go.Figure:
    """What was published of a workload, before anything was measured."""
    return _steps(workload, {}, theme)


def _steps(
    workload: Workload,
    compared: dict[str, Comparison],
    theme: Theme,
    raced: set[str] | None = None,
    unclaimed: Mapping[str, str] | None = None,
) -> go.Figure:
    """Of the steps `raced`; where nothing was, of those of which something was published.

    `unclaimed` are those of which nothing is claimed, and why.
    """
    told = workload.figures()
    shown = set(told) if raced is None else raced
    told = {name: figure for name, figure in told.items() if name in shown}
    labels = {name: label for name, label in workload.labels().items() if name in shown}
    rows = {name: place for place, name in enumerate(reversed(labels))}
    crowded = len(rows) > CROWDED
    ratios = [comparison.ratio for comparison in compared.values()]
    ends = [1.0, *(r.low for r in ratios), *(r.high for r in ratios), *(one.ratio for one in told.values())]
    # Who is a hundred times slower stands on the edge, and leaves room for those that are near 1.
    farthest = FARTHEST if crowded else math.inf
    low, high = math.log10(max(min(ends), 1 / farthest)), math.log10(min(max(ends), farthest))
    pad = max(0.07 * (high - low), 0.03)
    layout = design_theme.layout(88 + (28 if crowded else 46) * len(rows)) | {
        "xaxis": _log_ratio_axis(low - pad, high + pad * (2 if crowded else 1)),
        "yaxis": {
            "tickvals": list(rows.values()),
            "ticktext": [labels[name] for name in rows],
            "range": [-0.55, len(rows) - 0.35],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
        },
        "shapes": [
            {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
            | {"line": {"color": design_theme.faint(theme), "width": 1.5, "dash": "dot"}}
        ],
        "annotations": _directions(theme),
    }
    layout["legend"] = layout["legend"] | {"x": 1, "xanchor": "right"}
    layout["margin"] = {"l": 8, "r": 16, "t": 30, "b": 8}
    drawn = [c for name in rows if (c := compared.get(name))]
    dots = [_ratio_dots(drawn, rows, labels, unclaimed or {}, farthest, theme)] if compared else []
    if dots and crowded:
        # Beside the upper end of the interval: between the rows there is no room.
        layout["annotations"] = [*layout["annotations"], *_beside(compared, rows, theme)]
        dots[0] |= {"mode": "markers"}
    traces: list[dict] = dots
    return go.Figure({"data": traces + _published_marks(told, rows, labels, theme), "layout": layout})


def _beside(compared: dict[str, Comparison], rows: dict[str, int], theme: Theme) -> list[dict]:
    """The ratio in figures, on the right of its interval."""
    return [
        {
            "x": math.log10(min(max(compared[name].ratio.high, 1 / FARTHEST), FARTHEST)),
            "y": row,
            "text": ratio_figure(compared[name].ratio.value),
            "xanchor": "left",
            "xshift": 8,
            "showarrow": False,
            "font": {"size": 12},
        }
        for name, row in rows.items()
        if name in compared
    ]


def _log_ratio_axis(low: float, high: float) -> dict:
    inside = [tick for tick in TICKS if low <= math.log10(tick) <= high]
    kept: list[float] = [1]
    for tick in sorted(inside, key=lambda tick: abs(math.log10(tick))):
        if all(abs(math.log10(tick / other)) > 0.075 * (high - low) for other in kept):
            kept.append(tick)
    return {
        "type": "log",
        "range": [low, high],
        "tickvals": sorted(kept),
        "ticktext": [f"{tick:g}x" for tick in sorted(kept)],
        "title": {"text": "time of the baseline over time of the accelerated arm, log"},
        "zeroline": False,
    }


def _directions(theme: Theme) -> list[dict]:
    """Which side of 1 is which."""
    base = {"x": 0, "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    font = {"size": 12, "color": design_theme.faint(theme)}
    return [
        base | {"text": "← slower", "xanchor": "right", "xshift": -6, "font": font},
        base | {"text": "faster →", "xanchor": "left", "xshift": 6, "font": font},
    ]


def _beyond(ratio: float, farthest: float) -> str:
    """The symbol of a ratio beyond the axis; empty for those on it."""
    if 1 / farthest <= ratio <= farthest:
        return ""
    return "triangle-left-open" if ratio < 1 else "triangle-right-open"


def _ratio_dots(
    comparisons: list[Comparison],
    rows: dict[str, int],
    labels: dict[str, str],
    unclaimed: Mapping[str, str],
    farthest: float,
    theme: Theme,
) -> dict:
    """A dot in the winner's look; grey and hollow where the interval includes 1, or nothing is claimed."""
    winners = [
        None if c.ratio.includes(1) or c.step in unclaimed else Side.ACCELERATED if c.ratio.value > 1 else Side.BASELINE
        for c in comparisons
    ]
    looks = [design_theme.look(winner, theme) if winner else None for winner in winners]
    colours = [look.colour if look else design_theme.faint(theme) for look in looks]
    # On the edge of the axis an interval would stand at the wrong ratio.
    ends = [
        (0.0, 0.0) if _beyond(c.ratio.value, farthest) else (c.ratio.high - c.ratio.value, c.ratio.value - c.ratio.low)
        for c in comparisons
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [round(min(max(c.ratio.value, 1 / farthest), farthest), 4) for c in comparisons],
        "y": [rows[c.step] for c in comparisons],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [round(above, 4) for above, _ in ends],
            "arrayminus": [round(below, 4) for _, below in ends],
            "thickness": 2,
            "width": 6,
            "color": design_theme.ink(theme),
        },
        "marker": {
            "symbol": [
                _beyond(c.ratio.value, farthest) or (look.symbol if look else "square-open")
                for c, look in zip(comparisons, looks, strict=True)
            ],
            "size": 12,
            "color": colours,
            "line": {"width": 2},
        },
        "text": [f"<b>{ratio_figure(c.ratio.value)}</b>" for c in comparisons],
        "textposition": "top center",
        "textfont": {"size": 12},
        "customdata": [
            f"{duration(c.baseline.median)} and {duration(c.accelerated.median)}<br>"
            f"{interval_text(c.ratio)}, p {c.p_value:.2g}, "
            f"{c.baseline.count} pairs"
            for c in comparisons
        ],
        "hovertemplate": [
            f"<b>{labels[c.step]}</b><br>%{{customdata}}{unclaimed.get(c.step, '')}<extra></extra>" for c in comparisons
        ],
        "name": "measured here, 95 % interval",
        "showlegend": False,
    }


def _published_marks(
    told: dict[str, Published], rows: dict[str, int], labels: dict[str, str], theme: Theme
) -> list[dict]:
    if not told:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [one.ratio for one in told.values()],
            "y": [rows[name] for name in told],
            "marker": {
                "symbol": "star-open",
                "size": 13,
                "color": design_theme.published(theme),
                "line": {"width": 1.6},
            },
            "customdata": [
                f"<b>{labels[name]}, published: {one.ratio:g}x</b><br>{_wrapped(one.source)}<br><br>"
                f"{_wrapped(one.why_it_differs)}"
                for name, one in told.items()
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
            "name": "published",
            "showlegend": True,
        }
    ]


# --- cores and the machine ---


def cores(run: Run, theme: Theme = "light", *, height: int = 260) -> go.Figure:
    """Time of the whole against the number of cores, both arms, with quartiles."""
    unit = Unit.of(_typical([count.whole.median for count in run.core_counts]))
    tried = sorted({count.cores for count in run.core_counts})
    traces = []
    for side in Side:
        look = design_theme.look(side, theme)
        counts = [count for count in run.core_counts if count.side == side]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [str(count.cores) for count in counts],
                "y": [unit(count.whole.median) for count in counts],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [unit(count.whole.upper_quartile - count.whole.median) for count in counts],
                    "arrayminus": [unit(count.whole.median - count.whole.lower_quartile) for count in counts],
                    "color": look.colour,
                    "thickness": 1.3,
                    "width": 5,
                },
                "line": {"color": look.colour, "dash": look.dash, "width": 2},
                "marker": {"symbol": look.symbol, "size": 10, "color": look.colour, "line": {"width": 2}},
                "customdata": [
                    f"{duration(count.whole.median)} ({duration(count.whole.lower_quartile)} to "
                    f"{duration(count.whole.upper_quartile)} between the quartiles)<br>"
                    f"{count.whole.count} samples, {count.whole.effective_cores:.2f} cores used"
                    for count in counts
                ],
                "name": _arm(run, side),
                "hovertemplate": f"<b>{_arm(run, side)}</b>, cores: %{{x}}<br>%{{customdata}}<extra></extra>",
            }
        )
    layout = design_theme.layout(height) | {
        "xaxis": {
            "title": {"text": "cores asked for"},
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [str(count) for count in tried],
            "showgrid": False,
        },
        "yaxis": {"title": {"text": f"the whole [{unit.name}]"}, "rangemode": "tozero", "automargin": True},
    }
    if not run.core_counts:
        layout["annotations"] = [_note("No other core count was tried", middle=True)]
    return go.Figure({"data": traces, "layout": layout})


def medians(
    x: Sequence[float], series: Sequence[Sequence[float]], side: Side, name: str, hover: str, theme: Theme
) -> dict:
    """A line in an arm's look: the median of the times at each `x`, in seconds, with their quartiles."""
    look = design_theme.look(side, theme)
    spread = [quantiles(times, n=4, method="inclusive") for times in series]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": [middle for _, middle, _ in spread],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - middle for _, middle, high in spread],
            "arrayminus": [middle - low for low, middle, _ in spread],
            "thickness": 1.2,
        },
        "name": name,
        "line": {"color": look.colour, "dash": look.dash, "width": 2},
        "marker": {"color": look.colour, "symbol": look.symbol, "size": 10},
        "customdata": [duration(middle) for _, middle, _ in spread],
        "hovertemplate": f"<b>{name}</b>, {hover}<extra></extra>",
    }


def telemetry(run: Run, theme: Theme = "light") -> go.Figure:
    """How busy every logical processor was while the run was on."""
    readings = run.telemetry[:: max(1, math.ceil(len(run.telemetry) / 400))]
    count = max((len(reading.cores) for reading in readings), default=1)
    busy = [
        [round(100 * r.cores[core].busy) if core < len(r.cores) else None for r in readings] for core in range(count)
    ]
    layout = design_theme.layout(90 + min(420, max(16, 34 - count) * count)) | {
        "xaxis": {"title": {"text": "since the start of the run [s]"}, "showgrid": False},
        "yaxis": {
            "title": {"text": "processor"},
            "showgrid": False,
            "dtick": max(1, count // 16),
            "autorange": "reversed",
            "automargin": True,
        },
    }
    heat = {
        "type": "heatmap",
        "x": [round(reading.at, 2) for reading in readings],
        "y": list(range(count)),
        "z": busy,
        "customdata": [
            [_mhz(r.cores[core].mhz) if core < len(r.cores) else "" for r in readings] for core in range(count)
        ],
        "zmin": 0,
        "zmax": 100,
        "xgap": 0,
        "ygap": 2,
        "colorscale": design_theme.load_colours(theme),
        "colorbar": {"title": {"text": "load [%]"}, "thickness": 10, "outlinewidth": 0},
        "hovertemplate": "<b>processor %{y}</b>: %{z} %%{customdata}<br>at %{x:.1f} s<extra></extra>",
    }
    if not readings:
        layout["annotations"] = [_note("Nothing was read", middle=True)]
    return go.Figure({"data": [heat] if readings else [], "layout": layout})


# --- small things ---

LONGEST_LINE = 14
"""Characters of a line of an arm's name beside a narrow chart."""
_ROW = {Side.BASELINE: 1, Side.ACCELERATED: 0}
"""Where an arm stands in a chart of two rows."""


def _arm(run: Run, side: Side) -> str:
    """The arm's name, as the lever has it."""
    return run.plan.declaration.lever[getattr(run.plan, side)].label


def _arms_axis(run: Run) -> dict:
    """One row an arm, named by glyph and by name, in lines so short that they leave room for the chart."""
    names = {side: "<br>".join(textwrap.wrap(_arm(run, side), LONGEST_LINE)) for side in Side}
    glyphs = {side: design_theme.look(side, "light").glyph for side in Side}
    return {
        "tickvals": [_ROW[side] for side in Side],
        "ticktext": [f"{glyphs[side]} {names[side]}" for side in Side],
        "range": [-0.65, 1.5],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }


def _per_call(run: Run, step: str) -> str:
    """What the time is the time of."""
    label = run.plan.declaration.labels()[step]
    return f"{label}, a call" if step != WHOLE else label


def _wrapped(text: str) -> str:
    return "<br>".join(textwrap.wrap(text, 70))


def _mhz(mhz: float | None) -> str:
    return f", {mhz:,.0f} MHz" if mhz is not None else ""


_LARGE = (1.0, 1e3, 1e6, 1e9)
_PREFIXES = ("", "thousand ", "million ", "billion ")


def _large(number: float) -> tuple[float, str]:
    """A power of a thousand and its word: 3.1 million."""
    place = max(0, bisect.bisect_right(_LARGE, number) - 1)
    return _LARGE[place], _PREFIXES[place]


def rate(number: float, unit: str) -> str:
    """'6.72 million pixels/s'."""
    factor, prefix = _large(number)
    return f"{_digits(number / factor)} {prefix}{unit}/s"


def _digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
