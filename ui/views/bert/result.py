"""The result of a race of BERT: the answers of both arms to some questions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.run.record import Run
from bench.values.base import Arm
from bench.values.output import Table
from ui.design.headings import draw_heading
from ui.design.tables import escape_table
from ui.design.theme import Theme, arm_style
from workloads.bert.measurements import ANSWERS_COLUMNS, ANSWERS_TABLE

MAX_SHOWN = 5
"""Number of questions shown; the others are in the run's table."""
MIN_SAME_SHOWN = 2
"""Of these, how many have the same answer in both arms."""


def draw_result(run: Run, key: str, theme: Theme) -> None:
    """Draw some answers of both arms, those that differ first. Nothing for a run without such a table.

    `key` is not needed: nothing here is a widget.
    """
    table = next((table for table in run.tables if table.name == ANSWERS_TABLE), None)
    # Runs of other versions may have other columns.
    if table is None or tuple(table.columns) != ANSWERS_COLUMNS or not table.rows:
        return
    draw_heading("Answers", _describe_agreement(run))
    shown = build_answers_table(table, run.snapshot.arms, theme)
    st.table(escape_table(shown), border="horizontal", hide_index=True, alt="Answers of both arms to some questions")


def build_answers_table(table: Table, names: dict[Arm, str], theme: Theme) -> pd.DataFrame:
    """One row per question, with the arms in columns of their own."""
    differing = [row for row in table.rows if row[-1] == "no"][: MAX_SHOWN - MIN_SAME_SHOWN]
    same = [row for row in table.rows if row[-1] != "no"]
    first, second = (f"{arm_style(arm, theme).glyph} {names[arm]}" for arm in Arm)
    return pd.DataFrame(
        [
            {
                "question": question,
                first: baseline or "no answer",
                second: accelerated or "no answer",
                "same": is_same,
                "expected": expected,
            }
            for question, expected, baseline, accelerated, is_same in [*differing, *same][:MAX_SHOWN]
        ]
    )


def _describe_agreement(run: Run) -> str:
    """How many of all judged answers are the same, if that was measured; those that differ are shown first."""
    measures = run.quality.agreement if run.quality else []
    for measure in measures:
        if measure.name == "answers-agree" and measure.observations:
            same = round(measure.value / 100 * measure.observations)
            return f"{same} of {measure.observations} are the same in both arms. Those that differ come first."
    return "Those that differ come first."
