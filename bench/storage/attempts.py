"""Attempts: how often a plan and its neighbours were raced on a machine, whichever of these runs are still stored.

A person who races until a ratio pleases selects a result. So each run is shown with the number of attempts and the
median ratio of those that made a claim. Both are computed when the run is shown, because later attempts count too.

Neighbours have the same workload, case, arms and machine, but another batch, core count, seed, budget or parameter.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select

from bench.formatting import format_count, format_ratio
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.outcome import describe_outcome
from bench.storage.damaged_rows import read_rows, replace_damaged
from bench.storage.integrity import EXACT_DIALECTS, digest_attempt, digest_export, is_attempt_edited
from bench.storage.schema import attempts_table
from bench.values.statistics import Interval

NEIGHBOUR_DIFFERENCES = "another batch, core count, seed, budget or parameter"
MAX_DIGESTS_PER_QUERY = 500
UNKNOWN_ATTEMPTS = "Other attempts at this plan are not known, because the store cannot be read."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One race that ended. It holds no personal data, and stays when the run is deleted."""

    id: str
    """Id of the run."""
    plan_digest: str
    neighbourhood: str
    """Digest of what a plan has in common with its neighbours."""
    machine_id: str | None
    """See `MachineIdentity.machine_id`; None for runs of version 0.1.0."""
    machine_digest: str
    """Digest of the machine's description, which identifies machines without an id."""
    started: datetime
    state: str
    ratio: Interval | None
    """Ratio of the total; None if the run had too few pairs."""
    claimed: bool | None
    """Whether a claim was made; None if the run did not come to a decision."""
    edited: bool = False
    """Whether the row was edited after it was stored, or, if an older version wrote it without a digest, after it was
    migrated."""

    def is_on_machine_of(self, other: Attempt | PlanCount) -> bool:
        if self.machine_id and other.machine_id:
            return self.machine_id == other.machine_id
        return self.machine_digest == other.machine_digest


@dataclass(frozen=True, slots=True)
class PlanCount:
    """Number of attempts at one plan on one machine."""

    plan_digest: str
    neighbourhood: str
    machine_id: str | None
    machine_digest: str
    count: int
    claim_count: int


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """The attempts at a run's plan and at its neighbours on the run's machine, the run included."""

    position: int | None
    """Number of the run among the attempts at its plan, in order of their start; the first is 1. None for a run that
    was imported: it is no attempt, and nothing is counted for it."""
    count: int
    """Number of attempts at the plan."""
    claim_count: int
    """Number of attempts at the plan that made a claim."""
    ratios: Interval | None
    """Median, lowest and highest ratio of the attempts at the plan that made a claim; None if none did. The ratio of a
    run that was refused is not a result."""
    neighbour_count: int
    """Number of runs of neighbouring plans."""
    neighbour_claim_count: int
    edited_count: int
    """Number of attempts at the plan, on any machine, whose row was edited after it was stored. Rows that were removed
    and rows of neighbours are not checked."""

    def report(self) -> dict[str, Any]:
        """The summary as JSON for export, with its text."""
        ratios = self.ratios and {"median": self.ratios.value, "lowest": self.ratios.low, "highest": self.ratios.high}
        return {
            "position": self.position,
            "count": self.count,
            "claims_made": self.claim_count,
            "claimed_ratios": ratios,
            "neighbours": self.neighbour_count,
            "neighbour_claims_made": self.neighbour_claim_count,
            "edited_after_they_were_stored": self.edited_count,
            "text": format_attempts(self),
        }


NO_ATTEMPT = AttemptSummary(
    position=None,
    count=0,
    claim_count=0,
    ratios=None,
    neighbour_count=0,
    neighbour_claim_count=0,
    edited_count=0,
)
"""Of a run that was imported."""


