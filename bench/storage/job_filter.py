"""Conditions on the rows of a list of jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar

from sqlalchemy import ColumnElement, Select, or_

from bench.run.events import State
from bench.run.job import IMPORT_ORIGIN, JobKind
from bench.storage.schema import jobs_table
from bench.values.claims import ClaimState

SelectT = TypeVar("SelectT", bound=Select[*tuple[Any, ...]])
MAX_SEARCH_CHARS = 200
MAX_SEARCH_WORDS = 10
SEARCHED_COLUMNS = (
    *("id", "digest", "workload", "title", "case_label", "baseline", "baseline_label", "accelerated"),
    *("accelerated_label", "machine", "host", "sentence", "inputs", "state", "origin", "requester"),
)
"""Columns in which `words` are looked for by default. Not `speed`, which is "faster" without a claim too."""


class JobFilter(TypedDict, total=False):
    """Conditions that the rows of a list fulfil, all of them. A missing key is no condition."""

    kind: JobKind
    workload: str
    without_workloads: Sequence[str]
    """Workloads whose jobs are left out."""
    case_name: str
    task: str
    digest: str
    digests: Collection[str]
    """The digest is one of these."""
    parent_id: str
    baseline: str
    accelerated: str
    cores: int
    batch: int
    machine_id: str | None
    claimed: bool
    state: State
    claim_state: ClaimState | None
    started_before: datetime
    """With a time zone."""
    with_imported: bool
    """Also runs that were imported. They are left out by default, so that nothing takes them for results of this
    machine: no evidence, estimate, rival, best choice or history is made from them."""
    words: str
    """Words separated by spaces; each occurs in one of the searched columns, in upper or lower case. Only the first
    `MAX_SEARCH_WORDS` of them in the first `MAX_SEARCH_CHARS` characters count."""
    searched_columns: Sequence[str]
    """The columns in which `words` are looked for; `SEARCHED_COLUMNS` if nothing else is given."""


def filter_query(query: SelectT, filters: JobFilter) -> SelectT:
    conditions: dict[str, Any] = dict(filters)
    searched = conditions.pop("searched_columns", SEARCHED_COLUMNS)
    if not conditions.pop("with_imported", False):
        query = query.where(jobs_table.c.origin != IMPORT_ORIGIN)
    # Each word is looked for in every row and column, and the words come from visitors.
    for word in conditions.pop("words", "")[:MAX_SEARCH_CHARS].split()[:MAX_SEARCH_WORDS]:
        query = query.where(_occurs(word, searched))
    if hidden := conditions.pop("without_workloads", ()):
        query = query.where(jobs_table.c.workload.not_in(hidden))
    if "digests" in conditions:
        query = query.where(jobs_table.c.digest.in_(conditions.pop("digests")))
    if started_before := conditions.pop("started_before", None):
        query = query.where(jobs_table.c.started < started_before.astimezone(UTC))
    for name, value in conditions.items():
        column = jobs_table.c[name]
        query = query.where(column.is_(value) if value is None else column == value)
    return query


def _occurs(word: str, columns: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(jobs_table.c[name].icontains(word, autoescape=True) for name in columns))
