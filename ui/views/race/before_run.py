"""What a race page shows before a run: the last run with the same settings, else a link to the last one with others."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import find_case
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui.access.redaction import describe_error
from ui.charts.steps import build_published_figure
from ui.design.figures import draw_figure
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.history import load_last_run
from ui.views.race.notices import draw_other_run_link


def find_last_run(workload: Workload, plan: Plan | None) -> Run | None:
    """The newest finished run of exactly this plan. If it cannot be read, the page says why."""
    return _load_last_run(workload, plan.digest) if plan else None


def draw_last_other_run(workload: Workload, plan: Plan | None) -> None:
    """A link to the newest finished run of the workload, of whatever settings: its figures are not those of the plan,
    so nothing else of it is drawn."""
    if run := _load_last_run(workload, None):
        draw_other_run_link(workload, plan, run)


def _load_last_run(workload: Workload, digest: str | None) -> Run | None:
    try:
        return load_last_run(workload.name, digest)
    except (OSError, StoreError) as error:
        st.error(describe_error(error), title="Stored runs cannot be read", icon=":material/database_off:")
        return None


def draw_published(workload: Workload, plan: Plan | None, theme: Theme) -> None:
    """What others have published for the steps and values of the plan, folded: it is no promise for this machine."""
    case = find_case(workload, plan.case if plan else None)
    published = resolve(plan).published_ratios() if plan else case.published_ratios()
    if not published:
        return
    labels = case.labels()
    with st.expander("What others have published, and why your result will differ", icon=":material/compare_arrows:"):
        draw_figure(
            build_published_figure(case, published, theme),
            key=f"{workload.name}-published",
            alt="Published ratios of every step",
        )
        for step, ratio in published.items():
            st.caption(
                f"**{escape_markdown(labels[step])}**: {ratio.ratio:g}x, {escape_markdown(ratio.source)}. "
                f"{escape_markdown(ratio.why_it_differs)}"
            )
