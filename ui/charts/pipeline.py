"""The steps of a run one after the other, as wide as their time: the baseline above the accelerated arm."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bench.claims.evidence import decide_engagement, select_evidence
from bench.formatting import format_duration, format_estimate, format_median, format_percent
from bench.run.record import Run
from bench.run.snapshot import StepSnapshot
from bench.stats.amdahl import amdahl_bound
from bench.values.base import Arm
from bench.values.claims import Engagement
from bench.values.samples import TOTAL, Phase
from bench.values.statistics import Interval
from ui.charts.axes import ARM_ROWS, build_arms_axis
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, ink_colour

BETWEEN_LABEL = "between the steps"
HEIGHT_PX = 230
BAR_WIDTH = 0.62
"""Height of a bar, as a share of the distance of the rows."""
OPACITIES = (0.30, 0.52)
"""Of neighbouring parts, in turns."""
SAME_CODE_PATTERN = "x"
PLOT_WIDTH_PX = 800
"""Width of the plot on a small screen, by which labels are left out that would not fit."""
CHARACTER_PX = 7.5
MAX_LINE_CHARS = 12
TICKS = 8


@dataclass(frozen=True, slots=True)
class PipelinePart:
    """A step of the total, or what is between the steps."""

    step: str
    """Empty for what is between the steps."""
    label: str
    seconds: dict[Arm, float]
    """Medians."""
    is_same_code: bool | None
    """Whether both arms ran the same code; None if there is no evidence of it, as in a run that was stopped."""
    ratio: Interval | None
    """None for what is between the steps."""
    share: float
    """Of the baseline's total, 0 to 1."""

    @property
    def bound(self) -> float | None:
        """How many times faster the total would be if this part took no time; None if it is not known whether its code
        changed."""
        return None if self.is_same_code is None else amdahl_bound(self.share)


def list_parts(run: Run) -> list[PipelinePart]:
    """The steps of the total in their order, and at the end what is between them. Empty without statistics."""
    total = run.comparison(TOTAL)
    if total is None or not total.baseline.median:
        return []
    parts: list[PipelinePart] = []
    for step in run.snapshot.steps:
        comparison = run.comparison(step.name)
        if step.excluded_from_total or comparison is None:
            continue
        parts.append(
            PipelinePart(
                step=step.name,
                label=step.label,
                seconds={arm: comparison.summary(arm).median for arm in Arm},
                is_same_code=_ran_same_code(run, step),
                ratio=comparison.ratio,
                share=comparison.baseline.median / total.baseline.median,
            )
        )
    between = {arm: _measure_between_s(run, arm) for arm in Arm}
    share = between[Arm.BASELINE] / total.baseline.median
    return [*parts, PipelinePart("", BETWEEN_LABEL, between, False, None, share)]


def _ran_same_code(run: Run, step: StepSnapshot) -> bool | None:
    if not step.changes or decide_engagement(run, step.name) is Engagement.SAME:
        return True
    return False if select_evidence(run, step.name) else None


def _measure_between_s(run: Run, arm: Arm) -> float:
    """Median time between the steps of a repetition."""
    samples = [sample for sample in run.samples_of(arm, Phase.RACE) if sample.cores == run.plan.cores]
    return statistics.median(sample.repetition.other_s for sample in samples) if samples else 0.0


def build_pipeline_figure(run: Run, parts: Sequence[PipelinePart], theme: Theme = "light") -> go.Figure:
    """`parts` are those of `list_parts`. Lines connect the end of each part in both arms."""
    lengths = {arm: sum(part.seconds[arm] for part in parts) for arm in Arm}
    longest_s = max(lengths.values())
    layout = {
        "showlegend": False,
        "barmode": "overlay",
        "barcornerradius": 0,
        "xaxis": {
            "title": {"text": "time [s], medians"},
            "range": [0, longest_s * 1.1],
            "nticks": TICKS,
            "zeroline": False,
        },
        "yaxis": build_arms_axis(run),
        "shapes": list(_connect_ends(parts, theme)),
        "annotations": [_label_total(run, arm, lengths[arm], theme) for arm in Arm],
    }
    return new_figure(theme, HEIGHT_PX, [_build_row(parts, arm, longest_s, theme) for arm in Arm], layout)


