"""The tab with the time of a call against the number of cores, and from how many cores on Modin would be faster.

Values beyond the cores of the machine are a projection by Amdahl's law. They are drawn and labelled as a projection.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_cores, format_duration
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.plan_differences import describe_differences
from bench.run.record import Run
from bench.stats.amdahl import AmdahlFit, Crossing
from bench.storage.store import StoreError
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase
from ui import records
from ui.access.redaction import describe_error
from ui.charts.axes import log_time_axis, shade_projection
from ui.charts.cores import build_median_trace
from ui.controls.tab_settings import TabSetting
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.markdown import escape_markdown
from ui.design.plotly_template import new_figure
from ui.design.text import format_date_time
from ui.design.theme import Theme, arm_style, ink_colour
from ui.history import load_last_run
from ui.views.modin.calls import arm_names, is_pandas_to_modin

MAX_PROJECTED_CORES = 64
"""Largest number of cores of the projection."""
PROJECTION_POINTS = 41
MAX_SEARCHED_RUNS = 20
"""Number of stored runs that are searched for one with times on several core counts."""

RoundTimes = dict[Arm, dict[int, list[float]]]
"""Seconds of every sample, by arm and number of cores."""


def draw_scaling_tab(plan: Plan) -> None:
    run = load_newest_run(plan)
    if run is None:
        return
    if not has_core_counts(run):
        reasons = "".join(f" {format_cores(cores)}: {why}." for cores, why in run.skipped_core_counts.items())
        st.info(
            "No scaling data yet. Race on two or more cores, with a longer time budget." + escape_markdown(reasons),
            icon=":material/memory:",
        )
        return
    excluded = {step.name for step in run.snapshot.steps if step.excluded_from_total}
    labels = {name: label for name, label in run.snapshot.labels().items() if name not in excluded}
    selection = TabSetting("modin", "scaling", "call", TOTAL, lambda name: name if name in labels else None)
    selection.restore()
    if st.session_state[selection.key] not in labels:
        selection.set(TOTAL)
    st.selectbox(
        "Call",
        list(labels),
        format_func=labels.__getitem__,
        key=selection.key,
        persist_state="session",
        width=260,
    )
    selection.write()
    step = str(st.session_state[selection.key])
    projection = project(run, step)
    st.markdown(describe_times(run, projection.times, projection.law, projection.crossing))
    draw_figure(
        build_scaling_figure(run, projection.times, projection.law, projection.crossing, detect_theme()),
        key="modin-scaling-chart",
        alt=f"Time of {labels[step]} against the number of cores, both arms, with a projection by Amdahl's law",
    )
    no_fit = "" if projection.law.fits else " Any two points lie on such a curve, so this is not a fit."
    st.caption(
        "Marks are medians with quartiles, measured in turns. The dotted curve is Amdahl's law through the times of "
        f"{arm_names(run)[1]} on {projection.law.counts} core counts.{no_fit} The law ignores memory bandwidth, "
        "partitions that are too small to share, and lower clock rates on many cores. It is not a measurement."
    )


def load_newest_run(plan: Plan) -> Run | None:
    """The run to show for `plan`, with a caption that says which: the newest finished run of it, else of any pandas
    against Modin. One with times on several core counts comes before one without. If there is none, None and a
    message."""
    try:
        run, same = _find_newest_run(plan)
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="Stored runs cannot be read", icon=":material/database_off:")
        return None
    if run is None or not run.statistics:
        st.info(
            "No finished race of pandas against Modin has enough pairs to show here. Press Run on another tab.",
            icon=":material/sports_score:",
        )
        return None
    settings = "" if same else _describe_other_settings(run, plan)
    st.caption(f":material/history: Run of {format_date_time(run.started)}{settings}.")
    return run


def _describe_other_settings(run: Run, plan: Plan) -> str:
    """What the plan of `run` sets differently from `plan`, as Markdown."""
    differences = describe_differences(run.plan, plan)
    return " **with other settings**" + (f": {escape_markdown(differences)}" if differences else "")


def _find_newest_run(plan: Plan) -> tuple[Run | None, bool]:
    """The run to show, and whether it is of `plan`. See `load_newest_run`."""
    newest = load_last_run(plan.workload, plan.digest)
    same = newest is not None
    if newest is not None and has_core_counts(newest):
        return newest, True
    rows = records.list_rows(kind=JobKind.RACE, state=State.FINISHED, workload=plan.workload, limit=MAX_SEARCHED_RUNS)
    for row in rows:
        if not is_pandas_to_modin(row):
            continue
        run = records.read_status(row.id).run
        if run is not None and run.statistics and has_core_counts(run):
            return run, False
        newest = newest or run
    return newest, same


def has_core_counts(run: Run) -> bool:
    """Whether the run was measured on one core, on all of its cores, and on two or more core counts."""
    counts = {count.cores for count in run.core_counts}
    return len(counts) > 1 and {1, run.plan.cores} <= counts


@dataclass(frozen=True, slots=True)
class Projection:
    """The times of a step on several core counts, and Amdahl's law through those of the accelerated arm."""

    times: RoundTimes
    law: AmdahlFit
    crossing: Crossing | None
    """Where the accelerated arm would be as fast as the baseline on its best core count."""


