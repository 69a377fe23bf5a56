"""The tab Break-even: the time of one call against the number of rows, and the size from which on Modin is faster."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_cores, format_duration
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.measurement import MeasurementRecord
from bench.values.base import Arm
from ui.access.identity import find_visitor
from ui.access.plans import max_budget_s
from ui.charts import axes, cores
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, MeasurementRequest
from ui.controls.tab_settings import TabSetting
from ui.design import browser, markdown, plotly_template
from ui.design.figures import draw_figure
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


def _parse_rows(text: str) -> int | None:
    """One of `ROW_COUNTS`."""
    return next((rows for rows in ROW_COUNTS if str(rows) == text), None)


CALL = TabSetting("modin", "search", "call", DEFAULT_CALL, lambda name: name if name in BREAK_EVEN_CALLS else None)
MIN_SIZE = TabSetting("modin", "search", "min_rows", DEFAULT_MIN_ROWS, _parse_rows)
MAX_SIZE = TabSetting("modin", "search", "max_rows", DEFAULT_MAX_ROWS, _parse_rows)
BUDGET = TabSetting("modin", "search", "budget", DEFAULT_SEARCH_S, {str(s): s for s in BUDGETS_S}.get)
"""Seconds that a search may take."""
TAB = "Break-even"
TASK = "break_even"
START_KEY = "modin:search-now"
"""Session key of the wish to start a search in this rerun."""
SETTINGS = (CALL, MIN_SIZE, MAX_SIZE, BUDGET)


def search_for(call: str) -> None:
    """Start a search for `call` when the tab is drawn next, as if Search was pressed. For callbacks."""
    CALL.set(call)
    st.session_state[START_KEY] = True


def list_budgets_s(largest_s: float | None) -> list[int]:
    """The time budgets that are offered if a visitor may use up to `largest_s`; None for no limit."""
    if largest_s is None:
        return list(BUDGETS_S)
    return [seconds for seconds in BUDGETS_S if seconds <= largest_s] or [max(1, int(largest_s))]


def draw_break_even_tab(plan: Plan) -> None:
    colours = browser.detect_theme()
    st.markdown(
        "For a small table, pandas finishes in milliseconds and distributing the work does not pay. For a large one it "
        "may. This search looks for the number of rows from which on a call is faster with Modin, if there is one."
    )
    calls = {name: call.code for name, call in BREAK_EVEN_CALLS.items()}
    budgets_s = list_budgets_s(max_budget_s(find_visitor()))
    for setting in SETTINGS:
        setting.restore()
    if st.session_state[BUDGET.key] not in budgets_s:
        BUDGET.set(budgets_s[-1])
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        st.selectbox(
            "Call",
            list(calls),
            format_func=calls.__getitem__,
            key=CALL.key,
            persist_state="session",
            width=180,
        )
        for label, setting in (("From rows", MIN_SIZE), ("To rows", MAX_SIZE)):
            st.selectbox(
                label,
                list(ROW_COUNTS),
                format_func=ROW_COUNTS.__getitem__,
                key=setting.key,
                persist_state="session",
                width=140,
            )
        st.selectbox(
            "Time budget",
            budgets_s,
            format_func=lambda seconds: f"{seconds} s",
            key=BUDGET.key,
            persist_state="session",
            width=140,
            help="Starting Ray is not included.",
        )
    for setting in SETTINGS:
        setting.write()
    call, min_rows, max_rows, budget_s = (st.session_state[setting.key] for setting in SETTINGS)
    arguments = {"call": call, "min_rows": min_rows, "max_rows": max_rows, "budget_s": budget_s}
    request = MeasurementRequest(make_search_plan(plan), TASK, arguments)
    job = job_panel.find_job(request, any_settings=True)
    start = bool(st.session_state.pop(START_KEY, False))
    why_not = "" if min_rows < max_rows else "The search needs a smaller and a larger number of rows: change one."
    with row:
        job_panel.draw_buttons(request, job, "Search", ":material/troubleshoot:", why_not, start=start)
    st.caption(
        "Uses the settings above, synthetic data, and its own copy of Ray. Each size is four times the one before. "
        "Both engines run the call in turns, until its result is computed. Ray's processes are paused while pandas is "
        "timed."
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
    call = BREAK_EVEN_CALLS[record.arguments_as(BreakEvenArguments).call].code
    draw_figure(
        build_break_even_figure(points, result.crossing if result else None, colours),
        key="modin-break-even",
        alt=f"Time of {call} against rows, pandas and Modin",
    )
    start = record.first_report_as("start", EngineStart)
    started = f" Starting Ray took {format_duration(start.seconds)} (not included in the chart)." if start else ""
    compared = markdown.escape_markdown(result.compared) if result else format_cores(record.plan.cores)
    st.caption(
        f"{markdown.quote_code(call)}, {compared}: medians and quartiles of {len(points[0].pandas)} calls per engine "
        f"and size.{started}"
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
