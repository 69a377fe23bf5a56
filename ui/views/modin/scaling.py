"""Scaling: the time of a call against cores, as it was raced, and from how many cores on Modin would win.

What lies beyond the machine's cores is a projection by Amdahl's law, drawn apart and called so.
"""

from __future__ import annotations

import math
from statistics import median

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_cores as cores_text
from bench.formatting import format_duration
from bench.plan.plan import Plan
from bench.run.record import Run
from bench.stats.amdahl import AmdahlFit, Crossing
from bench.values import TOTAL, Arm, Phase
from ui.charts import axes
from ui.charts.cores import build_median_trace
from ui.design import browser, plotly_template
from ui.design.theme import Theme, add_opacity, arm_style, ink_colour, published_colour
from ui.views.modin import calls

MAX_PROJECTED_CORES = 64
"""Cores up to which a projection is drawn."""

RoundTimes = dict[Arm, dict[int, list[float]]]
"""Seconds of every round, by arm and number of cores."""


def draw_scaling_tab(plan: Plan) -> None:
    """The whole tab."""
    from bench.stats.amdahl_fit import find_crossing, fit_amdahl  # It imports scipy.

    run = calls.load_newest_run(plan)
    if run is None:
        return
    if not {1, run.plan.cores} <= {count.cores for count in run.core_counts}:
        st.info(
            "This run did not try one core beside others: race on two or more, with a budget that leaves time for it.",
            icon=":material/memory:",
        )
        return
    labels = {
        name: label
        for name, label in run.snapshot.labels().items()
        if name == TOTAL or name not in _excluded_steps(run)
    }
    step = st.selectbox("Call", list(labels), format_func=labels.__getitem__, key="modin:scaling", width=260)
    times = collect_round_times(run, step)
    law = fit_amdahl(times[Arm.ACCELERATED], run.plan.seed)
    best = min(times[Arm.BASELINE].values(), key=median)
    found = find_crossing(times[Arm.ACCELERATED], best, run.plan.seed)
    colours = browser.detect_theme()
    st.markdown(describe_times(run, times, law, found))
    st.plotly_chart(
        build_scaling_figure(run, times, law, found, colours),
        key="modin-scaling-chart",
        config=plotly_template.PLOTLY_CONFIG,
        alt=f"Time of {labels[step]} against cores, both arms, and a projection by Amdahl's law",
    )
    st.caption(
        "Marks are medians of the rounds that were raced in turns, with their quartiles. The dotted curve is Amdahl's "
        f"law through the times of {calls.arm_names(run)[1]} on {law.counts} counts of cores"
        + ("" if law.fits else ": through two points it goes in any case, which is no fit")
        + ". It knows nothing of memory bandwidth, of partitions too small to share, nor of a slower clock on many "
        "cores, and is no measurement."
    )


def _excluded_steps(run: Run) -> set[str]:
    return {step.name for step in run.snapshot.steps if step.excluded_from_total}


def collect_round_times(run: Run, step: str) -> RoundTimes:
    """Every round's seconds of `step` by arm and cores, of the counts of cores that were tried to the end."""
    tried = {count.cores for count in run.core_counts}
    found: RoundTimes = {arm: {} for arm in Arm}
    for sample in run.samples:
        if sample.phase is Phase.CORES and sample.cores in tried:
            found[sample.arm].setdefault(sample.cores, []).append(sample.seconds(step))
    return found