def project(run: Run, step: str) -> Projection:
    """For a run that `has_core_counts`."""
    from bench.stats.amdahl_fit import find_crossing, fit_amdahl  # Imports SciPy.

    times = collect_round_times(run, step)
    law = fit_amdahl(times[Arm.ACCELERATED], run.plan.seed)
    crossing = find_crossing(times[Arm.ACCELERATED], best_times(times[Arm.BASELINE]), run.plan.seed)
    return Projection(times, law, crossing)


def describe_scaling(run: Run) -> str:
    """Whether more cores would make the accelerated arm the faster one, as Markdown. Empty without times on several
    core counts."""
    if not has_core_counts(run):
        return ""
    projection = project(run, TOTAL)
    return describe_times(run, projection.times, projection.law, projection.crossing)


def collect_round_times(run: Run, step: str) -> RoundTimes:
    """The samples of `step` on every core count that was measured completely."""
    measured = {count.cores for count in run.core_counts}
    times: RoundTimes = {arm: {} for arm in Arm}
    for sample in run.samples:
        if sample.phase is Phase.CORES and sample.cores in measured:
            times[sample.arm].setdefault(sample.cores, []).append(sample.seconds(step))
    return times


def best_times(times: dict[int, list[float]]) -> list[float]:
    """The samples of one arm on its fastest core count."""
    return min(times.values(), key=median)


def describe_times(run: Run, times: RoundTimes, law: AmdahlFit, crossing: Crossing | None) -> str:
    """The measured times, and whether more cores would make the accelerated arm the faster one, as Markdown."""
    baseline, accelerated = map(escape_markdown, arm_names(run))
    max_cores = max(times[Arm.ACCELERATED])
    baseline_s = median(best_times(times[Arm.BASELINE]))
    accelerated_s = median(best_times(times[Arm.ACCELERATED]))
    measured = ", ".join(
        f"{format_duration(median(samples))} on {format_cores(cores)}"
        for cores, samples in sorted(times[Arm.ACCELERATED].items())
    )
    text = f"{accelerated} took {measured}; {baseline} took {format_duration(baseline_s)} at its best core count. "
    if crossing and crossing.high <= max_cores and accelerated_s < baseline_s:
        return text + f"**{accelerated} is faster on the measured core counts.**"
    if crossing and crossing.cores <= max_cores:
        return text + "**No difference can be detected on the measured core counts.**"
    if law.low >= 1:
        return text + f"More cores did not make {accelerated} faster: **cores alone would not help at this size.**"
    if law.low * law.one_s >= baseline_s:
        serial = format_duration(law.one_s * law.serial)
        return text + (
            f"The part that more cores do not shorten takes {serial}, longer than all of {baseline}: **cores alone "
            "would not help at this size.**"
        )
    if crossing is None or not is_projectable(crossing, max_cores):
        limit = max(MAX_PROJECTED_CORES, max_cores)
        interval = ""
        if crossing and crossing.low <= MAX_PROJECTED_CORES:
            interval = f" (95 %: from {math.ceil(crossing.low):,} cores on, to never)"
        return text + (
            f"**The times are too uncertain to say whether {accelerated} would be faster on up to {limit} "
            f"cores**{interval}."
        )
    return text + (
        f"**A projection, not a measurement: {accelerated} would be faster than {baseline} from about "
        f"{math.ceil(crossing.cores):,} cores on** (95 %: {math.ceil(crossing.low):,} to {math.ceil(crossing.high):,})."
    )


