"""The frame of both lists of the page Runs: filters above the table; count, pages and export below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bench.run.job import JobKind
from bench.storage.csv_export import jobs_csv
from bench.storage.job_filter import JobFilter
from bench.storage.job_row import JobRow
from bench.storage.store import Store
from ui import services
from ui.access.redaction import redact_row, shows_everything
from ui.access.visitor import Visitor
from ui.run_view import downloads
from ui.views.runs import filters
from ui.views.runs.filters import FilterColumn

TOOL_BAR_SPACE = "xsmall"
"""Room for the tool bar of a table, beside the gaps that Streamlit leaves."""


@dataclass(frozen=True, slots=True)
class ChoiceFilter:
    """A box that restricts a list to the rows with one value in a column."""

    label: str
    column: FilterColumn
    labels: Callable[[Any], str] = str
    """The text that the box shows for a value."""


@dataclass(frozen=True, slots=True)
class JobList:
    """A list of stored jobs of one kind."""

    kind: JobKind
    key: str
    """Prefix of the keys in the session state."""
    noun: str
    hint: str
    """What can be done with the rows."""
    choice_filters: Sequence[ChoiceFilter]
    draw_table: Callable[[Sequence[JobRow]], list[JobRow]]
    """Draws the rows of a page and returns those that are selected."""
    draw_selected: Callable[[list[JobRow]], None]


def describe_requester(row: JobRow, visitor: Visitor) -> str:
    """Who started a job, for the column of a list."""
    return f"{row.requester} (you)" if visitor.owns(row.owner) else row.requester


def _write_csv(store: Store, shown: JobFilter, with_paths: bool) -> str:
    rows = store.rows(limit=filters.CSV_LIMIT, **shown)
    rows = rows if with_paths else [redact_row(row) for row in rows]
    return jobs_csv(rows, store.summarize_attempts_of_all(rows))


def draw_job_list(jobs: JobList, digest: str | None) -> None:
    """The jobs, or those of one digest, that pass the filters on the page, the newest first. Raises StoreError."""
    store, key = services.get_store(), jobs.key
    everything = filters.make_filter(jobs.kind, digest)
    titles = store.workload_titles(**everything)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = filters.draw_words_filter(key)
        for choice in (ChoiceFilter("Workload", "workload", titles.__getitem__), *jobs.choice_filters):
            box_key = f"{key}_{choice.column}"
            chosen |= filters.draw_choice_filter(choice.label, box_key, choice.column, everything, choice.labels)
    shown = everything | chosen
    rows, count = filters.load_page(shown, key)
    if not rows:
        st.info(f"No {jobs.noun} passes these filters.", icon=":material/filter_alt_off:")
        return
    # The tool bar of the table is above it, where the last filter would be covered.
    st.space(TOOL_BAR_SPACE)
    selected = jobs.draw_table(rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        text = filters.describe_count(jobs.noun, count, store.count(**everything), len(rows))
        st.caption(f"{text}. {jobs.hint}", width="stretch")
        filters.draw_page_choice(count, key)
        # Decided now: the file is made on request, outside of the session.
        with_paths = shows_everything()
        downloads.draw_file_button(
            "List as CSV",
            lambda: _write_csv(store, shown, with_paths),
            f"fairlap-{key}.csv",
            key=f"{key}_csv",
        )
    if selected:
        with st.container(border=True):
            jobs.draw_selected(selected)
