"""The store of jobs: races and measurements, with everything that they recorded.

It uses SQLAlchemy. The database is a SQLite file in the user's data folder, unless `FAIRLAP_DATABASE` names another.
See `bench.storage.schema` for the tables and `bench.storage.database` for migrations.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, or_, select

from bench.machine.model import Machine
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.run.upgrades import NewerVersionError, upgrade_record
from bench.storage.attempts import (
    AttemptSummary,
    count_attempts,
    make_attempt,
    read_attempts,
    summarize_attempts,
    write_attempt,
)
from bench.storage.database import StoreError, database_url, open_database, translate_errors
from bench.storage.schema import MAX_TEXT_LENGTH, jobs_table, records_table
from bench.values import Arm

SelectT = TypeVar("SelectT", bound=Select[*tuple[Any, ...]])
DEFAULT_LIMIT = 1000
"""Rows that a list has if nothing else is asked for."""
SEARCHED_COLUMNS = (
    *("id", "digest", "workload", "title", "case_label", "baseline", "baseline_label", "accelerated"),
    *("accelerated_label", "machine", "host", "sentence", "speed", "state", "origin", "requester"),
)
"""Columns in which `words` are looked for."""


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
    machine: str
    machine_id: str | None
    host: str | None
    boot_id: str | None
    record_version: int

    @property
    def race_sentence(self) -> str:
        """The sentence of a race. Raises ValueError for a measurement, which has none."""
        if self.sentence is None:
            raise ValueError(f"Job {self.id} is a measurement, which has no sentence.")
        return self.sentence

    def is_from(self, machine: Machine) -> bool:
        """Whether the job ran on `machine`. See `Machine.is_same_machine`."""
        if self.machine_id and machine.identity.machine_id:
            return self.machine_id == machine.identity.machine_id
        same_boot = self.boot_id is not None and self.boot_id == machine.identity.boot_id
        return same_boot or self.machine == machine.short[:MAX_TEXT_LENGTH]


class JobFilter(TypedDict, total=False):
    """Conditions that the rows of a list fulfil, all of them. A missing key is no condition."""

    kind: JobKind
    workload: str
    case_name: str
    task: str
    digest: str
    parent_id: str
    state: State
    claimed: bool | None
    words: str
    """Words separated by spaces; each occurs in one of `SEARCHED_COLUMNS`, in upper or lower case."""


class Store:
    """Jobs in a database. Safe to use from several threads and several processes at once."""

    def __init__(self, url: str | None = None) -> None:
        """Open the database at `url`, by default `database_url()`, and migrate it. Raises StoreError."""
        self.url = url or database_url()
        self._engine = open_database(self.url)

    def save(self, record: JobRecord) -> None:
        """Store `record` in one transaction, and replace an earlier state of it. Raises StoreError: nothing changed.

        A race that has ended also counts as an attempt at its plan, even after it is deleted.
        """
        columns = _describe_job(record)
        content = zlib.compress(record.model_dump_json().encode())
        with self._transaction() as connection:
            _delete_job(connection, record.id)
            connection.execute(insert(jobs_table).values(columns))
            connection.execute(insert(records_table).values(id=record.id, record=content))
            if isinstance(record, Run) and record.state.over:
                write_attempt(connection, make_attempt(columns))

    def load(self, job_id: str) -> JobRecord | None:
        """The record of a job, None if there is no such job. Raises StoreError if it cannot be read."""
        query = select(jobs_table.c.kind, records_table.c.record).join(records_table).where(jobs_table.c.id == job_id)
        with self._transaction() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        try:
            return _read_record(row.kind, row.record)
        except NewerVersionError as error:
            raise StoreError(f"Job {job_id[:8]} cannot be read: {error}") from error
        except (zlib.error, ValueError) as error:
            raise StoreError(
                f"Job {job_id[:8]} cannot be read, its record is damaged: {error}. Delete the job, or restore the "
                "database from a backup."
            ) from error

    def load_run(self, run_id: str) -> Run | None:
        """The race with this id; None if there is no such job or it is not a race. Raises StoreError."""
        record = self.load(run_id)
        return record if isinstance(record, Run) else None

    def find(self, prefix: str) -> list[str]:
        """Ids of the jobs whose id begins with `prefix`."""
        query = select(jobs_table.c.id).where(jobs_table.c.id.startswith(prefix, autoescape=True))
        with self._transaction() as connection:
            return list(connection.execute(query).scalars())

    def row(self, job_id: str) -> JobRow | None:
        """One job as lists show it."""
        with self._transaction() as connection:
            found = connection.execute(select(jobs_table).where(jobs_table.c.id == job_id))
            return next(iter(_make_rows(connection, found)), None)

    def rows(self, *, limit: int | None = DEFAULT_LIMIT, offset: int = 0, **filters: Unpack[JobFilter]) -> list[JobRow]:
        """The jobs that pass `filters`, the newest first: `limit` of them after the first `offset`."""
        # The id decides between equal times, so that no row is on two pages.
        newest_first = (jobs_table.c.started.desc(), jobs_table.c.id)
        query = _filtered(select(jobs_table), filters).order_by(*newest_first).limit(limit).offset(offset)
        with self._transaction() as connection:
            return _make_rows(connection, connection.execute(query))

    def count(self, **filters: Unpack[JobFilter]) -> int:
        """Number of jobs that pass `filters`."""
        query = _filtered(select(func.count()).select_from(jobs_table), filters)
        with self._transaction() as connection:
            return connection.execute(query).scalar_one()

    def distinct(
        self, column: Literal["workload", "case_name", "task", "state", "claimed"], **filters: Unpack[JobFilter]
    ) -> list[Any]:
        """The different values that `column` has in the jobs that pass `filters`."""
        query = _filtered(select(jobs_table.c[column]).distinct(), filters)
        with self._transaction() as connection:
            return list(connection.execute(query).scalars())

    def workload_titles(self, **filters: Unpack[JobFilter]) -> dict[str, str]:
        """The title of every workload in the jobs that pass `filters`, by its name; that of its newest job."""
        columns = (jobs_table.c.workload, jobs_table.c.workload_title)
        query = _filtered(select(*columns, func.max(jobs_table.c.started).label("newest")), filters).group_by(*columns)
        with self._transaction() as connection:
            return {row.workload: row.workload_title for row in connection.execute(query.order_by("newest"))}

    def last_run(self, *, workload: str, digest: str | None = None) -> JobRow | None:
        """The newest finished race of this workload, or of the plan with this digest."""
        return self._last(JobFilter(kind=JobKind.RACE, workload=workload), digest)

    def last_measurement(self, *, workload: str, task: str, digest: str | None = None) -> JobRow | None:
        """The newest finished measurement of a task, or of those with this digest (see `MeasurementRecord.digest`)."""
        return self._last(JobFilter(kind=JobKind.MEASUREMENT, workload=workload, task=task), digest)

    def summarize_attempts(self, run: Run | JobRow) -> AttemptSummary:
        """The attempts at the plan of a race and at its neighbours, deleted ones included. See `AttemptSummary`."""
        return self.summarize_attempts_of_all([run])[run.id]

    def summarize_attempts_of_all(self, jobs: Sequence[Run | JobRow]) -> Mapping[str, AttemptSummary]:
        """As `summarize_attempts` for the races among several jobs, by id, with two queries."""
        races = [job for job in jobs if job.kind is JobKind.RACE]
        own = [make_attempt(_describe_job(race) if isinstance(race, Run) else asdict(race)) for race in races]
        with self._transaction() as connection:
            stored = read_attempts(connection, (attempt.plan_digest for attempt in own))
            plan_counts = count_attempts(connection, (attempt.neighbourhood for attempt in own))
        return summarize_attempts(own, stored, plan_counts)

    def delete(self, job_id: str) -> bool:
        """Remove a job with its record. False if there is no such job. The count of attempts stays."""
        with self._transaction() as connection:
            return _delete_job(connection, job_id)

    def close(self) -> None:
        self._engine.dispose()

    def _last(self, filters: JobFilter, digest: str | None) -> JobRow | None:
        filters["state"] = State.FINISHED
        if digest is not None:
            filters["digest"] = digest
        return next(iter(self.rows(limit=1, **filters)), None)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translate_errors(self._engine), self._engine.begin() as connection:
            yield connection


def _delete_job(connection: Connection, job_id: str) -> bool:
    connection.execute(delete(records_table).where(records_table.c.id == job_id))
    return bool(connection.execute(delete(jobs_table).where(jobs_table.c.id == job_id)).rowcount)


def _filtered(query: SelectT, filters: JobFilter) -> SelectT:
    conditions: dict[str, Any] = dict(filters)
    for word in conditions.pop("words", "").split():
        query = query.where(_occurs(word))
    for name, value in conditions.items():
        column = jobs_table.c[name]
        query = query.where(column.is_(value) if value is None else column == value)
    return query


def _occurs(word: str) -> ColumnElement[bool]:
    return or_(*(jobs_table.c[name].icontains(word, autoescape=True) for name in SEARCHED_COLUMNS))


def _describe_job(record: JobRecord) -> dict[str, Any]:
    """The columns of a job."""
    plan, machine, snapshot = record.plan, record.machine, record.snapshot
    if isinstance(record, Run):
        title, task, results = snapshot.title, None, _describe_results(record)
    else:
        title, task, results = f"{snapshot.workload_title}, {record.task_label}", record.task, {}
    texts = {
        "workload_title": snapshot.workload_title,
        "case_label": snapshot.case_label,
        "title": title,
        "requester": record.requester,
        "baseline_label": snapshot.arms[Arm.BASELINE],
        "accelerated_label": snapshot.arms[Arm.ACCELERATED],
        "machine": machine.short,
        "host": machine.identity.host,
    }
    return {
        "id": record.id,
        "kind": record.kind.value,
        "digest": record.digest,
        "workload": plan.workload,
        "case_name": plan.case,
        "task": task,
        "started": record.started.astimezone(UTC),
        "state": record.state.value,
        "origin": record.origin,
        "cores": plan.cores,
        "batch": plan.batch,
        "baseline": plan.baseline,
        "accelerated": plan.accelerated,
        "machine_id": machine.identity.machine_id,
        "boot_id": machine.identity.boot_id,
        "record_version": record.version,
        **{name: value and value[:MAX_TEXT_LENGTH] for name, value in texts.items()},
        **results,
    }


def _describe_results(run: Run) -> dict[str, Any]:
    comparison, claim = run.comparison(), run.claim()
    times = comparison and {
        "baseline_s": comparison.baseline.median,
        "accelerated_s": comparison.accelerated.median,
        "ratio": comparison.ratio.value,
        "ratio_low": comparison.ratio.low,
        "ratio_high": comparison.ratio.high,
    }
    claimed = claim and {"speed": claim.verdict.speed.value, "claimed": claim.made}
    return (times or {}) | (claimed or {}) | {"sentence": describe_outcome(run)}


def _read_record(kind: str, content: bytes) -> JobRecord:
    model = MeasurementRecord if kind == JobKind.MEASUREMENT else Run
    return model.model_validate(upgrade_record(from_json(zlib.decompress(content))))


def _make_rows(connection: Connection, found: Iterable[Row[Any]]) -> list[JobRow]:
    """Rows of the table of jobs. Races of older versions have no sentence if they ended without a claim: they get it
    from their records."""
    rows = [_make_row(row) for row in found]
    ids = [row.id for row in rows if row.kind is JobKind.RACE and row.sentence is None]
    if not ids:
        return rows
    records = connection.execute(select(records_table).where(records_table.c.id.in_(ids)))
    sentences = {row.id: _read_sentence(row.record) for row in records}
    sentences |= {run_id: "No claim: the record of this run is missing." for run_id in ids if run_id not in sentences}
    return [replace(row, sentence=sentences.get(row.id, row.sentence)) for row in rows]


def _read_sentence(content: bytes) -> str:
    try:
        record = _read_record(JobKind.RACE, content)
    except (zlib.error, ValueError) as error:
        return f"No claim: the record of this run cannot be read ({error})."
    assert isinstance(record, Run)
    return describe_outcome(record)


def _make_row(found: Row[Any]) -> JobRow:
    values = dict(found._mapping)
    started = values["started"]
    # SQLite stores no time zone: what is written is in UTC.
    values["started"] = started.replace(tzinfo=UTC) if started.tzinfo is None else started.astimezone(UTC)
    # States and kinds of later versions are shown by their names.
    for name, enumeration in (("state", State), ("kind", JobKind)):
        if values[name] in set(enumeration):
            values[name] = enumeration(values[name])
    return JobRow(**values)
