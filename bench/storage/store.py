"""The store of jobs: races and measurements, with everything that they recorded.

It uses SQLAlchemy. The database is a SQLite file in the user's data folder, unless `FAIRLAP_DATABASE` names another.
See `bench.storage.schema` for the tables and `bench.storage.database` for migrations.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any, Literal, Unpack

from pydantic_core import to_json
from sqlalchemy import Connection, delete, func, insert, select

from bench.paths import FolderError
from bench.run.events import State
from bench.run.job import IMPORT_ORIGIN, JobKind
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.run.upgrades import NewerVersionError
from bench.storage.attempts import (
    NO_ATTEMPT,
    AttemptSummary,
    count_attempts,
    make_attempt,
    read_attempts,
    summarize_attempts,
    write_attempt,
)
from bench.storage.damaged_rows import read_rows
from bench.storage.database import StoreError, database_url, open_database, translate_errors
from bench.storage.integrity import EXACT_DIALECTS, digest_record, digest_row, is_edited
from bench.storage.job_columns import describe_job
from bench.storage.job_filter import JobFilter, filter_query
from bench.storage.job_row import RECORDS_PER_READ, JobRow, make_rows
from bench.storage.journal_mode import choose_journal_mode
from bench.storage.pictures import (
    attach_pictures,
    delete_pictures,
    detach_pictures,
    lock_pictures,
    read_pictures,
    write_pictures,
)
from bench.storage.records import RECORD, decompress, make_record, parse_record
from bench.storage.schema import jobs_table, records_table
from bench.storage.uploads import find_upload_digests

DEFAULT_LIMIT = 1000
"""Rows that a list has if nothing else is asked for."""
MIN_COMPACTED_BYTES = 1 << 20


class Store:
    """Jobs in a database. Safe to use from several threads and several processes at once."""

    def __init__(self, url: str | None = None) -> None:
        """Open the database at `url`, by default `database_url()`, and migrate it. Raises StoreError."""
        try:
            self.url = url or database_url()
        except FolderError as error:
            raise StoreError(str(error)) from error
        self._engine = open_database(self.url)
        self._is_exact = self._engine.dialect.name in EXACT_DIALECTS
        self.notice = choose_journal_mode(self._engine)
        """What a user should know about how the database is stored; empty if there is nothing to say."""

    def save(self, record: JobRecord) -> None:
        """Store `record` in one transaction, and replace an earlier state of it. Raises StoreError: nothing changed;
        and ValueError for a trick or a replay.

        A race that has ended also counts as an attempt at its plan, even after it is deleted, unless it never began or
        was imported.
        """
        if isinstance(record, Run):
            record.require_result("stored")
        columns = describe_job(record)
        fields, pictures = detach_pictures(record.model_dump(mode="json"))
        content = zlib.compress(to_json(fields))
        digest = digest_record(content)
        row_digest = digest_row(columns, digest) if self._is_exact else None
        with self._transaction() as connection:
            _delete_job(connection, record.id)
            connection.execute(insert(jobs_table).values(columns | {"row_digest": row_digest}))
            connection.execute(insert(records_table).values(id=record.id, record=content, digest=digest))
            write_pictures(connection, record.id, pictures)
            if isinstance(record, Run) and record.state.over and not record.never_began and not record.imported:
                write_attempt(connection, make_attempt(columns))

    def load(self, job_id: str) -> JobRecord | None:
        """The record of a job, None if there is no such job. Raises StoreError if it cannot be read.

        If the record, one of its pictures or its row was edited after it was stored, `edited` is set.
        """
        query = select(RECORD, records_table.c.digest).where(records_table.c.id == job_id)
        with self._transaction() as connection:
            rows = read_rows(connection, select(jobs_table).where(jobs_table.c.id == job_id), jobs_table)
            stored = connection.execute(query).first()
            pictures = read_pictures(connection, job_id) if rows else {}
        if not rows or stored is None:
            return None
        (columns,) = rows
        try:
            fields, complete = attach_pictures(parse_record(decompress(stored.record)), pictures)
            record = make_record(columns["kind"], fields)
            edited = is_edited(columns, stored.record, stored.digest, with_columns=self._is_exact)
            record.edited = edited or not complete or record.id != job_id
            return record
        except NewerVersionError as error:
            raise StoreError(f"Job {job_id[:8]} cannot be read: {error}") from error
        except (zlib.error, ValueError) as error:
            raise StoreError(
                f"Job {job_id[:8]} cannot be read, its record is damaged: {error}. Delete the job, or restore the "
                "database from a backup."
            ) from error

    def find(self, prefix: str, **filters: Unpack[JobFilter]) -> list[str]:
        """Ids of the jobs whose id begins with `prefix` and that pass `filters`, imported ones included."""
        query = select(jobs_table.c.id).where(jobs_table.c.id.startswith(prefix, autoescape=True))
        query = filter_query(query, JobFilter(with_imported=True) | filters)
        with self._transaction() as connection:
            return list(connection.execute(query).scalars())

    def row(self, job_id: str) -> JobRow | None:
        """One job as lists show it."""
        with self._transaction() as connection:
            return next(iter(make_rows(connection, select(jobs_table).where(jobs_table.c.id == job_id))), None)

    def rows(self, *, limit: int | None = DEFAULT_LIMIT, offset: int = 0, **filters: Unpack[JobFilter]) -> list[JobRow]:
        """The jobs that pass `filters`, the newest first: `limit` of them after the first `offset`."""
        # The id decides between equal times, so that no row is on two pages.
        newest_first = (jobs_table.c.started.desc(), jobs_table.c.id)
        query = filter_query(select(jobs_table), filters).order_by(*newest_first).limit(limit).offset(offset)
        with self._transaction() as connection:
            return make_rows(connection, query)

    def count(self, **filters: Unpack[JobFilter]) -> int:
        """Number of jobs that pass `filters`."""
        query = filter_query(select(func.count()).select_from(jobs_table), filters)
        with self._transaction() as connection:
            return connection.execute(query).scalar_one()

    def distinct(
        self, column: Literal["workload", "case_name", "task", "state", "claim_state"], **filters: Unpack[JobFilter]
    ) -> list[Any]:
        """The different values that `column` has in the jobs that pass `filters`."""
        query = filter_query(select(jobs_table.c[column]).distinct(), filters)
        with self._transaction() as connection:
            return list(connection.execute(query).scalars())

    def workload_titles(self, **filters: Unpack[JobFilter]) -> dict[str, str]:
        """The title of every workload in the jobs that pass `filters`, by its name; that of its newest job."""
        columns = (jobs_table.c.workload, jobs_table.c.workload_title)
        query = filter_query(select(*columns), filters).group_by(*columns).order_by(func.max(jobs_table.c.started))
        with self._transaction() as connection:
            return {row.workload: row.workload_title for row in connection.execute(query)}

    def last_run(self, *, workload: str, digest: str | None = None) -> JobRow | None:
        """The newest finished race of this workload, or of the plan with this digest."""
        return self._last(JobFilter(kind=JobKind.RACE, workload=workload), digest)

    def last_measurement(self, *, workload: str, task: str, digest: str | None = None) -> JobRow | None:
        """The newest finished measurement of a task, or of those with this digest (see `MeasurementRecord.digest`)."""
        return self._last(JobFilter(kind=JobKind.MEASUREMENT, workload=workload, task=task), digest)

    def summarize_attempts(self, run: Run | JobRow) -> AttemptSummary:
        """The attempts at the plan of a race and at its neighbours, deleted ones included. See `AttemptSummary`.

        `NO_ATTEMPT` for a race that was imported.
        """
        return self.summarize_attempts_of_all([run])[run.id]

    def summarize_attempts_of_all(self, jobs: Sequence[Run | JobRow]) -> Mapping[str, AttemptSummary]:
        """As `summarize_attempts` for the races among several jobs, by id, with two queries."""
        imported = {job.id: NO_ATTEMPT for job in jobs if job.kind is JobKind.RACE and job.origin == IMPORT_ORIGIN}
        races = [job for job in jobs if job.kind is JobKind.RACE and job.id not in imported]
        own = [make_attempt(describe_job(race) if isinstance(race, Run) else asdict(race)) for race in races]
        with self._transaction() as connection:
            stored = read_attempts(connection, (attempt.plan_digest for attempt in own))
            plan_counts = count_attempts(connection, (attempt.neighbourhood for attempt in own))
        return imported | summarize_attempts(own, stored, plan_counts)

    def delete(self, job_id: str) -> bool:
        """Remove a job with its record. False if there is no such job. The count of attempts stays."""
        with self._transaction() as connection:
            return _delete_job(connection, job_id)

    def find_named_uploads(self, digests: Set[str]) -> set[str]:
        """Those of the uploads `digests` that stored jobs name. Raises StoreError.

        Reads the records until all are found, because no column has the uploads.
        """
        named: set[str] = set()
        query = select(RECORD).execution_options(yield_per=RECORDS_PER_READ)
        with self._transaction() as connection:
            for content in connection.execute(query).scalars():
                # A record that cannot be read names nothing that could be found again.
                with suppress(ValueError, zlib.error):
                    named |= digests & find_upload_digests(decompress(content))
                if named == digests:
                    break
        return named

    def measure_unused_bytes(self) -> int:
        """Size of the pages that deleted runs have left free in a SQLite file; 0 if that is little, and elsewhere."""
        if self._engine.dialect.name != "sqlite":
            return 0
        with self._transaction() as connection:
            pages = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
            unused = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        return unused if unused >= MIN_COMPACTED_BYTES else 0

    def compact(self) -> None:
        """Give the unused pages of a SQLite file back to the disk. Takes as much free space as the file has content."""
        with translate_errors(self._engine):
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("VACUUM")
                # The log still has the old pages.
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()

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
    lock_pictures(connection)
    delete_pictures(connection, job_id)
    connection.execute(delete(records_table).where(records_table.c.id == job_id))
    return bool(connection.execute(delete(jobs_table).where(jobs_table.c.id == job_id)).rowcount)
