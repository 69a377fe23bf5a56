"""What both versions reached in the newest race of a plan, beside what the machine allows them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.formatting import format_measure
from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.values import Arm, Measure
from ui.design import theme
from ui.history import load_last_run
from ui.views.memory_traffic import introduction

OPTIONAL_COLUMNS = ("operations", "share of BLAS")
"""Columns that are left out where no version has them."""


def draw_achieved(plan: Plan) -> None:
    """A row for each version; nothing where this plan was not raced to its end."""
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
        "Bytes are those of the plain algorithm. The limit is the lower one of the two that a version's intensity "
        "meets: STREAM's triad over as much as it touches, or the peak of float32 arithmetic, both measured beside the "
        "race on as many threads. Kernels that mostly read may pass the triad, which writes a third of its bytes."
    )


def build_achieved_table(run: Run) -> pd.DataFrame:
    """A row for each version that was told of; empty where none was."""
    found = []
    names = introduction.version_names(run.plan)
    for arm in Arm if run.quality else ():
        told = {measure.name: measure for measure in getattr(run.quality, arm)}
        if not {"bandwidth", "share", "ceiling"} <= told.keys():
            continue
        label = introduction.version_label(run.plan, names[arm])
        found.append(
            {
                "version": f"{theme.arm_style(arm, 'light').glyph} {label}",
                "bandwidth": format_measure(told["bandwidth"]),
                "operations": format_measure(told["rate"]) if "rate" in told else "",
                "limit": _format_limit(told),
                "share of the limit": format_measure(told["share"]),
                "share of BLAS": format_measure(told["share_of_library"]) if "share_of_library" in told else "",
            }
        )
    nothing = [name for name in OPTIONAL_COLUMNS if not any(row[name] for row in found)]
    return pd.DataFrame(found).drop(columns=nothing) if found else pd.DataFrame()


def _format_limit(told: dict[str, Measure]) -> str:
    """The one that the share is of, by name."""
    if "peak" in told and "the peak" in told["share"].label:
        return f"arithmetic, {format_measure(told['peak'])}"
    return f"triad, {format_measure(told['ceiling'])}"
