"""A card for each workload, with its last result on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from bench.claims.best_step import find_headline_step
from bench.claims.headline import write_headline
from bench.formatting import (
    format_batch,
    format_cores,
    format_duration,
    format_median,
    format_ratio_with_interval,
)
from bench.storage.attempts import append_attempts
from bench.storage.job_row import JobRow
from bench.storage.store import StoreError
from bench.values.base import Arm
from bench.values.claims import ClaimState
from bench.values.samples import TOTAL
from bench.workload.cases import PublishedRatio
from bench.workload.declaration import Workload
from ui import records, services
from ui.access.redaction import shows_everything
from ui.design.badges import claim_state_badge
from ui.design.browser import detect_theme
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.design.theme import arm_name_markdown
from ui.history import find_last_result


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a card says about the last run."""

    headline: str
    """Of the step that gained most, else of the total; of an application, of the total. Empty if it is not known."""
    step_state: ClaimState | None
    """How firmly the headline's step is claimed; None if the headline is that of the total, or not known."""
    medians: Mapping[Arm, str]
    """Of the total, with the digits that the spread of the samples supports. A row has no spread: three digits."""


def draw_card(workload: Workload) -> None:
    problem = workload.unavailable()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(f"{workload.icon} {workload.title}", anchor=False, width="stretch")
        if problem:
            st.badge("not available", icon=":material/block:", color="orange")
    row = find_last_result(workload.name, services.get_machine())
    if row:
        _draw_result(row, workload, row.case_label if len(workload.cases) > 1 else "")
    st.markdown(workload.summary)
    if problem:
        st.markdown(f":orange[:material/block:] {escape_markdown(problem)}")
    elif not row:
        st.caption("No race on this machine yet.")
    st.space("stretch")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if page := services.workload_page_script(workload.name):
            label = "Details" if problem else ":primary[**Open race**]"
            st.page_link(page, label=label, icon=":material/arrow_forward:", icon_position="right")
        if row and page:
            st.page_link(page, label="Last run", icon=":material/history:", query_params={"run": row.id})
        _draw_published(workload)


def _draw_result(row: JobRow, workload: Workload, case_label: str) -> None:
    """The newest result: medians first, then the ratio, the claim, date and conditions.

    Medians, ratio and claim are those of the total. A headline of a step has a badge of its own.
    """
    with st.container(gap=None):
        summary = _read_summary(row)
        if summary.headline:
            badge = f" {claim_state_badge(summary.step_state)}" if summary.step_state else ""
            st.markdown(f"**{escape_markdown(summary.headline)}**{badge}")
        st.caption("Total time")
        labels = {Arm.BASELINE: row.baseline_label, Arm.ACCELERATED: row.accelerated_label}
        for column, arm in zip(st.columns(2, gap="small"), Arm, strict=True):
            column.metric(arm_name_markdown(arm, labels[arm], detect_theme()), summary.medians[arm])
        attempts = services.get_store().summarize_attempts(row)
        sentence = append_attempts(row.race_sentence, attempts)
        ratio = format_ratio_with_interval(row.interval) if row.interval else ""
        st.markdown(f":gray[Total:] {ratio} {claim_state_badge(row.claim_state)}", help=escape_markdown(sentence))
        elsewhere = "" if row.is_from(services.get_machine()) else f"on another machine: {escape_markdown(row.machine)}"
        parts = [
            escape_markdown(case_label),
            format_date_time(row.started),
            f"{format_cores(row.cores)}, {format_batch(row.batch, workload.batch.noun)}",
            elsewhere,
        ]
        st.caption(" · ".join(filter(None, parts)))


def _read_summary(row: JobRow) -> RunSummary:
    """What the record of a stored run says; what its row says if the record is gone, damaged, or of a later version."""
    try:
        summary = _load_summary(row.id, shows_everything())
    except StoreError:
        summary = None
    if summary:
        return summary
    times_s = {Arm.BASELINE: row.baseline_s, Arm.ACCELERATED: row.accelerated_s}
    return RunSummary(
        "", None, {arm: "unknown" if time_s is None else format_duration(time_s) for arm, time_s in times_s.items()}
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _load_summary(run_id: str, unredacted: bool) -> RunSummary | None:
    """None if the run is gone or has no interval. Raises StoreError.

    Cached, because a record is large and does not change; `unredacted` is part of the key.
    """
    run = records.read_status(run_id).run
    comparison = run.comparison() if run else None
    if run is None or comparison is None:
        return None
    step = find_headline_step(run)
    headline = write_headline(run, step or TOTAL)
    medians = {arm: format_median(comparison.summary(arm)) for arm in Arm}
    return RunSummary(headline.sentence, headline.state if step else None, medians)


def _draw_published(workload: Workload) -> None:
    """The ratios that others published, folded: they are no promise for this machine."""
    published = [
        (case.labels()[name], ratio) for case in workload.cases for name, ratio in case.published_ratios().items()
    ]
    if published:
        # Several cases may have the same step.
        with st.popover("Published elsewhere", type="tertiary", key=f"home-published-{workload.name}"):
            st.markdown(
                "\n".join(dict.fromkeys(f"- {_describe_published(label, ratio)}" for label, ratio in published))
            )


def _describe_published(label: str, ratio: PublishedRatio) -> str:
    return (
        f"**{escape_markdown(label)} {ratio.ratio:g}x**: {escape_markdown(f'{ratio.source}. {ratio.why_it_differs}')}"
    )