def build_report(
    record: JobRecord, attempts: AttemptSummary | None, headline: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A record as JSON for export. A race has its sentence, its headline, and its attempts, which are None if they are
    not known."""
    if isinstance(record, MeasurementRecord):
        return record.report()
    report = record.report() | {
        "headline": headline,
        "outcome": describe_outcome(record),
        "attempts": attempts.report() if attempts else None,
    }
    return report | {"export": {"digest": digest_export(report)}}


def append_attempts(sentence: str, attempts: AttemptSummary | None) -> str:
    """The sentence of a run as a person hands it on: with the other attempts at its plan; None if not known."""
    text = UNKNOWN_ATTEMPTS if attempts is None else format_attempts(attempts)
    return f"{sentence} {text}" if text else sentence


def format_attempts(summary: AttemptSummary) -> str | None:
    """What a reader of a claim has to know about other attempts, as sentences; None if there were no others."""
    sentences = []
    if summary.count > 1 and summary.position is not None:
        position = f"{summary.position:,} of {summary.count:,}"
        text = f"Run {position} of this plan on this machine; {_format_claims(summary.claim_count)}"
        if summary.ratios is not None:
            ends = f"{format_ratio(summary.ratios.low)} to {format_ratio(summary.ratios.high)}"
            text += f", median ratio {format_ratio(summary.ratios.value)} ({ends})"
            others = summary.count - summary.claim_count
            text += f"; {others:,} made none" if others else ""
        sentences.append(f"{text}.")
    if summary.neighbour_count:
        runs = format_count(summary.neighbour_count, "run")
        sentences.append(
            f"{runs} of neighbouring plans on this machine, with {NEIGHBOUR_DIFFERENCES}; "
            f"{_format_claims(summary.neighbour_claim_count)}."
        )
    if summary.edited_count:
        attempts = format_count(summary.edited_count, "attempt")
        edited = "was edited after it was stored" if summary.edited_count == 1 else "were edited after they were stored"
        sentences.append(f"{attempts} at this plan {edited}, so these counts may be wrong.")
    return " ".join(sentences) or None


def format_position(summary: AttemptSummary) -> str:
    """`5 of 7`, for lists; `5 of 7, edited` if that may be wrong; `imported` for what is no attempt."""
    if summary.position is None:
        return "imported"
    return f"{summary.position:,} of {summary.count:,}{', edited' if summary.edited_count else ''}"


def _format_claims(count: int) -> str:
    return "none made a claim" if count == 0 else f"{count:,} made a claim"


def make_attempt(columns: dict[str, Any]) -> Attempt:
    """The attempt of a run from its columns in the table of jobs."""
    return Attempt(
        id=columns["id"],
        plan_digest=columns["digest"],
        neighbourhood=_digest(
            json.dumps([columns[name] for name in ("workload", "case_name", "baseline", "accelerated")])
        ),
        machine_id=columns["machine_id"],
        machine_digest=_digest(columns["machine"]),
        started=columns["started"],
        state=str(columns["state"]),
        ratio=_make_ratio(columns.get("ratio"), columns.get("ratio_low"), columns.get("ratio_high")),
        claimed=columns.get("claimed"),
    )


def summarize_attempts(
    runs: Sequence[Attempt], stored: Iterable[Attempt], plan_counts: Iterable[PlanCount]
) -> dict[str, AttemptSummary]:
    """The summary of each run, by id. `stored` has the attempts at the plans of the runs; a run need not be among them.
    `plan_counts` has the plans of their neighbourhoods."""
    by_plan: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in stored:
        by_plan[attempt.plan_digest].append(attempt)
    by_neighbourhood: defaultdict[str, list[PlanCount]] = defaultdict(list)
    for plan in plan_counts:
        by_neighbourhood[plan.neighbourhood].append(plan)
    # A list may have thousands of runs of one plan, so what they share is computed once.
    shared: dict[tuple[str, str | None, str], tuple[AttemptSummary, dict[str, int]]] = {}
    summaries: dict[str, AttemptSummary] = {}
    for run in runs:
        key = (run.plan_digest, run.machine_id, run.machine_digest)
        if key in shared and run.id in shared[key][1]:
            summary, positions = shared[key]
        else:
            attempts = by_plan[run.plan_digest]
            summary, positions = _summarize_plan(run, attempts, by_neighbourhood[run.neighbourhood])
            if any(attempt.id == run.id for attempt in attempts):
                shared[key] = summary, positions
        summaries[run.id] = replace(summary, position=positions[run.id])
    return summaries


def _summarize_plan(
    run: Attempt, attempts: Sequence[Attempt], plan_counts: Sequence[PlanCount]
) -> tuple[AttemptSummary, dict[str, int]]:
    """The summary of a run, and the position of every attempt at its plan on its machine, by id."""
    others = [attempt for attempt in attempts if attempt.id != run.id and run.is_on_machine_of(attempt)]
    same = sorted([run, *others], key=lambda attempt: (attempt.started, attempt.id))
    neighbours = [plan for plan in plan_counts if plan.plan_digest != run.plan_digest and run.is_on_machine_of(plan)]
    ratios = [attempt.ratio.value for attempt in same if attempt.claimed and attempt.ratio is not None]
    positions = {attempt.id: position for position, attempt in enumerate(same, start=1)}
    summary = AttemptSummary(
        position=positions[run.id],
        count=len(same),
        claim_count=sum(attempt.claimed is True for attempt in same),
        ratios=Interval(value=median(ratios), low=min(ratios), high=max(ratios)) if ratios else None,
        neighbour_count=sum(plan.count for plan in neighbours),
        neighbour_claim_count=sum(plan.claim_count for plan in neighbours),
        edited_count=sum(attempt.edited for attempt in attempts),
    )
    return summary, positions


def write_attempt(connection: Connection, attempt: Attempt) -> None:
    """Store an attempt, and replace an earlier state of it."""
    ratio = attempt.ratio
    columns = {
        "id": attempt.id,
        "plan_digest": attempt.plan_digest,
        "neighbourhood": attempt.neighbourhood,
        "machine_id": attempt.machine_id,
        "machine_digest": attempt.machine_digest,
        "started": attempt.started,
        "state": attempt.state,
        "ratio": ratio and ratio.value,
        "ratio_low": ratio and ratio.low,
        "ratio_high": ratio and ratio.high,
        "claimed": attempt.claimed,
    }
    row_digest = digest_attempt(columns) if connection.dialect.name in EXACT_DIALECTS else None
    connection.execute(delete(attempts_table).where(attempts_table.c.id == attempt.id))
    connection.execute(insert(attempts_table).values(columns | {"row_digest": row_digest}))


def read_attempts(connection: Connection, plan_digests: Iterable[str]) -> list[Attempt]:
    """All attempts at these plans."""
    found: list[Attempt] = []
    is_exact = connection.dialect.name in EXACT_DIALECTS
    for digests in _batched(plan_digests):
        query = select(attempts_table).where(attempts_table.c.plan_digest.in_(digests))
        found += [_read_attempt(values, is_exact) for values in read_rows(connection, query, attempts_table)]
    return found


def count_attempts(connection: Connection, neighbourhoods: Iterable[str]) -> list[PlanCount]:
    """The number of attempts at each plan of these neighbourhoods. Counted by the database: there may be thousands."""
    columns = [attempts_table.c[name] for name in ("plan_digest", "neighbourhood", "machine_id", "machine_digest")]
    claims = func.sum(case((attempts_table.c.claimed.is_(True), 1), else_=0)).label("claim_count")
    found: list[PlanCount] = []
    for digests in _batched(neighbourhoods):
        query = (
            select(*columns, func.count().label("attempt_count"), claims)
            .where(attempts_table.c.neighbourhood.in_(digests))
            .group_by(*columns)
        )
        found += [
            PlanCount(
                plan_digest=row.plan_digest,
                neighbourhood=row.neighbourhood,
                machine_id=row.machine_id,
                machine_digest=row.machine_digest,
                count=row.attempt_count,
                claim_count=int(row.claim_count),
            )
            for row in connection.execute(query)
        ]
    return found


def _batched(digests: Iterable[str]) -> Iterator[list[str]]:
    """The different digests in lists that are short enough for a query."""
    different = list(dict.fromkeys(digests))
    for start in range(0, len(different), MAX_DIGESTS_PER_QUERY):
        yield different[start : start + MAX_DIGESTS_PER_QUERY]


def _read_attempt(values: dict[str, Any], is_exact: bool) -> Attempt:
    edited = is_attempt_edited(values, with_columns=is_exact)
    # A damaged attempt counts too.
    replace_damaged(values, attempts_table)
    del values["row_digest"]
    ratio = _make_ratio(*(values.pop(name) for name in ("ratio", "ratio_low", "ratio_high")))
    started = values.pop("started")
    # SQLite stores no time zone: what is written is in UTC.
    started = started.replace(tzinfo=UTC) if started.tzinfo is None else started.astimezone(UTC)
    return Attempt(**values, started=started, ratio=ratio, edited=edited)


def _make_ratio(value: float | None, low: float | None, high: float | None) -> Interval | None:
    if value is None or low is None or high is None:
        return None
    return Interval(value=value, low=low, high=high)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
