"""The race chart while the arms are timed: an SVG image of few elements.

A browser that shows a race may draw on the cores of the arms. Replacing a Plotly figure takes it several times as long
as replacing this image; see `docs/adr/0011-cheap-live-page.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bench.formatting import format_decimal, format_estimate, format_median
from bench.run.outcome import describe_mark, describe_recording
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.statistics import Comparison, Interval
from ui.charts.axes import TimeUnit, choose_log_ticks
from ui.charts.labels import step_time_label
from ui.charts.race import axis_limit_s, is_log_scale, select_estimates
from ui.charts.race_points import RacePoint, RaceTime, collect_points, find_race_time, shift_points, thin_points
from ui.charts.svg import draw_circle, draw_diamond, draw_line, draw_text
from ui.design.plotly_template import FONT_FAMILY, TEXT_SIZE_PX
from ui.design.theme import PALETTES, Theme, arm_style, replay_colour

MAX_POINTS = 60
"""Most samples per arm that are drawn; of more, the fastest and the slowest of every few."""
MAX_RATIOS = 40
"""Most intervals of the ratio that are drawn."""
HEIGHT_PX = 344
TITLE_PX = 8.0
TIMES_PX = (26.0, 202.0)
"""Top and bottom of the plot of the times."""
RATIO_PX = (246.0, 304.0)
"""Top and bottom of the plot of the ratio."""
LEFT_PERCENT, RIGHT_PERCENT = 7.0, 88.0
"""Ends of both plots. Ticks are left of them, the medians and the ratio right."""
GAP_PERCENT = 0.6
"""Between a plot and its ticks and labels."""
LABEL_GAP_PX = 16.0
"""Least distance between the medians' labels."""
TICK_STEPS = (1, 2, 5, 10)
MAX_INTERVALS = 5
"""Most steps between the ticks of an axis."""
WARM_UP_OPACITY = 0.45
BEYOND_GLYPH = "△"
"""Marker of a sample beyond the end of the axis, at that end."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes and positions in pixels, and the ends of both plots in percent of the width."""

    text_px: float = TEXT_SIZE_PX
    height_px: float = HEIGHT_PX
    title_px: float = TITLE_PX
    times_px: tuple[float, float] = TIMES_PX
    ratio_px: tuple[float, float] = RATIO_PX
    label_gap_px: float = LABEL_GAP_PX
    left_percent: float = LEFT_PERCENT
    right_percent: float = RIGHT_PERCENT

    @property
    def ratio_title_px(self) -> float:
        return self.ratio_px[0] - self.label_gap_px

    @property
    def middle_percent(self) -> float:
        return (self.left_percent + self.right_percent) / 2


PAGE_LAYOUT = Layout()
PRESENTATION_LAYOUT = Layout(26.0, 362.0, 16.0, (42.0, 182.0), (238.0, 290.0), 31.0, 9.0, 84.0)
"""Larger texts on as much space, for the back of a room."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values and where its ends are drawn."""

    low: float
    high: float
    start: float
    """Position of `low`: in pixels if vertical, in percent if horizontal."""
    end: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """The position of a value. Values beyond the ends are drawn at them."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers between the ends."""
        if self.logarithmic:
            return choose_log_ticks(self.low, self.high)
        least = (self.high - self.low) / MAX_INTERVALS
        unit = 10.0 ** math.floor(math.log10(least))
        step = next(unit * factor for factor in TICK_STEPS if unit * factor >= least)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        # Twelve digits remove the rounding errors of binary numbers.
        return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def build_live_race_svg(run: Run, step: str, theme: Theme, layout: Layout = PAGE_LAYOUT) -> str:
    """Samples of a step (or of the total) of both arms when they were taken, and below them the ratio's interval."""
    race_time = find_race_time(run)
    points, note = shift_points(collect_points(run, step), race_time)
    elapsed = _elapsed_axis(run, points, layout)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{layout.height_px}" '
            f'font-family="{escape(FONT_FAMILY)}" font-size="{layout.text_px}" fill="{PALETTES[theme].label}">',
            *_draw_elapsed(elapsed, race_time, note, layout),
            *_draw_mark(run, theme, layout),
            *_draw_times(run, step, points, elapsed, theme, layout),
            *_draw_ratios(run, step, elapsed, race_time, theme, layout),
            "</svg>",
        ]
    )


def _draw_mark(run: Run, theme: Theme, layout: Layout) -> list[str]:
    """The mark of a replay, in the line of each plot's title, so that it covers no sample."""
    if not run.is_replay:
        return []
    mark, colour = describe_recording(run), replay_colour(theme)
    return [
        draw_text(100, y, mark, anchor="end", colour=colour, bold=True)
        for y in (layout.title_px, layout.ratio_title_px)
    ]


def describe_live_race(run: Run, step: str) -> str:
    """The image in words."""
    text = f"{describe_mark(run)}Samples of both arms over time, {step_time_label(run, step)}"
    comparison = run.comparison(step)
    return f"{text}; ratio {format_estimate(comparison.ratio)}" if comparison else text


def _elapsed_axis(run: Run, points: dict[Arm, list[RacePoint]], layout: Layout) -> Axis:
    times = [arm_points[index].at for arm_points in points.values() if arm_points for index in (0, -1)]
    low, high = min(times, default=0.0), max(times, default=max(1.0, run.last_at))
    padding = max(0.25, 0.015 * (high - low))
    return Axis(low - padding if times else 0.0, high + padding, layout.left_percent, layout.right_percent)


