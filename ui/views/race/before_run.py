"""TODO: ui.views.race.before_run."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.validation import find_case
from bench.storage.store import StoreError
from bench.workload.declaration import Case, Workload
from ui.charts import steps
from ui.design import markdown, plotly_template
from ui.design.text import format_date_time
from ui.design.theme import Theme
from ui.history import load_last_run
from ui.run_view import view


def draw_before_run(workload: Workload, plan: Plan | None, colours: Theme, only_same: bool) -> bool:
    """Before a run: the last one of this plan, else of this workload, else what was published."""
    try:
        run, same = load_last_run(workload, plan, only_same)
    except (OSError, StoreError) as error:
        st.error(str(error), title="Stored runs cannot be read", icon=":material/database_off:")
        run, same = None, False
    if run is None:
        case = find_case(workload, plan.case if plan else None)
        _draw_published(case, f"{workload.name}-published", colours)
        return False
    when = format_date_time(run.started)
    if same:
        st.caption(f":material/history: Last run of this plan on this machine, {when}. Press **Run** to race it again.")
    else:
        st.caption(
            f":material/history: No run of these settings yet. This is the last one **of another setting**, {when}: "
            f"`{run.snapshot.command.removeprefix('python -m bench run ')}`"
        )
    view.draw_run(run, key=f"{workload.name}-run", live=False)
    return True


def _draw_published(case: Case, key: str, colours: Theme) -> None:
    """What others measured; nothing was measured here yet."""
    labels, told = case.labels(), case.published_ratios()
    if not told:
        st.info("These settings were not raced here yet. Press Run.", icon=":material/sports_score:")
        return
    st.markdown("**Published figures**")
    st.caption("These settings were not raced here yet: press Run to measure them on this machine.")
    st.plotly_chart(
        steps.build_published_figure(case, colours),
        key=key,
        config=plotly_template.PLOTLY_CONFIG,
        alt="Published ratios of every step",
    )
    for step, published in told.items():
        st.caption(
            f"**{labels[step]}**: {published.ratio:g}x, {markdown.escape_markdown(published.source)}. "
            f"{markdown.escape_markdown(published.why_it_differs)}"
        )
