"""What a race page shows before a run: the last run, else the published figures."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import find_case
from bench.storage.store import StoreError
from bench.values import TOTAL
from bench.workload.declaration import Case, PublishedRatio, Workload
from ui.charts.steps import build_published_figure
from ui.design.markdown import escape_markdown
from ui.design.plotly_template import PLOTLY_CONFIG
from ui.design.text import format_date_time
from ui.design.theme import Theme
from ui.history import load_last_run
from ui.run_view.view import draw_run

COMMAND_PREFIX = "python -m bench run "


def draw_before_run(workload: Workload, plan: Plan | None, theme: Theme, same_plan_only: bool) -> bool:
    """Draw the last run of `plan`, else of the workload unless `same_plan_only`, else what was published.

    Returns whether a run was drawn.
    """
    try:
        same = load_last_run(workload.name, plan.digest) if plan else None
        run = same if same or same_plan_only else load_last_run(workload.name)
    except (OSError, StoreError) as error:
        st.error(str(error), title="Stored runs cannot be read", icon=":material/database_off:")
        same = run = None
    if run is None:
        case = find_case(workload, plan.case if plan else None)
        timed = {TOTAL, *(step.name for step in resolve(plan).steps)} if plan else set(case.labels())
        published = {name: ratio for name, ratio in case.published_ratios().items() if name in timed}
        _draw_published(case, published, f"{workload.name}-published", theme)
        return False
    when = format_date_time(run.started)
    if same:
        st.caption(f":material/history: Last run of this plan, {when}. Press **Run** to race again.")
    else:
        st.caption(
            f":material/history: No run with these settings yet. This is the last run **with other settings**, {when}: "
            f"`{run.snapshot.command.removeprefix(COMMAND_PREFIX)}`"
        )
    draw_run(run, key=f"{workload.name}-run", live=False)
    return True


def _draw_published(case: Case, published: Mapping[str, PublishedRatio], key: str, theme: Theme) -> None:
    """Published ratios of steps of a case, and why results differ."""
    labels = case.labels()
    if not published:
        st.info("No run with these settings yet. Press Run to start one.", icon=":material/sports_score:")
        return
    st.markdown("**Published figures**")
    st.caption("No run with these settings yet. Press **Run** to measure them on this machine.")
    st.plotly_chart(
        build_published_figure(case, published, theme),
        key=key,
        config=PLOTLY_CONFIG,
        alt="Published ratios of every step",
    )
    for step, ratio in published.items():
        st.caption(
            f"**{labels[step]}**: {ratio.ratio:g}x, {escape_markdown(ratio.source)}. "
            f"{escape_markdown(ratio.why_it_differs)}"
        )
