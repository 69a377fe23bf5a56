"""A measurement drawn by the views of its workload, or as plain tables if they cannot."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from bench.run.measurement import MeasurementRecord
from bench.storage.measurement_csv import RESULT_TABLE, measurement_tables
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob, DrawMeasurement
from ui.design.markdown import escape_markdown
from ui.design.tables import escape_table
from ui.design.theme import Theme


def draw_measurement(job: DisplayedJob, colours: Theme) -> None:
    """Settings, state, and the results as far as they have come."""
    record = job.record
    draw = find_drawer(record.plan.workload, record.task) if record else None
    if record is None or draw is None:
        job_panel.draw_state(job)
        if record is not None:
            draw_tables(record)
    else:
        try:
            draw(job, colours)
        except ValidationError:
            st.info(
                "The workload has changed since this measurement, so its results are shown as plain tables.",
                icon=":material/history:",
            )
            draw_tables(record)
    if record is not None:
        _draw_settings(record)


def find_drawer(workload: str, task: str) -> DrawMeasurement | None:
    """The function with which the views of a workload draw a task: `ui.views.<workload>.measurements.DRAWERS`."""
    name = f"ui.views.{workload.replace('-', '_')}"
    if importlib.util.find_spec(name) is None or importlib.util.find_spec(f"{name}.measurements") is None:
        return None
    drawers: Mapping[str, DrawMeasurement] = importlib.import_module(f"{name}.measurements").DRAWERS
    return drawers.get(task)


def draw_tables(record: MeasurementRecord) -> None:
    """All reports and the result, one table for each name."""
    for name, rows in measurement_tables(record).items():
        frame = pd.DataFrame(rows)
        st.markdown(f"**{escape_markdown(name.replace('_', ' '))}**")
        if name == RESULT_TABLE and len(frame) == 1:
            st.table(
                escape_table(frame.T.rename(columns={0: "value"}).astype(str)), border="horizontal", alt="The result"
            )
        else:
            st.dataframe(frame, hide_index=True, height="content" if len(frame) < 12 else 400)


def _draw_settings(record: MeasurementRecord) -> None:
    """The settings of the plan and the arguments of the task."""
    snapshot, batch = record.snapshot, record.plan.batch
    settings = {"cores": record.plan.cores, "seed": record.plan.seed}
    settings |= {snapshot.batch_label: snapshot.format_batch(batch) if snapshot.batch_noun else batch}
    settings |= {parameter.label: parameter.value for parameter in record.snapshot.parameters}
    settings |= {name.replace("_", " "): value for name, value in record.arguments.items()}
    rows = [{"setting": name, "value": str(value)} for name, value in settings.items()]
    with st.expander("Settings", icon=":material/tune:"):
        st.table(escape_table(pd.DataFrame(rows)), border="horizontal", hide_index=True, alt="Settings")