def describe_times(run: Run, times: RoundTimes, law: AmdahlFit, found: Crossing | None) -> str:
    """What the times say, and what the law makes of them."""
    baseline, accelerated = calls.arm_names(run)
    most = max(times[Arm.ACCELERATED])
    rival = min(median(one) for one in times[Arm.BASELINE].values())
    told = ", ".join(
        f"{format_duration(median(one))} on {cores_text(cores)}"
        for cores, one in sorted(times[Arm.ACCELERATED].items())
    )
    said = f"{accelerated} took {told}; {baseline}, at its best number of cores, {format_duration(rival)}. "
    ours = min(median(one) for one in times[Arm.ACCELERATED].values())
    if found and found.high <= most and ours < rival:
        return said + f"**{accelerated} is ahead with the cores that were raced on.**"
    if found and found.cores <= most:
        return said + "**The difference is too small to tell on the cores that were raced on.**"
    if law.low >= 1:
        return said + f"More cores made {accelerated} no faster: **they alone would not let it win at this size.**"
    if law.low * law.one_s >= rival:
        return said + (
            f"The part that cores do not shorten, {format_duration(law.one_s * law.serial)}, is longer than all that "
            f"{baseline} takes: **more cores alone would not let it win at this size.**"
        )
    if not is_projectable(found, most):
        sooner = (
            f" (95 %: from {math.ceil(found.low):,} on to never)" if found and found.low <= MAX_PROJECTED_CORES else ""
        )
        return said + (
            f"**These times are too uncertain to tell whether more cores, up to {max(MAX_PROJECTED_CORES, most)}, would let it "
            f"win**{sooner}."
        )
    return said + (
        f"**A projection, not a measurement: {accelerated} would pass {baseline} from about "
        f"{math.ceil(found.cores):,} cores on** (95 %: {math.ceil(found.low):,} to {math.ceil(found.high):,})."
    )


def is_projectable(found: Crossing | None, most: int) -> bool:
    """Whether a crossing beyond the `most` cores that were raced on is near and sure enough to be told."""
    return found is not None and most < found.cores <= MAX_PROJECTED_CORES and not math.isinf(found.high)


def build_scaling_figure(
    run: Run, times: RoundTimes, law: AmdahlFit, found: Crossing | None, theme: Theme
) -> go.Figure:
    """Time against cores, both logarithmic; the projection dotted, on a ground of its own."""
    figure = plotly_template.new_figure(theme, 400)
    most = max(times[Arm.ACCELERATED])
    rival = min(times[Arm.BASELINE].values(), key=median)
    beyond = (
        [most * (MAX_PROJECTED_CORES / most) ** (place / 40) for place in range(41)]
        if most < MAX_PROJECTED_CORES
        else []
    )
    for arm, name in zip(Arm, calls.arm_names(run), strict=True):
        look = arm_style(arm, theme)
        counts = sorted(times[arm])
        rounds = [times[arm][count] for count in counts]
        figure.add_trace(build_median_trace(counts, rounds, arm, name, "%{x} cores: %{customdata}", theme))
        if beyond:
            line = [law.seconds(count) for count in beyond] if arm is Arm.ACCELERATED else [median(rival)] * 41
            figure.add_scatter(
                x=beyond,
                y=line,
                mode="lines",
                name=f"{name}, {'projected' if arm is Arm.ACCELERATED else 'at its best'}",
                line={"color": look.colour, "dash": "dot", "width": 1.5},
                customdata=[format_duration(seconds) for seconds in line],
                hovertemplate=f"{name}, projection, %{{x:.0f}} cores: %{{customdata}}<extra></extra>",
            )
    ticks = sorted({1 << power for power in range(7)} | set(times[Arm.ACCELERATED]))
    span = [-0.06, math.log10(max(MAX_PROJECTED_CORES, most)) + 0.06]
    figure.update_xaxes(
        title="cores, log", type="log", range=span, tickvals=ticks, ticktext=[f"{count}" for count in ticks]
    )
    shown = [seconds for line in figure.data for seconds in line.y]
    figure.update_yaxes(title="time to the result, log", **axes.log_time_axis(shown))
    if beyond:
        figure.add_vrect(
            x0=most,
            x1=MAX_PROJECTED_CORES,
            fillcolor=add_opacity(published_colour(theme), 0.07),
            line_width=0,
            layer="below",
        )
        # On a logarithmic axis an annotation stands at the logarithm, where a rectangle stands at the number itself.
        figure.add_annotation(
            x=math.log10(MAX_PROJECTED_CORES),
            xanchor="right",
            y=1,
            yref="paper",
            yanchor="top",
            text="projection, not measured",
            font={"color": published_colour(theme)},
            showarrow=False,
        )
    if is_projectable(found, most):
        figure.add_vline(x=found.cores, line={"color": ink_colour(theme), "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=math.log10(found.cores),
            y=0,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            text=f" about {math.ceil(found.cores)} cores",
            showarrow=False,
        )
    return figure
