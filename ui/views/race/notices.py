"""What a race page says about a run whose settings are not those of its controls."""

from __future__ import annotations

import streamlit as st

from bench.claims.headline import write_headline
from bench.plan.plan import Plan
from bench.run.plan_differences import describe_differences
from bench.run.record import Run
from bench.values.samples import TOTAL
from bench.workload.declaration import Workload
from ui import services
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.views.race.followed_run import DisplayedRun, find_displayed_plan, open_run, show_settings


def draw_settings_notice(workload: Workload, plan: Plan | None, displayed: DisplayedRun) -> None:
    """Say that the displayed run has other settings than the controls, which ones, and offer to show its settings."""
    shown = find_displayed_plan(workload, displayed)
    if plan is None or shown is None or shown.digest == plan.digest:
        return
    differences = describe_differences(shown, plan)
    if not displayed.live:
        text = f"**This result is of other settings than those above**: {escape_markdown(differences)}."
    else:
        status = "waiting" if displayed.run is None else "running"
        text = f"**The {status} race has other settings than those above**: {escape_markdown(differences)}."
    with st.container(horizontal=True, vertical_alignment="center", key="race-settings-notice"):
        st.markdown(f":orange[:material/tune:] {text}", width="content")
        st.button(
            "Show its settings",
            key=f"{workload.name}:show-settings",
            type="tertiary",
            icon=":material/undo:",
            on_click=show_settings,
            args=(workload, shown),
            help="Set the controls to the settings of this race",
        )


def draw_other_run_link(workload: Workload, plan: Plan | None, run: Run) -> None:
    """One line that names the result of the last run, most often with other settings, and opens it."""
    kind = "of these" if plan is not None and run.digest == plan.digest else "with other"
    headline = write_headline(run, TOTAL)
    differences = escape_markdown(describe_differences(run.plan, plan)) if plan else ""
    parts = [f"{format_date_time(run.started)}{describe_elsewhere(run)}", differences]
    with st.container(gap=None, key="race-other-run"):
        st.button(
            f"Last run {kind} settings: {escape_markdown(headline.sentence)}",
            icon=":material/history:",
            type="tertiary",
            key=f"{workload.name}:other-run",
            on_click=open_run,
            args=(workload, run),
            help="Open this run and set the controls to its settings",
        )
        st.caption(f"{', '.join(filter(None, parts))}.")


def describe_elsewhere(run: Run) -> str:
    """`, on another machine: …`, as Markdown, because machines may share a database; empty for a run of this one."""
    if run.machine.is_same_machine(services.get_machine()):
        return ""
    return f", on another machine: {escape_markdown(run.machine.short)}"
