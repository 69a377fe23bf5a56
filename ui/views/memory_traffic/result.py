"""What a race of memory traffic reached: the bandwidth of both versions against STREAM's triad on this machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from bench.run.record import Run
from bench.values.base import Arm
from bench.values.quality import Measure
from ui.charts import axes
from ui.design import plotly_template
from ui.design.data_table import draw_data_table
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour, published_colour
from ui.views.memory_traffic.achieved import (
    build_achieved_table,
    format_factor,
    format_reached,
    is_limited_by_arithmetic,
    read_measures,
)

BARS_HEIGHT_PX, ROOFLINE_HEIGHT_PX = 220, 300
ROOFLINE_MEASURES = ("rate", "peak", "bandwidth", "ceiling")
RANGE_FACTOR = 8.0
"""The roof is drawn so many times below and above the intensity of the kernel and that of the ridge."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What the versions are compared by, and its limit."""

    measure: str
    limit: str
    unit: str
    verb: str
    limit_name: str


BANDWIDTH = Quantity("bandwidth", "ceiling", "GB/s", "moves", "STREAM's triad")
RATE = Quantity("rate", "peak", "Gflop/s", "computes", "the peak of float32")

MeasuresByArm = Mapping[Arm, Mapping[str, Measure]]


def draw_result(run: Run, key: str, theme: Theme) -> None:
    """Nothing for a run whose bandwidth was not measured."""
    measures = {arm: read_measures(run, arm) for arm in Arm}
    if not all(measures.values()):
        return
    quantity = choose_quantity(measures)
    draw_heading("Result", f"the best call, against {quantity.limit_name} on this machine")
    st.markdown(describe_change(run, measures, quantity))
    has_roofline = all(is_on_roofline(measures[arm]) for arm in Arm)
    left, *right = st.columns(2 if has_roofline else 1, gap="medium")
    with left:
        draw_figure(
            build_bars_figure(run, measures, quantity, theme),
            key=f"{key}-bars",
            alt=f"Both versions and {quantity.limit_name}, in {quantity.unit}",
        )
    if right:
        with right[0]:
            draw_figure(
                build_race_roofline(run, measures, theme),
                key=f"{key}-roofline",
                alt="Operations per second of both versions under the limits of memory and arithmetic",
            )
    draw_data_table(build_achieved_table(run), height="content", alt="What both versions reached")
    st.caption(
        "Bytes are those of the plain algorithm. The limit is the lower of two: the triad on arrays of the same size, "
        "and the peak of float32 arithmetic. Both are measured with the race, on the same number of threads. A version "
        "passes 1x if it takes data from a cache instead of memory, if it mostly reads (the triad also writes), "
        "or if other programs slowed the triad down."
    )


def is_on_roofline(measures: Mapping[str, Measure]) -> bool:
    """Whether a version has all that its place under the roof needs. A logarithmic axis has no 0."""
    return all(name in measures and measures[name].value > 0 for name in ROOFLINE_MEASURES)


def choose_quantity(measures: MeasuresByArm) -> Quantity:
    """The rate if arithmetic limits the accelerated version, else the bandwidth."""
    accelerated = measures[Arm.ACCELERATED]
    is_arithmetic = is_limited_by_arithmetic(accelerated) and all("rate" in measures[arm] for arm in Arm)
    return RATE if is_arithmetic else BANDWIDTH


def describe_change(run: Run, measures: MeasuresByArm, quantity: Quantity) -> str:
    """What both versions reach, and the limit, as one sentence in Markdown."""
    before, after = (measures[arm][quantity.measure] for arm in (Arm.BASELINE, Arm.ACCELERATED))
    limit = measures[Arm.ACCELERATED][quantity.limit]
    name = escape_markdown(run.snapshot.arms[Arm.ACCELERATED])
    factor = f": {format_factor(after.value / limit.value)} of" if limit.value else ", compared with"
    reached, now, most = (escape_markdown(format_reached(measure)) for measure in (before, after, limit))
    return f"**{name}** {quantity.verb} {reached} → **{now}**{factor} {quantity.limit_name}, {most}."


