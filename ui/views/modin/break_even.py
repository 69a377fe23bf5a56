"""Break-even: the time of one call against rows, by pandas and by Modin, and from which size on Modin gains."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from bench.claims.verdict import duration
from bench.plan.plan import Plan
from bench.scheduler.tasks import Job, JobState
from bench.values import Side
from bench.workload.declaration import registry
from ui.charts import race
from ui.components import claim_card, task_panel
from ui.design import theme as design_theme
from ui.design.theme import Theme
from ui.run_view import view

SLOT = "modin:break-even"
SIZES = {1 << power: f"{1 << power:,}" for power in range(10, 25, 2)}
LEAST, MOST = 1 << 12, 1 << 18
SECONDS = (30, 60, 120, 300, 600)


def draw(plan: Plan) -> None:
    """The whole tab."""
    colours = view.theme()
    job = task_panel.newest(SLOT, plan.workload, "break_even")
    st.markdown(
        "A table so small that pandas is done in milliseconds is not worth sharing out; a large one may be. This looks "
        "for the number of rows from which on a call gains by Modin, if it does at all."
    )
    calls = {step.name: step.label for step in registry()["modin"].steps if not step.apart}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        call = st.selectbox("Call", list(calls), format_func=calls.get, index=list(calls).index("map"), width=180)
        least, most = st.select_slider(
            "Rows", list(SIZES), (LEAST, MOST), format_func=SIZES.get, width=300, help="The smallest and largest size."
        )
        seconds = st.selectbox(
            "At most", SECONDS, index=2, format_func=lambda s: f"{s} s", width=110, help="Ray's start comes on top."
        )
        given = {"call": call, "least": least, "most": most, "seconds": seconds}
        one = "The smallest and the largest size are the same: move one of the two." if least == most else ""
        task_panel.buttons(asked(plan), job, "break_even", given, SLOT, "Search", ":material/troubleshoot:", one)
    st.caption(
        "Each size is four times the one before; both engines do the call in turns, to its result. While pandas is "
        "timed Ray's processes are stopped. Columns, values and cores are those of the controls above; the "
        "table is always made up, and Ray the search's own."
    )
    if job is not None:
        task_panel.follow(job, lambda now: _found(now, calls, colours))


def asked(plan: Plan) -> Plan:
    """`plan` with what the search uses instead of what other tabs choose: pandas and Modin on Ray, a made up table, and
    a Ray of its own."""
    lever, parameters = plan.declaration.lever, plan.parameters | {"file": "synthetic", "cluster": "own"}
    arms = {"baseline": lever.baseline, "accelerated": lever.accelerated}
    return plan.model_copy(update={"parameters": parameters} | arms)


def _found(job: Job, calls: dict[str, str], colours: Theme) -> None:
    task_panel.standing(job)
    points = job.told("point")
    if job.state is JobState.DONE:
        _verdict(job)
    if not points:
        return
    crossing = job.result.get("crossing") if job.state is JobState.DONE else None
    st.plotly_chart(
        chart(points, crossing, colours),
        key="modin-break-even",
        config=design_theme.CONFIG,
        alt=f"Time of {calls[job.given['call']]} against rows, pandas and Modin",
    )
    plan = job.plan
    started = next(iter(job.told("start")), None)
    words = f" Ray and Modin took {duration(started['seconds'])} to start, which is in no point." if started else ""
    st.caption(
        f"**{calls[job.given['call']]}** on {plan.cores} core{'s' * (plan.cores > 1)}, {plan.parameters['columns']} "
        f"columns ({plan.parameters['kind']}): medians of {len(points[0]['pandas'])} calls an engine and size, and "
        f"their quartiles.{words}"
    )


def _verdict(job: Job) -> None:
    result = job.result
    text = claim_card.plain(result["sentence"] + (f". {result['stopped']}" if result["stopped"] else "") + ".")
    match result["verdict"]:
        case "gains":
            st.success(text, icon=":material/trending_up:")
        case "loses":
            st.info(text, icon=":material/trending_down:")
        case _:
            st.info(text, icon=":material/trending_flat:")


def chart(points: list[dict[str, Any]], crossing: dict[str, float] | None, theme: Theme) -> go.Figure:
    """Time against rows, both logarithmic: median and quartiles of either engine; the crossing with its interval."""
    figure = go.Figure()
    rows = [point["rows"] for point in points]
    for side, name, label in ((Side.BASELINE, "pandas", "pandas"), (Side.ACCELERATED, "modin", "Modin on Ray")):
        times = [point[name] for point in points]
        figure.add_trace(race.medians(rows, times, side, label, "%{x:,} rows: %{customdata}", theme))
    figure.update_layout(design_theme.layout(380))
    figure.update_xaxes(title="rows, log", type="log", tickvals=rows, ticktext=[f"{count:,}" for count in rows])
    times = [seconds for point in points for name in ("pandas", "modin") for seconds in point[name]]
    figure.update_yaxes(title="time to the result, log", **race.log_seconds(times))
    if crossing:
        ink = design_theme.ink(theme)
        figure.add_vrect(
            x0=crossing["low"],
            x1=crossing["high"],
            fillcolor=design_theme.see_through(ink, 0.12),
            line_width=0,
            layer="below",
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
