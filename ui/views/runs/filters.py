"""What both lists of the page Runs share: filters above the table, and pages of rows below it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import streamlit as st

from bench.formatting import format_count
from bench.run.job import JobKind
from bench.storage.job_filter import MAX_SEARCH_CHARS, MAX_SEARCH_WORDS, JobFilter
from bench.storage.job_row import JobRow
from ui import records, services
from ui.access.redaction import PUBLIC_COLUMNS, shows_everything

FilterColumn = Literal["workload", "case_name", "task", "state", "claim_state"]
"""Columns whose values a list can be restricted to."""
ROWS_PER_PAGE = 200
"""Rows in the table at once."""
CSV_LIMIT = 10_000
"""Rows in the exported list."""


def make_filter(kind: JobKind, digest: str | None) -> JobFilter:
    """All jobs of a kind, or those of them with this digest."""
    filters = JobFilter(kind=kind, with_imported=True) | records.filter_visible()
    if digest:
        filters["digest"] = digest
    return filters


def draw_words_filter(key: str) -> JobFilter:
    """The search box: words that must occur in a row, in what this session's visitor sees of it."""
    everything = shows_everything()
    text = st.text_input(
        "Search",
        key=f"{key}_text",
        type="search",
        max_chars=MAX_SEARCH_CHARS,
        placeholder="any words",
        help="Searches ids, workloads, cases, arms, machines, people and verdicts"
        f"{', and the sentences of the claims' * everything}. Up to {MAX_SEARCH_WORDS} words.",
        persist_state="session",
    )
    if not text:
        return {}
    if len(text.split()) > MAX_SEARCH_WORDS:
        st.caption(f"Only the first {MAX_SEARCH_WORDS} words are searched for.")
    return JobFilter(words=text) if everything else JobFilter(words=text, searched_columns=PUBLIC_COLUMNS)


def draw_choice_filter(
    label: str,
    key: str,
    column: FilterColumn,
    filters: JobFilter,
    labels: Callable[[Any], str] = str,
) -> JobFilter:
    """A box with the values that `column` has in the rows of `filters`. Empty if none is chosen."""
    values = services.get_store().distinct(column, **filters)
    options: Mapping[str, Any] = {labels(value): value for value in sorted(values, key=labels)}
    if st.session_state.get(key) not in (None, *options):
        st.session_state[key] = None  # No row has the chosen value any more.
    chosen = st.selectbox(
        label, list(options), index=None, key=key, placeholder="all", persist_state="session", width=190
    )
    return cast(JobFilter, {} if chosen is None else {column: options[chosen]})


def load_page(filters: JobFilter, key: str) -> tuple[list[JobRow], int]:
    """The rows of the chosen page, and the number of rows on all pages."""
    store = services.get_store()
    count = store.count(**filters)
    pages = max(1, math.ceil(count / ROWS_PER_PAGE))
    page = int(st.session_state.get(f"{key}_page", 1))
    if page > pages:
        # Filters have shortened the list since the page was chosen.
        page = st.session_state[f"{key}_page"] = pages
    return records.list_rows(limit=ROWS_PER_PAGE, offset=(page - 1) * ROWS_PER_PAGE, **filters), count


def draw_page_choice(count: int, key: str) -> None:
    """The number of the page, if there are several."""
    pages = math.ceil(count / ROWS_PER_PAGE)
    if pages > 1:
        st.number_input(f"Page, of {pages}", min_value=1, max_value=pages, key=f"{key}_page", width=140)


def describe_count(noun: str, count: int, total: int, shown: int) -> str:
    """'12 runs', '3 of 12 runs' with filters, '400 runs, 200 on this page' with pages."""
    text = format_count(count, noun) if count == total else f"{count:,} of {format_count(total, noun)}"
    return text if shown == count else f"{text}, {shown} on this page"