def _draw_elapsed(elapsed: Axis, race_time: RaceTime, note: str, layout: Layout) -> list[str]:
    """The ticks and the title of the time axis. `note` says what is not drawn left of it; it may be empty."""
    y = layout.ratio_px[1] + layout.label_gap_px
    ticks = [draw_text(elapsed.place(tick), y, format_decimal(tick), anchor="middle") for tick in elapsed.ticks()]
    title = "; ".join(filter(None, [race_time.title, note]))
    return [*ticks, draw_text(layout.middle_percent, y + layout.label_gap_px, title, anchor="middle")]


def _draw_times(
    run: Run, step: str, points: dict[Arm, list[RacePoint]], elapsed: Axis, theme: Theme, layout: Layout
) -> list[str]:
    times = [point.seconds for arm_points in points.values() for point in arm_points]
    if not times:
        text = "The first sample appears when both arms are ready"
        return [draw_text(layout.middle_percent, sum(layout.times_px) / 2, text, anchor="middle")]
    unit, comparison = TimeUnit.of_all(times), run.comparison(step)
    axis = _time_axis(times, axis_limit_s(points), comparison, layout)
    title = f"{step_time_label(run, step)} [{unit.name}]" + (", log" if axis.logarithmic else "")
    parts = [draw_text(0, layout.title_px, title)]
    parts += _draw_ticks(axis, [(tick, format_decimal(unit(tick))) for tick in axis.ticks()], theme, layout)
    for arm in Arm:
        for point in thin_points(points[arm], MAX_POINTS):
            parts.append(_draw_point(point, arm, elapsed.place(point.at), axis, theme))
    return parts + (_draw_medians(comparison, axis, theme, layout) if comparison else [])


def _draw_point(point: RacePoint, arm: Arm, x: float, axis: Axis, theme: Theme) -> str:
    colour = arm_style(arm, theme).colour
    if point.seconds > axis.high:
        return draw_text(x, axis.end, BEYOND_GLYPH, anchor="middle", colour=colour)
    draw = draw_circle if arm is Arm.BASELINE else draw_diamond
    return draw(x, axis.place(point.seconds), colour, opacity=WARM_UP_OPACITY if point.warm_up else 1.0)


def _time_axis(times: Sequence[float], limit_s: float, comparison: Comparison | None, layout: Layout) -> Axis:
    """From zero, so that lengths can be compared; logarithmic if the arms are too far apart."""
    bottom, top = layout.times_px[1], layout.times_px[0]
    if is_log_scale(comparison):
        return Axis(min(times) / 1.1, max(times) * 1.1, bottom, top, logarithmic=True)
    return Axis(0.0, min(max(times), limit_s) * 1.08, bottom, top)


def _draw_ticks(axis: Axis, ticks: Iterable[tuple[float, str]], theme: Theme, layout: Layout) -> list[str]:
    """Grid lines of a vertical axis, with the texts of `ticks` left of them. Those whose texts would touch are left
    out."""
    parts: list[str] = []
    last_y = math.inf
    for value, text in ticks:
        y = axis.place(value)
        if last_y - y < layout.text_px:
            continue
        last_y = y
        parts.append(draw_line((layout.left_percent, layout.right_percent), (y, y), PALETTES[theme].grid))
        parts.append(draw_text(layout.left_percent - GAP_PERCENT, y, text, anchor="end"))
    return parts


def _draw_medians(comparison: Comparison, axis: Axis, theme: Theme, layout: Layout) -> list[str]:
    """A line at each median, with its value at the right end: the slower arm's above the other."""
    parts: list[str] = []
    label_y = -math.inf
    for arm in sorted(Arm, key=lambda arm: comparison.summary(arm).median, reverse=True):
        style, summary = arm_style(arm, theme), comparison.summary(arm)
        y = axis.place(summary.median)
        label_y = max(y, label_y + layout.label_gap_px)
        dash = "6 4" if style.dash == "dash" else ""
        parts.append(draw_line((layout.left_percent, layout.right_percent), (y, y), style.colour, width=1.2, dash=dash))
        text = f"{style.glyph} {format_median(summary)}"
        parts.append(draw_text(layout.right_percent + GAP_PERCENT, label_y, text, colour=style.colour, bold=True))
    return parts


def _draw_ratios(run: Run, step: str, elapsed: Axis, race_time: RaceTime, theme: Theme, layout: Layout) -> list[str]:
    """The interval of the ratio after every few pairs, as vertical lines with the ratio as a dot."""
    estimates = select_estimates(run, step, MAX_RATIOS)
    if not estimates:
        return []
    ratios = [(race_time.shift(estimate.at), estimate.ratios[step]) for estimate in estimates]
    axis, ink = _ratio_axis([ratio for _, ratio in ratios], layout), PALETTES[theme].ink
    parts = [draw_text(0, layout.ratio_title_px, "ratio, 95 % interval")]
    parts += _draw_ticks(axis, [(tick, f"{format_decimal(tick)}x") for tick in axis.ticks()], theme, layout)
    for at, ratio in ratios:
        x = elapsed.place(at)
        parts.append(draw_line((x, x), (axis.place(ratio.low), axis.place(ratio.high)), ink))
        parts.append(draw_circle(x, axis.place(ratio.value), ink))
    newest = ratios[-1][1]
    x, y = layout.right_percent + GAP_PERCENT, axis.place(newest.value)
    label = draw_text(x, y, format_estimate(newest), colour=ink, bold=True)
    return [*parts, label]


def _ratio_axis(ratios: Sequence[Interval], layout: Layout) -> Axis:
    """An axis that holds 1 and the later intervals; the first, wide intervals may extend beyond it."""
    settled = ratios[len(ratios) // 3 :]
    ends = [1.0, *(ratio.low for ratio in settled), *(ratio.high for ratio in settled)]
    padding = max(0.06 * (max(ends) - min(ends)), 0.01)
    return Axis(min(ends) - padding, max(ends) + padding, layout.ratio_px[1], layout.ratio_px[0])