def build_bars_figure(run: Run, measures: MeasuresByArm, quantity: Quantity, theme: Theme) -> go.Figure:
    """A bar for each version, and a mark for its limit on as many threads."""
    figure = plotly_template.new_figure(theme, BARS_HEIGHT_PX)
    for arm in Arm:
        style, name = arm_style(arm, theme), run.snapshot.arms[arm]
        reached = measures[arm][quantity.measure]
        figure.add_bar(
            orientation="h",
            x=[reached.value],
            y=[f"{style.glyph} {name}"],
            name=name,
            marker={"color": style.colour, "pattern": {"shape": style.pattern}},
            text=[format_reached(reached)],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{name}: %{{text}}<extra></extra>",
            showlegend=False,
        )
    figure.add_scatter(
        x=[measures[arm][quantity.limit].value for arm in Arm],
        y=[f"{arm_style(arm, theme).glyph} {run.snapshot.arms[arm]}" for arm in Arm],
        mode="markers",
        name=quantity.limit_name,
        marker={
            "symbol": "line-ns",
            "size": 44,
            "line": {"color": published_colour(theme), "width": 3},
        },
        text=[format_reached(measures[arm][quantity.limit]) for arm in Arm],
        hovertemplate=f"{quantity.limit_name}: %{{text}}<extra></extra>",
    )
    figure.update_xaxes(title=quantity.unit, rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return figure


def build_race_roofline(run: Run, measures: MeasuresByArm, theme: Theme) -> go.Figure:
    """Both versions under the roof that was measured with the race, and an arrow from the baseline to the other.

    Both have the intensity of the plain algorithm, so the arrow is vertical.
    """
    figure = plotly_template.new_figure(theme, ROOFLINE_HEIGHT_PX)
    limits = measures[Arm.ACCELERATED]
    ceiling_gb_s, peak_gflop_s = limits["ceiling"].value, limits["peak"].value
    rates = {arm: measures[arm]["rate"].value for arm in Arm}
    intensity = rates[Arm.ACCELERATED] / limits["bandwidth"].value
    ridge = peak_gflop_s / ceiling_gb_s
    low, high = min(intensity, ridge) / RANGE_FACTOR, max(intensity, ridge) * RANGE_FACTOR
    roof = [min(peak_gflop_s, ceiling_gb_s * x) for x in (low, ridge, high)]
    figure.add_scatter(
        x=[low, ridge, high],
        y=roof,
        mode="lines",
        name="limit of triad and arithmetic",
        line={"color": published_colour(theme), "width": 2},
        hovertemplate=f"{ceiling_gb_s:.1f} GB/s, {peak_gflop_s:,.0f} Gflop/s<extra></extra>",
    )
    for arm in Arm:
        style, name = arm_style(arm, theme), run.snapshot.arms[arm]
        figure.add_scatter(
            x=[intensity],
            y=[rates[arm]],
            mode="markers",
            name=name,
            marker={"color": style.colour, "symbol": style.symbol, "size": 13, "line": {"width": 2}},
            hovertemplate=f"{name}: %{{y:.3g}} Gflop/s<extra></extra>",
        )
    _add_arrow(figure, intensity, rates, theme)
    figure.update_xaxes(title="operations per byte, log", **axes.build_log_axis([low, high]))
    figure.update_yaxes(title="Gflop/s, log", **axes.build_log_axis([*roof, *rates.values()]))
    figure.update_layout(legend={"font": {"color": ink_colour(theme)}})
    return figure


def _add_arrow(figure: go.Figure, intensity: float, rates: Mapping[Arm, float], theme: Theme) -> None:
    # On a logarithmic axis Plotly positions annotations by the logarithm.
    x = math.log10(intensity)
    figure.add_annotation(
        x=x,
        y=math.log10(rates[Arm.ACCELERATED]),
        ax=x,
        ay=math.log10(rates[Arm.BASELINE]),
        xref="x",
        yref="y",
        axref="x",
        ayref="y",
        text="",
        arrowhead=2,
        arrowwidth=1.5,
        standoff=8,
        startstandoff=8,
        arrowcolor=faint_colour(theme),
    )
