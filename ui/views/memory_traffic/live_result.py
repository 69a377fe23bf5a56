"""Both versions under the roofline while a race takes samples.

The limits of a race are measured when its samples are complete, so those of the last race of the same plan on this
machine are drawn. It is an image of few elements, as the race chart: see `docs/adr/0011-cheap-live-page.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import streamlit as st

from bench.formatting import format_decimal
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.values.base import Arm
from ui.charts.live_race import GAP_PERCENT, LABEL_GAP_PX, LEFT_PERCENT, RIGHT_PERCENT, TITLE_PX, Axis
from ui.charts.svg import draw_circle, draw_diamond, draw_line, draw_text
from ui.design.headings import draw_heading
from ui.design.plotly_template import FONT_FAMILY, TEXT_SIZE_PX
from ui.design.theme import PALETTES, Theme, arm_style, published_colour
from ui.history import load_last_run
from ui.views.memory_traffic.achieved import read_measures
from ui.views.memory_traffic.result import RANGE_FACTOR, is_on_roofline

HEIGHT_PX = 200
PLOT_PX = (26.0, 150.0)
"""Top and bottom of the plot."""
ROOFS_KEY = "memory-traffic:live-roofs"
"""Session key of the roofs by the id of the live run. A record is large, and is read once for a race."""


@dataclass(frozen=True, slots=True)
class Roof:
    """The limits of memory and arithmetic, and the place of the kernel on their axis."""

    ceiling_gb_s: float
    peak_gflop_s: float
    intensity: float
    """Operations per byte of the plain algorithm."""

    def limit_gflop_s(self, intensity: float) -> float:
        return min(self.peak_gflop_s, self.ceiling_gb_s * intensity)

    @property
    def ridge(self) -> float:
        """The intensity from which on arithmetic is the limit."""
        return self.peak_gflop_s / self.ceiling_gb_s


def draw_live_result(run: Run, key: str, theme: Theme) -> None:
    """Nothing before the first ratio, for a plan that has not finished here before, and for a kernel without
    operations. Nothing of a replay: the limits are those of another race, and the image would have no mark."""
    if run.is_replay:
        return
    roof, rates = _load_roof(run), measure_bandwidths(run)
    if roof is None or not rates:
        return
    rates = {arm: roof.intensity * gb_s for arm, gb_s in rates.items()}
    draw_heading("Roofline so far", "The medians so far, under the limits of the last race of these settings.")
    reached = ", ".join(f"{run.snapshot.arms[arm]} {rate:.3g} Gflop/s" for arm, rate in rates.items())
    st.image(
        build_live_roofline_svg(roof, rates, theme),
        width="stretch",
        alt=f"Operations per second of both versions under the limits of memory and arithmetic: {reached}",
    )


def measure_bandwidths(run: Run) -> dict[Arm, float]:
    """GB/s of both arms by their medians so far, counting the bytes of the plain algorithm; empty before there are
    any."""
    comparison = run.comparison()
    prepared = {arm: run.prepared_arm(arm) for arm in Arm}
    if comparison is None or any(ready is None for ready in prepared.values()):
        return {}
    return {
        arm: ready.work / comparison.summary(arm).median / 1e9
        for arm, ready in prepared.items()
        if ready is not None and comparison.summary(arm).median
    }


def read_roof(run: Run) -> Roof | None:
    """The roof that a finished race measured; None if it has no place under one."""
    measures = {arm: read_measures(run, arm) for arm in Arm}
    if not all(is_on_roofline(measures[arm]) for arm in Arm):
        return None
    limits = measures[Arm.ACCELERATED]
    intensity = limits["rate"].value / limits["bandwidth"].value
    return Roof(limits["ceiling"].value, limits["peak"].value, intensity)


def _load_roof(run: Run) -> Roof | None:
    roofs: dict[str, Roof | None] = st.session_state.setdefault(ROOFS_KEY, {})
    if run.id not in roofs:
        roofs.clear()
        roofs[run.id] = _find_roof(run)
    return roofs[run.id]


def _find_roof(run: Run) -> Roof | None:
    try:
        last = load_last_run(run.plan.workload, run.digest)
    except (OSError, StoreError):
        return None  # The page shows the error where it shows runs.
    return read_roof(last) if last and last.machine.is_same_machine(run.machine) else None


def build_live_roofline_svg(roof: Roof, rates: Mapping[Arm, float], theme: Theme) -> str:
    """The roof, and a marker for each arm. `rates` are in Gflop/s. Both axes are logarithmic."""
    low, high = min(roof.intensity, roof.ridge) / RANGE_FACTOR, max(roof.intensity, roof.ridge) * RANGE_FACTOR
    intensities = Axis(low, high, LEFT_PERCENT, RIGHT_PERCENT, logarithmic=True)
    heights = [roof.limit_gflop_s(low), roof.peak_gflop_s, *rates.values()]
    values = Axis(min(heights) / 1.5, max(heights) * 1.5, PLOT_PX[1], PLOT_PX[0], logarithmic=True)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{HEIGHT_PX}" '
            f'font-family="{escape(FONT_FAMILY)}" font-size="{TEXT_SIZE_PX}" fill="{PALETTES[theme].label}">',
            *_draw_axes(intensities, values, theme),
            *_draw_roof(roof, intensities, values, theme),
            *(_draw_arm(arm, rate, intensities.place(roof.intensity), values, theme) for arm, rate in rates.items()),
            "</svg>",
        ]
    )


def _draw_axes(intensities: Axis, values: Axis, theme: Theme) -> list[str]:
    parts = [draw_text(0, TITLE_PX, "Gflop/s, log")]
    for tick in values.ticks():
        y = values.place(tick)
        parts.append(draw_line((LEFT_PERCENT, RIGHT_PERCENT), (y, y), PALETTES[theme].grid))
        parts.append(draw_text(LEFT_PERCENT - GAP_PERCENT, y, format_decimal(tick), anchor="end"))
    y = PLOT_PX[1] + LABEL_GAP_PX
    for tick in intensities.ticks():
        parts.append(draw_text(intensities.place(tick), y, format_decimal(tick), anchor="middle"))
    middle = (LEFT_PERCENT + RIGHT_PERCENT) / 2
    return [*parts, draw_text(middle, y + LABEL_GAP_PX, "operations per byte, log", anchor="middle")]


def _draw_roof(roof: Roof, intensities: Axis, values: Axis, theme: Theme) -> list[str]:
    corners = [(x, roof.limit_gflop_s(x)) for x in (intensities.low, roof.ridge, intensities.high)]
    places = [(intensities.place(x), values.place(y)) for x, y in corners]
    colour = published_colour(theme)
    return [draw_line((left[0], right[0]), (left[1], right[1]), colour, width=2) for left, right in pairwise(places)]


def _draw_arm(arm: Arm, rate: float, x: float, values: Axis, theme: Theme) -> str:
    """A marker with its rate: the baseline's at its left, the other's at its right, so that they never overlap."""
    style, y, is_baseline = arm_style(arm, theme), values.place(rate), arm is Arm.BASELINE
    draw = draw_circle if is_baseline else draw_diamond
    label_x, anchor = (x - 2 * GAP_PERCENT, "end") if is_baseline else (x + 2 * GAP_PERCENT, "start")
    label = draw_text(label_x, y, f"{rate:.3g}", anchor=anchor, colour=style.colour, bold=True)
    return draw(x, y, style.colour) + label