def is_projectable(crossing: Crossing | None, max_cores: int) -> bool:
    """Whether a crossing is beyond the measured core counts, but within the projection, and has a finite interval."""
    return crossing is not None and max_cores < crossing.cores <= MAX_PROJECTED_CORES and math.isfinite(crossing.high)


def build_scaling_figure(
    run: Run, times: RoundTimes, law: AmdahlFit, crossing: Crossing | None, theme: Theme
) -> go.Figure:
    """Time against cores, both logarithmic. The projection is dotted, on a shaded area."""
    figure = new_figure(theme, 400)
    max_cores = max(times[Arm.ACCELERATED])
    projected_cores = _space_logarithmically(max_cores, MAX_PROJECTED_CORES) if max_cores < MAX_PROJECTED_CORES else []
    baseline_s = median(best_times(times[Arm.BASELINE]))
    projections = {
        Arm.BASELINE: [baseline_s for _ in projected_cores],
        Arm.ACCELERATED: [law.seconds(cores) for cores in projected_cores],
    }
    for arm, name in zip(Arm, arm_names(run), strict=True):
        counts = sorted(times[arm])
        samples = [times[arm][count] for count in counts]
        figure.add_trace(build_median_trace(counts, samples, arm, name, "cores: %{x}, %{customdata}", theme))
        if projected_cores:
            label = f"{name}, {'projected' if arm is Arm.ACCELERATED else 'at its best core count'}"
            _add_projection(figure, projected_cores, projections[arm], arm, label, theme)
    _set_core_axis(figure, sorted(times[Arm.ACCELERATED]))
    seconds = [median(samples) for arm in Arm for samples in times[arm].values()]
    seconds += [value for arm in Arm for value in projections[arm]]
    figure.update_yaxes(title="time to the result, log", **log_time_axis(seconds))
    if projected_cores:
        shade_projection(figure, max_cores, MAX_PROJECTED_CORES, theme, at_top=True)
    if crossing and is_projectable(crossing, max_cores):
        figure.add_vline(x=crossing.cores, line={"color": ink_colour(theme), "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=math.log10(crossing.cores),
            y=0,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            text=f" about {math.ceil(crossing.cores)} cores",
            showarrow=False,
        )
    return figure


def _space_logarithmically(low: float, high: float) -> list[float]:
    """Numbers from `low` to `high` with equal ratios."""
    last = PROJECTION_POINTS - 1
    return [low * (high / low) ** (index / last) for index in range(PROJECTION_POINTS)]


def _add_projection(
    figure: go.Figure, cores: Sequence[float], times: Sequence[float], arm: Arm, name: str, theme: Theme
) -> None:
    figure.add_scatter(
        x=cores,
        y=times,
        mode="lines",
        name=name,
        line={"color": arm_style(arm, theme).colour, "dash": "dot", "width": 1.5},
        customdata=[format_duration(seconds) for seconds in times],
        hovertemplate=f"{name}, %{{x:.0f}} cores: %{{customdata}}<extra></extra>",
    )


def _set_core_axis(figure: go.Figure, counts: Sequence[int]) -> None:
    """A logarithmic axis with ticks at powers of two and at the measured core counts."""
    powers = range(MAX_PROJECTED_CORES.bit_length())
    ticks = sorted({1 << power for power in powers} | set(counts))
    limits = [-0.06, math.log10(max(MAX_PROJECTED_CORES, *counts)) + 0.06]
    figure.update_xaxes(
        title="cores, log", type="log", range=limits, tickvals=ticks, ticktext=[f"{count}" for count in ticks]
    )
