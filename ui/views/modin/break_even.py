"""The tab Break-even: the time of one call against the number of rows, and the size from which on Modin is faster."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_cores, format_duration
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.measurement import MeasurementRecord
from bench.values import Arm
from ui.charts import axes, cores
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.design import browser, markdown, plotly_template
from ui.design.theme import Theme, add_opacity, ink_colour
from workloads.modin.measurements import (
    BREAK_EVEN_CALLS,
    DEFAULT_CALL,
    DEFAULT_MAX_ROWS,
    DEFAULT_MIN_ROWS,
    DEFAULT_SEARCH_S,
    MAX_ROWS,
    MIN_ROWS,
    BreakEvenArguments,
    BreakEvenCrossing,
    BreakEvenPoint,
    BreakEvenResult,
    EngineStart,
)

ROW_COUNTS = {1 << power: f"{1 << power:,}" for power in range(MIN_ROWS.bit_length() - 1, MAX_ROWS.bit_length(), 2)}
BUDGETS_S = (30, 60, 120, 300, 600)


def draw_break_even_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    st.markdown(
        "For a small table, pandas finishes in milliseconds and distributing the work does not pay. For a large one it "
        "may. This search looks for the number of rows from which on a call is faster with Modin, if there is one."
    )
    calls = {name: call.code for name, call in BREAK_EVEN_CALLS.items()}
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        call = st.selectbox(
            "Call", list(calls), format_func=calls.__getitem__, index=list(calls).index(DEFAULT_CALL), width=180
        )
        min_rows, max_rows = st.select_slider(
            "Rows",
            list(ROW_COUNTS),
            (DEFAULT_MIN_ROWS, DEFAULT_MAX_ROWS),
            format_func=ROW_COUNTS.__getitem__,
            width=300,
            help="The smallest and the largest size.",
        )
        budget_s = st.selectbox(
            "Time budget",
            BUDGETS_S,
            index=BUDGETS_S.index(DEFAULT_SEARCH_S),
            format_func=lambda seconds: f"{seconds} s",
            width=110,
            help="Starting Ray is not included.",
        )
    arguments = {"call": call, "min_rows": min_rows, "max_rows": max_rows, "budget_s": budget_s}
    request = MeasurementRequest(make_search_plan(plan), "break_even", arguments)
    job = job_panel.find_job(request, any_settings=True)
    same = "The smallest and the largest size are the same: move one of them." if min_rows == max_rows else ""
    with row:
        job_panel.draw_buttons(request, job, "Search", ":material/troubleshoot:", same)
    st.caption(
        "Each size is four times the one before. Both engines run the call in turns, until its result is computed. "
        "Ray's processes are paused while pandas is timed. Columns, values and cores are those of the controls above. "
        "The table is synthetic, and Ray is started for the search."
    )
    if job is not None:
        job_panel.draw_origin(job, request)
        job_panel.follow_job(job, lambda current: draw_break_even(current, colours))


def make_search_plan(plan: Plan) -> Plan:
    """`plan` with the settings that the search always uses: the default engines, a synthetic table, and its own Ray."""
    lever, parameters = find_workload(plan.workload).lever, plan.parameters | {"file": "synthetic", "cluster": "own"}
    arms = {"baseline": lever.baseline, "accelerated": lever.accelerated}
    return plan.model_copy(update={"parameters": parameters} | arms)


def draw_break_even(job: DisplayedJob, colours: Theme) -> None:
    """A search, as far as it has come."""
    job_panel.draw_state(job)
    record = job.record
    if record is None:
        return
    result, points = record.result_as(BreakEvenResult), record.reports_as("point", BreakEvenPoint)
    if result is not None:
        _draw_verdict(result)
    if points:
        _draw_points(record, points, result, colours)


def _draw_points(
    record: MeasurementRecord, points: list[BreakEvenPoint], result: BreakEvenResult | None, colours: Theme
) -> None:
    name = record.arguments_as(BreakEvenArguments).call
    call = BREAK_EVEN_CALLS[name].code if name in BREAK_EVEN_CALLS else name
    st.plotly_chart(
        build_break_even_figure(points, result.crossing if result else None, colours),
        key="modin-break-even",
        config=plotly_template.PLOTLY_CONFIG,
        alt=f"Time of {call} against rows, pandas and Modin",
    )
    start = record.first_report_as("start", EngineStart)
    started = (
        f" Starting Ray and Modin took {format_duration(start.seconds)}, which no point includes." if start else ""
    )
    compared = markdown.escape_markdown(result.compared) if result else format_cores(record.plan.cores)
    st.caption(
        f"**{call}**, {compared}: medians and quartiles of {len(points[0].pandas)} calls per engine and size.{started}"
    )


def _draw_verdict(result: BreakEvenResult) -> None:
    stopped = f". {result.stopped}" if result.stopped else ""
    text = markdown.escape_markdown(f"{result.sentence}{stopped}.")
    match result.verdict:
        case "gains":
            st.success(text, icon=":material/trending_up:")
        case "loses":
            st.info(text, icon=":material/trending_down:")
        case "unsure":
            st.info(text, icon=":material/trending_flat:")


def build_break_even_figure(
    points: list[BreakEvenPoint], crossing: BreakEvenCrossing | None, theme: Theme
) -> go.Figure:
    """Time against rows, both logarithmic: median and quartiles of each engine, and the crossing with its interval."""
    figure = plotly_template.new_figure(theme, 380)
    rows = [point.rows for point in points]
    pandas_times, modin_times = [point.pandas for point in points], [point.modin for point in points]
    for arm, times, label in (
        (Arm.BASELINE, pandas_times, "pandas"),
        (Arm.ACCELERATED, modin_times, "Modin on Ray"),
    ):
        figure.add_trace(cores.build_median_trace(rows, times, arm, label, "%{x:,} rows: %{customdata}", theme))
    figure.update_xaxes(title="rows, log", type="log", tickvals=rows, ticktext=[f"{count:,}" for count in rows])
    all_times = [seconds for times in (*pandas_times, *modin_times) for seconds in times]
    figure.update_yaxes(title="time to the result, log", **axes.log_time_axis(all_times))
    if crossing:
        ink = ink_colour(theme)
        figure.add_vrect(
            x0=crossing.low, x1=crossing.high, fillcolor=add_opacity(ink, 0.12), line_width=0, layer="below"
        )
        figure.add_vline(x=crossing.rows, line={"color": ink, "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=math.log10(crossing.rows),
            y=0,
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            text=f" {crossing.rows:,.0f} rows",
            showarrow=False,
        )
    return figure
