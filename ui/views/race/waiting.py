"""A race that waits for its turn: what is before it, and how long such a race takes."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count
from bench.plan.plan import Plan
from ui import services
from ui.design.markdown import escape_markdown
from ui.history import load_expected_stages


def draw_waiting(position: int, plan: Plan | None) -> None:
    """The jobs before a race that has not started, and how long it will take, if one like it is stored."""
    entries = services.get_dispatcher().entries()[:position]
    took = _describe_duration(plan) if plan else ""
    if not entries:
        st.info(f"The race is next: its arms are starting.{took}", icon=":material/hourglass_top:")
        return
    names = ", ".join(escape_markdown(f"{entry.title} (from the {entry.origin})") for entry in entries)
    st.info(
        f"{names}. One job runs at a time, so that jobs do not disturb each other. Yours starts automatically.{took}",
        title=f"{format_count(position, 'job')} before yours",
        icon=":material/hourglass_top:",
    )


def _describe_duration(plan: Plan) -> str:
    expected = load_expected_stages(plan)
    return f" A race like this took {sum(expected.values()):.0f} s the last time." if expected else ""
