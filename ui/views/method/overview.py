"""All tricks on the example run in one table: the number that each gives, and the rules that notice it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from bench.claims.tricks.catalogue import TRICKS
from bench.claims.tricks.judging import JudgedTrick
from bench.claims.tricks.trick import Trick
from bench.run.outcome import TRICK_MARK
from bench.run.record import Run
from ui.design.markdown import escape_markdown


def draw_overview(run: Run, judge: Callable[[Trick, Run], JudgedTrick | str]) -> None:
    """An expander with the table, which is made when it is opened. `judge` gives a trick on the run, or as
    Markdown why it cannot be applied."""
    section = st.expander(
        "All ways on this run", icon=":material/table_rows:", key="method-overview", on_change="rerun"
    )
    if section.open:
        with section:
            rows = [_make_row(trick, judge(trick, run)) for trick in TRICKS]
            st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="All ways on this run")


def _make_row(trick: Trick, judged: JudgedTrick | str) -> dict[str, str]:
    """The cells as Markdown, by the name of their column."""
    row = {"way": f"{trick.number}\\. {trick.title}" if trick.number else trick.title}
    if isinstance(judged, str):
        return row | {"honest": "", TRICK_MARK: "", "what notices": judged}
    quoted = judged.tricked.quoted
    catches = "; ".join(f"{finding.title} ({finding.effect})" for finding in judged.catches)
    return row | {
        "honest": escape_markdown(judged.tricked.honest.headline),
        TRICK_MARK: escape_markdown(f"{quoted.headline} {quoted.meaning}"),
        "what notices": escape_markdown(catches or "no rule"),
    }