def _build_row(parts: Sequence[PipelinePart], arm: Arm, longest_s: float, theme: Theme) -> dict:
    style = arm_style(arm, theme)
    seconds = [part.seconds[arm] for part in parts]
    return {
        "type": "bar",
        "orientation": "h",
        "y": [ARM_ROWS[arm]] * len(parts),
        "base": [sum(seconds[:place]) for place in range(len(parts))],
        "x": seconds,
        "width": BAR_WIDTH,
        "marker": {
            "color": [add_opacity(style.colour, OPACITIES[place % 2]) for place in range(len(parts))],
            "line": {"color": style.colour, "width": 1},
            "pattern": {
                "shape": [SAME_CODE_PATTERN if part.is_same_code else "" for part in parts],
                "fgcolor": faint_colour(theme),
                "fgopacity": 0.35,
                "size": 9,
            },
        },
        "text": [_write_label(part, arm, longest_s) for part in parts],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"color": ink_colour(theme)},
        "hovertext": [_describe(part) for part in parts],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _write_label(part: PipelinePart, arm: Arm, longest_s: float) -> str:
    """Name and time, if the part is wide enough for them; else its time, or nothing."""
    time = format_duration(part.seconds[arm])
    width_px = PLOT_WIDTH_PX * part.seconds[arm] / longest_s
    lines = [*textwrap.wrap(part.label, MAX_LINE_CHARS), time]
    if max(map(len, lines)) * CHARACTER_PX <= width_px:
        return "<br>".join(lines)
    return time if len(time) * CHARACTER_PX <= width_px else ""


def _describe(part: PipelinePart) -> str:
    times = " → ".join(format_duration(part.seconds[arm]) for arm in (Arm.BASELINE, Arm.ACCELERATED))
    ratio = f", {format_estimate(part.ratio)}" if part.ratio else ""
    code = "<br>both arms run the same code" if part.is_same_code else ""
    share = f"{format_percent(part.share, 0)} of the baseline's total"
    if part.bound is not None:
        share += f"<br>without it, the total would be at most {format_bound(part.bound)} faster"
    return f"<b>{part.label}</b><br>{times}{ratio}{code}<br>{share}"


def format_bound(bound: float) -> str:
    """A bound as a person reads it: `1.24x`."""
    return "any number of times" if math.isinf(bound) else f"{bound:.2f}x"


def _connect_ends(parts: Sequence[PipelinePart], theme: Theme) -> Iterator[dict]:
    """Lines from the end of each part in the baseline to its end in the accelerated arm."""
    line = {"color": faint_colour(theme), "width": 1, "dash": "dot"}
    ends = dict.fromkeys(Arm, 0.0)
    for part in parts:
        ends = {arm: end + part.seconds[arm] for arm, end in ends.items()}
        yield {
            "type": "line",
            "x0": ends[Arm.BASELINE],
            "y0": ARM_ROWS[Arm.BASELINE] - BAR_WIDTH / 2,
            "x1": ends[Arm.ACCELERATED],
            "y1": ARM_ROWS[Arm.ACCELERATED] + BAR_WIDTH / 2,
            "line": line,
        }


def _label_total(run: Run, arm: Arm, end_s: float, theme: Theme) -> dict:
    """The median of the total, right of the bar."""
    total = run.comparison(TOTAL)
    text = format_median(total.summary(arm)) if total else ""
    return {
        "x": end_s,
        "y": ARM_ROWS[arm],
        "text": f"<b>{text}</b>",
        "xanchor": "left",
        "xshift": 6,
        "font": {"color": ink_colour(theme)},
    }
