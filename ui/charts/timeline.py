"""What a run did when: a lane for its stages, and one for each arm and core count with its activities and samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import plotly.graph_objects as go

from bench.formatting import format_cores, format_count, format_duration
from bench.run.record import Run
from bench.run.timeline import Span
from bench.values.base import Arm
from bench.values.samples import Phase, Sample
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import PALETTES, Theme, add_opacity, arm_style, faint_colour, ink_colour, line_colours

MAX_STRETCHES = 200
"""Most stretches of samples that a lane shows, apart from pauses. Of more samples, neighbours share one."""
MIN_PAUSE_SHARE = 0.01
"""A longer time without a sample of the arm, as a share of the run, is a gap between two stretches."""
LANE_PX = 46
AXES_PX = 96
"""Height of everything but the lanes: the time axis and the legend."""
BAR_WIDTH = 0.4
"""Thickness of stages and activities, in lanes."""
SAMPLE_WIDTH = 0.26
ACTIVITY_SHIFT = 0.17
"""Activities are this much above the middle of their lane, samples below."""
MIN_TEXT_PX = 10
"""Names that do not fit into their bar at this size are not drawn; the hover label has them."""
PHASE_NAMES = {
    Phase.RACE: "samples of pairs",
    Phase.WARM_UP: "warm-up samples",
    Phase.EARLY: "first calls",
    Phase.CORES: "samples while trying core counts",
}
PHASE_PATTERNS = {Phase.RACE: "", Phase.WARM_UP: "/", Phase.EARLY: "x", Phase.CORES: "."}
"""Plotly patterns of the bars, so that nobody has to tell the colours apart."""
_PHASE_COLOURS = {Phase.RACE: 3, Phase.WARM_UP: 2, Phase.EARLY: 5, Phase.CORES: 4}
"""Positions in `line_colours`."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive samples of one arm in one phase, drawn as one mark. Times are in seconds after the run's opening."""

    phase: Phase
    count: int
    began: float
    ended: float
    sampled_s: float
    """The wall time of the samples themselves."""


Lane = tuple[Arm, int]
"""An arm and its core count."""


