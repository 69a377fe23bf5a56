"""The environment of a run: machine, software, limits and placement, as they were when it ran."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.formatting import format_bytes, format_count, format_percent
from bench.run.environment import list_environment
from bench.run.record import Run
from bench.values.base import Arm
from ui.charts.telemetry import build_telemetry_figure
from ui.design.markdown import escape_markdown, quote_code
from ui.design.tables import escape_table
from ui.design.theme import Theme
from ui.run_view.environment_variables import draw_environment_variables
from ui.run_view.figures import RunChart, draw_chart
from ui.run_view.thread_pools import draw_thread_pools


def draw_environment(run: Run, key: str, theme: Theme) -> None:
    """Expanders with the machine and its software, and with its load during the run."""
    with st.expander("Environment of this run", icon=":material/computer:"):
        rows = [{"what": name, "value": value} for name, value in list_environment(run)]
        st.table(escape_table(pd.DataFrame(rows)), border="horizontal", hide_index=True, alt="Environment of the run")
        draw_thread_pools(run)
        draw_environment_variables(run)
    if run.telemetry:
        with st.expander("Machine during the run", icon=":material/monitoring:"):
            _draw_telemetry(run, key, theme)


def draw_origin(run: Run) -> None:
    """One line: the machine, its noise, and the ids of run and plan."""
    noise = f", noise at rest {run.noise.score:.1f} % ({run.noise.word})" if run.noise else ""
    st.caption(
        f":material/computer: {escape_markdown(run.machine.short)}{noise}. "
        f"Started {run.started:%Y-%m-%d %H:%M} UTC, run {quote_code(run.id[:8])}, plan {quote_code(run.digest)}."
    )


def _draw_telemetry(run: Run, key: str, theme: Theme) -> None:
    st.markdown(_summarize_telemetry(run))
    chart = RunChart(
        run,
        "telemetry",
        theme,
        version=len(run.telemetry),
        build=lambda: build_telemetry_figure(run, theme),
        alt="Load of every processor during the run",
    )
    draw_chart(chart, key)


def _summarize_telemetry(run: Run) -> str:
    readings = run.telemetry
    mhz = [core.mhz for reading in readings for core in reading.cores if core.mhz is not None]
    steal = [reading.steal for reading in readings if reading.steal is not None]
    celsius = [reading.celsius for reading in readings if reading.celsius is not None]
    memory = " | ".join(format_bytes(max(reading.arm_memory.get(arm, 0) for reading in readings)) for arm in Arm)
    parts = [format_count(len(readings), "reading")]
    if mhz:
        parts.append(f"{min(mhz):,.0f} to {max(mhz):,.0f} MHz")
    if steal:
        parts.append(f"steal at most {format_percent(max(steal))}")
    if celsius:
        parts.append(f"up to {max(celsius):.0f} °C")
    return ", ".join(parts) + f", memory of the arms up to {memory}."
