"""Below a race of memory traffic: charts of its case over array sizes, strides, tiles or cores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from bench.plan.plan import Plan
from ui.components import job_panel
from ui.components.job_panel import DrawMeasurement, MeasurementRequest
from ui.design import browser
from ui.views.memory_traffic.scaling import draw_scaling
from ui.views.memory_traffic.sizes import draw_sizes
from ui.views.memory_traffic.sweep_charts import SWEEP_LABELS, draw_sweep
from ui.views.race.tabs import take_opened_task


@dataclass(frozen=True, slots=True)
class ChartTask:
    """A chart and the measurement behind it."""

    label: str
    task: str
    arguments: dict[str, Any]
    icon: str
    caption: str
    draw: DrawMeasurement


def list_chart_tasks(case: str) -> list[ChartTask]:
    """The charts of a case; the first is the default."""
    charts = []
    if case == "multithreading":
        charts.append(
            ChartTask(
                "One to all cores",
                "scaling",
                {},
                ":material/stacked_line_chart:",
                "The triad, at the array size set above, and plain arithmetic on one to all cores, in turns.",
                draw_scaling,
            )
        )
    if case in SWEEP_LABELS:
        charts.append(
            ChartTask(
                SWEEP_LABELS[case],
                "sweep",
                {},
                ":material/linear_scale:",
                "Each point is the best of a few passes, at the array size set above. Every result is checked.",
                draw_sweep,
            )
        )
    charts.append(
        ChartTask(
            "Array sizes",
            "sizes",
            {},
            ":material/stairs_2:",
            "Both versions from inside the nearest cache to beyond the last one, best of a few passes. Every result is "
            "checked.",
            draw_sizes,
        )
    )
    return charts


def draw_sweep_section(plan: Plan) -> None:
    """One chart of the plan's case, a choice between its charts, and the button that measures it."""
    colours = browser.detect_theme()
    charts = {chart.label: chart for chart in list_chart_tasks(plan.case)}
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## Chart", width="content")
        label = next(iter(charts))
        if len(charts) > 1:
            key, opened = f"memory:chart-{plan.case}", take_opened_task(plan.workload)
            st.session_state.setdefault(key, label)
            if shown := next((chart.label for chart in charts.values() if chart.task == opened), ""):
                st.session_state[key] = shown
            st.segmented_control(
                "Chart", list(charts), required=True, key=key, label_visibility="collapsed", width="content"
            )
            label = str(st.session_state[key])
        chart = charts[label]
        request = MeasurementRequest(plan, chart.task, chart.arguments)
        # Only a result of the same settings: the curves of other settings look the same and mean something else.
        job = job_panel.find_job(request)
        job_panel.draw_buttons(request, job, "Measure", chart.icon, is_main=False)
        st.caption(chart.caption)
    if job is not None:
        job_panel.draw_origin(job, request)
        job_panel.follow_job(job, lambda current: chart.draw(current, colours))
