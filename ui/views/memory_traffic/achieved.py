"""What both versions reached in the newest race of a plan, compared with the limits of the machine."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from bench.claims.rule import arm_measures
from bench.formatting import format_measure
from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.values import Arm, Measure
from ui.design import theme
from ui.history import load_last_run

OPTIONAL_COLUMNS = ("operations", "share of BLAS")
"""Columns that are left out if no version has a value."""
REQUIRED_MEASURES = {"bandwidth", "share", "ceiling"}


def draw_achieved(plan: Plan) -> None:
    """A table with a row for each version; nothing if this plan has no finished run."""
    try:
        run = load_last_run(plan.workload, plan.digest)
    except (OSError, StoreError) as error:
        st.error(str(error), title="Stored runs cannot be read", icon=":material/database_off:")
        return
    table = build_achieved_table(run) if run is not None else pd.DataFrame()
    if table.empty:
        return
    st.markdown("**What the versions reach** :small[by the best call of the race]")
    st.dataframe(table, hide_index=True, height="content")
    st.caption(
        "Bytes are those of the plain algorithm. The limit is the lower of two limits at the version's arithmetic "
        "intensity: the bandwidth of STREAM's triad on arrays of the same size, and the peak of float32 arithmetic. "
        "Both are measured with the race, on the same number of threads. Kernels that mostly read may exceed the "
        "triad, which writes a third of its bytes."
    )


def build_achieved_table(run: Run) -> pd.DataFrame:
    """A row for each arm whose measures were recorded."""
    rows: list[dict[str, str]] = []
    for arm in Arm:
        measures = {measure.name: measure for measure in arm_measures(run.quality, arm)}
        if not measures.keys() >= REQUIRED_MEASURES:
            continue
        rows.append(
            {
                "version": f"{theme.arm_style(arm, 'light').glyph} {run.snapshot.arms[arm]}",
                "bandwidth": format_measure(measures["bandwidth"]),
                "operations": _format_optional(measures, "rate"),
                "limit": _format_limit(measures),
                "share of the limit": format_measure(measures["share"]),
                "share of BLAS": _format_optional(measures, "share_of_library"),
            }
        )
    empty = [name for name in OPTIONAL_COLUMNS if not any(row[name] for row in rows)]
    return pd.DataFrame(rows).drop(columns=empty) if rows else pd.DataFrame()


def _format_optional(measures: Mapping[str, Measure], name: str) -> str:
    return format_measure(measures[name]) if name in measures else ""


def _format_limit(measures: Mapping[str, Measure]) -> str:
    """The limit that the share refers to, with its name."""
    if "peak" in measures and "the peak" in measures["share"].label:
        return f"arithmetic, {format_measure(measures['peak'])}"
    return f"triad, {format_measure(measures['ceiling'])}"