def build_timeline_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """The stages of the run, and the activities and samples of every arm, over the time since its start."""
    lanes = list_lanes(run)
    rows = {lane: len(lanes) - 1 - position for position, lane in enumerate(lanes)}
    top = float(len(lanes))
    stages = [span for span in run.timeline if span.arm is None]
    traces = [_spans_trace(run, stages, [top] * len(stages), "stages", add_opacity(faint_colour(theme), 0.3), theme)]
    for arm in Arm:
        spans = [span for span in run.timeline if span.arm is arm]
        positions = [rows[arm, span.cores or run.plan.cores] + ACTIVITY_SHIFT for span in spans]
        traces.append(_spans_trace(run, spans, positions, run.snapshot.arms[arm], arm_style(arm, theme).fill, theme))
    traces += _sample_traces(run, rows, theme)
    labels = ["run", *(_label_lane(run, lane) for lane in lanes)]
    layout = {
        "barmode": "overlay",
        "xaxis": {
            "title": {"text": "time since the start of the run [s]"},
            "range": [0, max(run.last_at, 0.1) * 1.01],
            "showgrid": True,
        },
        "yaxis": {
            "tickvals": [top, *rows.values()],
            "ticktext": labels,
            "range": [-0.5, top + 0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        "uniformtext": {"mode": "hide", "minsize": MIN_TEXT_PX},
        "showlegend": True,
        "margin": MARGINS,
    }
    return new_figure(theme, AXES_PX + LANE_PX * (len(lanes) + 1), traces, layout)


def list_lanes(run: Run) -> list[Lane]:
    """The arms and core counts that the run has activities or samples of: those of the race first."""
    found = {(span.arm, span.cores or run.plan.cores) for span in run.timeline if span.arm is not None}
    found |= {(sample.arm, sample.cores) for sample in run.samples}
    order = list(Arm)
    return sorted(found, key=lambda lane: (lane[1] != run.plan.cores, lane[1], order.index(lane[0])))


def merge_samples(samples: Sequence[Sample], until: float) -> list[Stretch]:
    """Samples of one lane as at most about `MAX_STRETCHES` stretches, which do not cross phases and pauses.

    `until` is the time of the run's last event, in seconds after its opening.
    """
    size = -(-len(samples) // MAX_STRETCHES)
    stretches: list[Stretch] = []
    for group in _split_at_pauses(samples, MIN_PAUSE_SHARE * until):
        for start in range(0, len(group), size):
            taken = [sample.repetition for sample in group[start : start + size]]
            ended = taken[-1].began + taken[-1].wall_s
            sampled_s = sum(repetition.wall_s for repetition in taken)
            stretches.append(Stretch(group[0].phase, len(taken), taken[0].began, ended, sampled_s))
    return stretches


def _split_at_pauses(samples: Iterable[Sample], max_pause_s: float) -> list[list[Sample]]:
    """The samples in groups of one phase, without longer pauses inside a group."""
    groups: list[list[Sample]] = []
    for _, in_phase in groupby(samples, key=lambda sample: sample.phase):
        last_ended = float("-inf")
        for sample in in_phase:
            if sample.repetition.began - last_ended > max_pause_s:
                groups.append([])
            groups[-1].append(sample)
            last_ended = sample.repetition.began + sample.repetition.wall_s
    return groups


def _spans_trace(run: Run, spans: list[Span], y: list[float], name: str, colour: str, theme: Theme) -> dict:
    """Bars with the names of stages or activities. What still lasts ends at the last event."""
    durations_s = [max(0.0, (run.last_at if span.ended is None else span.ended) - span.began) for span in spans]
    return {
        "type": "bar",
        "orientation": "h",
        "base": [round(span.began, 3) for span in spans],
        "x": [round(seconds, 3) for seconds in durations_s],
        "y": y,
        "width": BAR_WIDTH,
        "name": name,
        "showlegend": False,
        "marker": {"color": colour, "line": {"color": faint_colour(theme), "width": 1}},
        "text": [span.name for span in spans],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": ink_colour(theme)},
        "customdata": [format_duration(seconds) for seconds in durations_s],
        "hovertemplate": "<b>%{text}</b><br>%{customdata}, from %{base:.1f} s<extra></extra>",
    }


def _sample_traces(run: Run, rows: dict[Lane, int], theme: Theme) -> list[dict]:
    """One trace per phase, which is also its entry in the legend."""
    drawn: dict[Phase, list[tuple[Lane, Stretch]]] = {}
    for lane in rows:
        samples = [sample for sample in run.samples if (sample.arm, sample.cores) == lane]
        for stretch in merge_samples(samples, run.last_at):
            drawn.setdefault(stretch.phase, []).append((lane, stretch))
    return [_phase_trace(phase, drawn[phase], rows, theme) for phase in Phase if phase in drawn]


def _phase_trace(phase: Phase, stretches: list[tuple[Lane, Stretch]], rows: dict[Lane, int], theme: Theme) -> dict:
    colour = line_colours(theme)[_PHASE_COLOURS[phase]]
    return {
        "type": "bar",
        "orientation": "h",
        "base": [round(stretch.began, 3) for _, stretch in stretches],
        "x": [round(stretch.ended - stretch.began, 4) for _, stretch in stretches],
        "y": [rows[lane] - ACTIVITY_SHIFT - 0.02 for lane, _ in stretches],
        "width": SAMPLE_WIDTH,
        "name": PHASE_NAMES[phase],
        "marker": {
            "color": colour,
            "cornerradius": 0,
            "line": {"width": 0},
            "pattern": {
                "shape": PHASE_PATTERNS[phase],
                "fillmode": "overlay",
                "fgcolor": PALETTES[theme].background,
                "size": 4,
                "solidity": 0.35,
            },
        },
        "customdata": [_describe_stretch(stretch) for _, stretch in stretches],
        "hovertemplate": f"<b>{PHASE_NAMES[phase]}</b><br>%{{customdata}}, from %{{base:.1f}} s<extra></extra>",
    }


def _describe_stretch(stretch: Stretch) -> str:
    if stretch.count == 1:
        return f"{format_duration(stretch.sampled_s)}"
    within = format_duration(stretch.ended - stretch.began)
    return f"{format_count(stretch.count, 'sample')}, together {format_duration(stretch.sampled_s)} of {within}"


def _label_lane(run: Run, lane: Lane) -> str:
    arm, cores = lane
    return f"{arm_style(arm, 'light').glyph} {arm}, {format_cores(cores)}"
