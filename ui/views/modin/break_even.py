"""Break-even: the time of one call against rows, by pandas and by Modin, and from which size on Modin gains."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.formatting import format_duration
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.scheduler.tasks import Job, JobState
from bench.values import Arm
from bench.workload.registry import load_workloads
from ui.charts import axes, cores
from ui.components import task_panel
from ui.design import browser, markdown, plotly_template
from ui.design.theme import Theme, add_opacity, ink_colour

SLOT = "modin:break-even"
ROW_COUNTS = {1 << power: f"{1 << power:,}" for power in range(10, 25, 2)}
DEFAULT_MIN_ROWS, DEFAULT_MAX_ROWS = 1 << 12, 1 << 18
BUDGETS_S = (30, 60, 120, 300, 600)


def draw_break_even_tab(plan: Plan) -> None:
    """The whole tab."""
    colours = browser.detect_theme()
    job = task_panel.find_newest_job(SLOT, plan.workload, "break_even")
    st.markdown(
        "A table so small that pandas is done in milliseconds is not worth sharing out; a large one may be. This looks "
        "for the number of rows from which on a call gains by Modin, if it does at all."
    )
    calls = {
        step.name: step.label for step in load_workloads()["modin"].default_case.steps if not step.excluded_from_total
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        call = st.selectbox("Call", list(calls), format_func=calls.get, index=list(calls).index("map"), width=180)
        least, most = st.select_slider(
            "Rows",
            list(ROW_COUNTS),
            (DEFAULT_MIN_ROWS, DEFAULT_MAX_ROWS),
            format_func=ROW_COUNTS.get,
            width=300,
            help="The smallest and largest size.",
        )
        seconds = st.selectbox(
            "At most", BUDGETS_S, index=2, format_func=lambda s: f"{s} s", width=110, help="Ray's start comes on top."
        )
        given = {"call": call, "least": least, "most": most, "seconds": seconds}
        one = "The smallest and the largest size are the same: move one of the two." if least == most else ""
        task_panel.draw_task_buttons(
            search_plan(plan), job, "break_even", given, SLOT, "Search", ":material/troubleshoot:", one
        )
    st.caption(
        "Each size is four times the one before; both engines do the call in turns, to its result. While pandas is "
        "timed Ray's processes are stopped. Columns, values and cores are those of the controls above; the "
        "table is always made up, and Ray the search's own."
    )
    if job is not None:
        task_panel.follow_job(job, lambda now: _draw_results(now, calls, colours))


def search_plan(plan: Plan) -> Plan:
    """`plan` with what the search uses instead of what other tabs choose: pandas and Modin on Ray, a made up table, and
    a Ray of its own."""
    lever, parameters = resolve(plan).lever, plan.parameters | {"file": "synthetic", "cluster": "own"}
    arms = {"baseline": lever.baseline, "accelerated": lever.accelerated}
    return plan.model_copy(update={"parameters": parameters} | arms)


def _draw_results(job: Job, calls: dict[str, str], colours: Theme) -> None:
    task_panel.draw_job_state(job)
    points = job.told("point")
    if job.state is JobState.DONE:
        _draw_verdict(job)
    if not points:
        return
    crossing = job.result.get("crossing") if job.state is JobState.DONE else None
    st.plotly_chart(
        build_break_even_figure(points, crossing, colours),
        key="modin-break-even",
        config=plotly_template.PLOTLY_CONFIG,
        alt=f"Time of {calls[job.given['call']]} against rows, pandas and Modin",
    )
    plan = job.plan
    started = next(iter(job.told("start")), None)
    words = (
        f" Ray and Modin took {format_duration(started['seconds'])} to start, which is in no point." if started else ""
    )
    st.caption(
        f"**{calls[job.given['call']]}** on {plan.cores} core{'s' * (plan.cores > 1)}, {plan.parameters['columns']} "
        f"columns ({plan.parameters['kind']}): medians of {len(points[0]['pandas'])} calls an engine and size, and "
        f"their quartiles.{words}"
    )


def _draw_verdict(job: Job) -> None:
    result = job.result
    text = markdown.escape_markdown(result["sentence"] + (f". {result['stopped']}" if result["stopped"] else "") + ".")
    match result["verdict"]:
        case "gains":
            st.success(text, icon=":material/trending_up:")
        case "loses":
            st.info(text, icon=":material/trending_down:")
        case _:
            st.info(text, icon=":material/trending_flat:")


def build_break_even_figure(points: list[dict[str, Any]], crossing: dict[str, float] | None, theme: Theme) -> go.Figure:
    """Time against rows, both logarithmic: median and quartiles of either engine; the crossing with its interval."""
    figure = plotly_template.new_figure(theme, 380)
    rows = [point["rows"] for point in points]
    for arm, name, label in ((Arm.BASELINE, "pandas", "pandas"), (Arm.ACCELERATED, "modin", "Modin on Ray")):
        times = [point[name] for point in points]
        figure.add_trace(cores.build_median_trace(rows, times, arm, label, "%{x:,} rows: %{customdata}", theme))
    figure.update_xaxes(title="rows, log", type="log", tickvals=rows, ticktext=[f"{count:,}" for count in rows])
    times = [seconds for point in points for name in ("pandas", "modin") for seconds in point[name]]
    figure.update_yaxes(title="time to the result, log", **axes.log_time_axis(times))
    if crossing:
        ink = ink_colour(theme)
        figure.add_vrect(
            x0=crossing["low"], x1=crossing["high"], fillcolor=add_opacity(ink, 0.12), line_width=0, layer="below"
        )
        figure.add_vline(x=crossing["rows"], line={"color": ink, "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=math.log10(crossing["rows"]),
            y=0,
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            text=f" {crossing['rows']:,.0f} rows",
            showarrow=False,
        )
    return figure
