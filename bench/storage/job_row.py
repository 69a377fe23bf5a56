"""Jobs as lists show them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from bench.machine.model import Machine
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.upgrade_to_3 import complete_finding
from bench.storage.damaged_rows import read_rows, replace_damaged
from bench.storage.integrity import EXACT_DIALECTS, is_edited
from bench.storage.job_columns import FINDING_FIELDS
from bench.storage.records import RECORD, read_sentence
from bench.storage.schema import MAX_TEXT_LENGTH, jobs_table, records_table
from bench.values.claims import ClaimState, NoteKind
from bench.values.statistics import Interval

RECORDS_PER_READ = 100
"""Records in memory at once."""


@dataclass(frozen=True, slots=True)
class RowFinding:
    """What a rule found about the total of a race, as lists show it."""

    rule: str
    outcome: str
    title: str
    seen: str
    kind: NoteKind | None
    """Of a note."""

    @property
    def effect(self) -> str:
        """See `Finding.effect`."""
        return str(self.kind or self.outcome)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as lists show it. Times are in seconds, `started` is in UTC. A measurement has no times of arms."""

    id: str
    kind: JobKind | str
    parent_id: str | None
    """Id of the sweep that the job belongs to."""
    digest: str
    workload: str
    workload_title: str
    case_name: str
    case_label: str
    task: str | None
    """Name of a measurement's task."""
    title: str
    started: datetime
    state: State | str
    origin: str
    requester: str
    owner: str | None
    """See `RunOpened.owner`; None for the operator and for jobs of older versions."""
    cores: int
    batch: int
    baseline: str
    accelerated: str
    baseline_label: str
    accelerated_label: str
    baseline_s: float | None
    accelerated_s: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    speed: str | None
    claimed: bool | None
    """True if a claim is made, False if it is refused, None if the job did not come to one."""
    sentence: str | None
    """The claim of a race, or why there is none and what to do; None for a measurement."""
    inputs: str | None
    """What was raced, in one line; None for a measurement, and if it is not known."""
    machine: str
    machine_id: str | None
    host: str | None
    boot_id: str | None
    record_version: int
    findings: str | None = None
    """`list_findings` as JSON; None for a measurement, and for a race without a claim."""
    claim_state: ClaimState | None = None
    """Whether the race supports a claim, and how firmly; None if the job did not come to a decision."""
    edited: bool = False
    """Whether the row or its record was edited after it was stored, or, if an older version wrote it without a digest,
    after it was migrated."""

    @property
    def race_sentence(self) -> str:
        """The sentence of a race. Raises ValueError for a measurement, which has none."""
        if self.sentence is None:
            raise ValueError(f"Job {self.id} is a measurement, which has no sentence.")
        return self.sentence

    @property
    def interval(self) -> Interval | None:
        """The ratio of the total with its interval; None without one."""
        if self.ratio is None or self.ratio_low is None or self.ratio_high is None:
            return None
        return Interval(value=self.ratio, low=self.ratio_low, high=self.ratio_high)

    def list_findings(self) -> list[RowFinding]:
        """What the rules found about the total of a race, except for what passed. Empty if the column is damaged.

        A server of an earlier version that still runs after the migration stores findings without kinds.
        """
        try:
            return [
                RowFinding(
                    **{name: str(found[name]) for name in FINDING_FIELDS if name != "kind"},
                    kind=NoteKind(found["kind"]) if found["kind"] else None,
                )
                for found in map(complete_finding, json.loads(self.findings or "[]"))
            ]
        except (ValueError, KeyError, TypeError):
            return []

    def is_from(self, machine: Machine) -> bool:
        """Whether the job ran on `machine`. See `Machine.is_same_machine`."""
        if self.machine_id and machine.identity.machine_id:
            return self.machine_id == machine.identity.machine_id
        same_boot = self.boot_id is not None and self.boot_id == machine.identity.boot_id
        return same_boot or self.machine == machine.short[:MAX_TEXT_LENGTH]


def make_rows(connection: Connection, query: Select[Any]) -> list[JobRow]:
    """Rows of the table of jobs, damaged ones included, compared with the digests of their columns and records.

    Races of older versions have no sentence if they ended without a claim: they get it from their records.
    """
    rows = read_rows(connection, query, jobs_table)
    made = []
    for start in range(0, len(rows), RECORDS_PER_READ):
        part = rows[start : start + RECORDS_PER_READ]
        stored = {record.id: record for record in _read_records(connection, [values["id"] for values in part])}
        made += [_make_row(connection, values, stored.get(values["id"])) for values in part]
    return made


def _read_records(connection: Connection, ids: Sequence[str]) -> Iterator[Any]:
    query = select(records_table.c.id, RECORD, records_table.c.digest).where(records_table.c.id.in_(ids))
    yield from connection.execute(query)


def _make_row(connection: Connection, values: dict[str, Any], stored: Any) -> JobRow:
    record, digest = (stored.record, stored.digest) if stored else (None, None)
    edited = is_edited(values, record, digest, with_columns=connection.dialect.name in EXACT_DIALECTS)
    damaged = replace_damaged(values, jobs_table)
    del values["row_digest"]
    started = values["started"]
    # SQLite stores no time zone: what is written is in UTC.
    values["started"] = started.replace(tzinfo=UTC) if started.tzinfo is None else started.astimezone(UTC)
    # States and kinds of later versions are shown by their names.
    for name, enumeration in (("state", State), ("kind", JobKind)):
        if values[name] in set(enumeration):
            values[name] = enumeration(values[name])
    values["claim_state"] = ClaimState(state) if (state := values["claim_state"]) in set(ClaimState) else None
    if values["kind"] is JobKind.RACE:
        if damaged:
            values["claimed"] = values["claim_state"] = None
            names = " and ".join(damaged)
            values["sentence"] = (
                f"No claim: the row of this run in the database is damaged ({names} cannot be read). Delete the run, "
                "or restore the database from a backup."
            )
        elif values["sentence"] is None:
            values["sentence"] = read_sentence(record) if stored else "No claim: the record of this run is missing."
    return JobRow(**values, edited=edited)
