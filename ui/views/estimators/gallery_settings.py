"""The settings of the gallery: which cases, and what their races have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.scheduler.case_series import SHORT_BUDGET_S, SeriesSettings, list_core_counts, plan_series
from bench.system.limits import core_limit
from ui.access.identity import find_visitor
from ui.access.plans import max_budget_s
from ui.controls.tab_settings import TabSetting
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import Estimator

WORKLOAD = "estimators"
MODULE_PREFIX = "sklearn."
FAMILIES = tuple(dict.fromkeys(estimator.module.removeprefix(MODULE_PREFIX) for estimator in ESTIMATORS.values()))
"""The modules of scikit-learn that the cases are from."""
KINDS = {"all": "all", "patched": "replaced", "stock": "not replaced"}
"""By whether scikit-learn-intelex has an implementation of its own."""
BY_CASE = 0
"""Number of rows: the default of each case."""
ROW_COUNTS = {BY_CASE: "by case"} | {rows: f"{rows:,}" for rows in (1_000, 3_000, 10_000, 30_000, 100_000)}
MAX_ROW_COUNTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
DEFAULT_MAX_ROWS = 300_000
DTYPES = ("float64", "float32")
BUDGETS_S = (5, 10, 20, 30, 60, 120)
LIST_WIDTH_PX = 140
FAMILY_WIDTH_PX = 300


def _parse_families(text: str) -> list[str]:
    return [family for family in FAMILIES if family in text.split(",")]


def _parse_rows(text: str) -> int | None:
    return next((rows for rows in ROW_COUNTS if str(rows) == text), None)


FAMILY: TabSetting[list[str]] = TabSetting(WORKLOAD, "gallery", "family", [], _parse_families, ",".join)
KIND = TabSetting(WORKLOAD, "gallery", "kind", "all", lambda name: name if name in KINDS else None)
ROWS = TabSetting(WORKLOAD, "gallery", "rows", BY_CASE, _parse_rows)
MAX_ROWS = TabSetting(
    WORKLOAD, "gallery", "max_rows", DEFAULT_MAX_ROWS, {str(rows): rows for rows in MAX_ROW_COUNTS}.get
)
"""Largest number of rows of a search for a break-even."""
DTYPE = TabSetting(WORKLOAD, "gallery", "dtype", DTYPES[0], lambda name: name if name in DTYPES else None)
BUDGET = TabSetting(WORKLOAD, "gallery", "budget", int(SHORT_BUDGET_S), {str(s): s for s in BUDGETS_S}.get)
SETTINGS: tuple[TabSetting[Any], ...] = (FAMILY, KIND, ROWS, MAX_ROWS, DTYPE, BUDGET)


@dataclass(frozen=True, slots=True)
class GalleryPlans:
    """The plans of the gallery with its present settings."""

    every: list[Plan]
    """Of all cases."""
    selected: list[Plan]
    max_rows: int
    """Largest number of rows of a search for a break-even."""
    core_counts: list[int]
    """The numbers of cores that are compared."""


def draw_settings(plan: Plan) -> GalleryPlans:
    """Draw the settings, and return their plans. `plan` has the number of cores."""
    for setting in SETTINGS:
        setting.restore()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            "Modules",
            FAMILIES,
            key=FAMILY.key,
            persist_state="session",
            placeholder="all of scikit-learn",
            width=FAMILY_WIDTH_PX,
        )
        st.segmented_control(
            "Estimators",
            list(KINDS),
            format_func=KINDS.__getitem__,
            key=KIND.key,
            required=True,
            persist_state="session",
            width="content",
            help="Replaced: scikit-learn-intelex has an implementation of its own. What really ran is in the chart.",
        )
        st.selectbox(
            "Rows",
            list(ROW_COUNTS),
            format_func=ROW_COUNTS.__getitem__,
            key=ROWS.key,
            persist_state="session",
            width=LIST_WIDTH_PX,
            help="By case: the default of each case, most often 10,000. The time of support vector machines and t-SNE, "
            "and the memory of pairwise_distances, grow with the square of the rows.",
        )
        st.selectbox(
            "Break-even up to",
            MAX_ROW_COUNTS,
            format_func=lambda rows: f"{rows:,} rows",
            key=MAX_ROWS.key,
            persist_state="session",
            width=LIST_WIDTH_PX,
            help="The largest number of rows that a search for a break-even races, if it fits into memory and into the "
            "time budget.",
        )
        st.segmented_control(
            "Number format", DTYPES, key=DTYPE.key, required=True, persist_state="session", width="content"
        )
        st.selectbox(
            "Time budget",
            BUDGETS_S,
            format_func=lambda seconds: f"{seconds} s",
            key=BUDGET.key,
            persist_state="session",
            width=LIST_WIDTH_PX,
            help="Of each race. Slow cases use the 30 to 90 s that 8 pairs need. Starting the arms, evidence and "
            "accuracy take more.",
        )
    for setting in SETTINGS:
        setting.write()
    settings = SeriesSettings(
        cores=plan.cores,
        batch=st.session_state[ROWS.key] or None,
        budget_s=float(st.session_state[BUDGET.key]),
        max_budget_s=max_budget_s(find_visitor()),
        parameters={"dtype": st.session_state[DTYPE.key]},
    )
    plans = plan_series(find_workload(WORKLOAD), ESTIMATORS, settings)
    names = select_cases(st.session_state[FAMILY.key], st.session_state[KIND.key])
    selected = [plan for plan in plans if plan.case in names]
    return GalleryPlans(plans, selected, st.session_state[MAX_ROWS.key], list_core_counts(core_limit()))


def select_cases(families: Sequence[str], kind: str) -> set[str]:
    """Names of the cases of these modules (none: all) and of this kind."""

    def is_selected(estimator: Estimator) -> bool:
        family = estimator.module.removeprefix(MODULE_PREFIX)
        return (not families or family in families) and (kind == "all" or estimator.is_patched == (kind == "patched"))

    return {name for name, estimator in ESTIMATORS.items() if is_selected(estimator)}
