"""A record, a row or a picture that was edited in the database is noticed; what was never digested is not accused."""

from __future__ import annotations

import hashlib
import importlib
import json
import sqlite3
import zlib
from contextlib import closing
from datetime import UTC

import pytest
from sqlalchemy import create_engine, select, text, update

from bench.run import comparability
from bench.run.outcome import describe_outcome
from bench.storage.attempts import build_report
from bench.storage.csv_export import jobs_csv, samples_csv
from bench.storage.integrity import digest_row
from bench.storage.schema import jobs_table, records_table
from bench.storage.store import Store
from bench.values.claims import ClaimState
from tests.support.measurements import store_measurement
from tests.support.stored_runs import get_record, set_record, write_old_database

OLD_COLUMNS = importlib.import_module("bench.storage.migrations.versions.0007_whole_rows").OLD_COLUMNS


def edit_record(url: str, job_id: str, old: str, new: str) -> None:
    text = zlib.decompress(get_record(url, job_id)).decode()
    assert old in text
    set_record(url, job_id, zlib.compress(text.replace(old, new, 1).encode()))


def edit_row(url: str, **values) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(jobs_table).values(**values))
    engine.dispose()


def test_a_record_is_not_edited_by_being_stored_listed_and_stored_again(finished, database):
    store = Store(database)
    store.save(finished)
    store.save(store.load(finished.id))
    loaded = store.load(finished.id)
    assert not loaded.edited
    assert not store.rows()[0].edited and not store.row(finished.id).edited
    assert build_report(loaded, None)["edited_after_it_was_stored"] is False
    store.close()


def test_an_edited_record_says_so_wherever_it_is_shown(finished, database):
    store = Store(database)
    store.save(finished)
    edit_record(database, finished.id, '"claims":[{', '"claims": [{')
    loaded = store.load(finished.id)
    assert loaded.edited
    assert describe_outcome(loaded).startswith("Edited after it was stored: ")
    report = build_report(loaded, None)
    assert report["edited_after_it_was_stored"] is True
    assert report["outcome"].startswith("Edited after it was stored: ")
    assert samples_csv(loaded).splitlines()[1].endswith(",true")
    assert samples_csv(finished).splitlines()[1].endswith(",false")
    assert f"run {finished.id[:8]} was edited after it was stored" in comparability.find_obstacles(loaded, finished)
    store.close()


OTHER_VALUES = {
    "id": "f" * 32,
    "kind": "measurement",
    "started": "2020-01-01 00:00:00.000000",
    "claimed": None,
    "record_version": 1,
    "row_digest": None,
}


@pytest.mark.parametrize("column", jobs_table.c.keys())
def test_an_edit_of_any_column_with_sqlite3_is_marked_in_the_list(finished, column):
    store = Store()
    store.save(finished)
    assert not store.rows()[0].edited
    numeric = jobs_table.c[column].type.python_type in (int, float)
    value = OTHER_VALUES.get(column, 99 if numeric else "another")
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(f"UPDATE fairlap_jobs SET {column} = ?", [value])
    (row,) = store.rows()
    assert row.edited
    store.close()


def test_an_edit_of_a_record_with_sqlite3_is_marked_in_the_list_and_its_csv(finished):
    store = Store()
    store.save(finished)
    store.save(finished.model_copy(update={"id": "e" * 32}))
    file = store.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection, connection:
        content = zlib.decompress(connection.execute("SELECT record FROM fairlap_records").fetchone()[0])
        edited = zlib.compress(content.replace(b'"seconds"', b'"seconds" '))
        connection.execute("UPDATE fairlap_records SET record = ? WHERE id = ?", [edited, finished.id])
    edits = {row.id: row.edited for row in store.rows()}
    assert edits == {finished.id: True, "e" * 32: False}
    assert "true" in jobs_csv([store.row(finished.id)], {}).splitlines()[1]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE fairlap_records SET digest = NULL WHERE id = ?", ["e" * 32])
    assert all(row.edited for row in store.rows()), "a digest that was removed"
    store.close()


@pytest.mark.parametrize(
    "values", [{"title": "The best"}, {"machine_id": None}, {"ratio": 99.0}, {"row_digest": None}, {"owner": "me"}]
)
def test_an_edited_row_says_so_in_lists_and_exports_too(finished, database, values):
    store = Store(database)
    store.save(finished)
    assert not store.rows()[0].edited
    edit_row(database, **values)
    (row,) = store.rows()
    assert row.edited and store.load(finished.id).edited
    assert "true" in jobs_csv([row], {}).splitlines()[1]
    store.close()


def digest_as_0006(columns: dict) -> str:
    """The digest of a row as migration 0006 left it."""
    values = {name: columns[name] for name in OLD_COLUMNS}
    values["started"] = values["started"].replace(tzinfo=UTC).astimezone(UTC).isoformat()
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_migration_keeps_what_is_known_of_edits(finished, database):
    store = Store(database)
    names = ("sound", "row", "record", "before digests")
    for name in names:
        store.save(finished.model_copy(update={"id": name}))
    store.close()
    engine = create_engine(database)
    with engine.begin() as connection:
        for values in connection.execute(select(jobs_table)).mappings().all():
            own = records_table.c.id == values["id"]
            packed = connection.execute(select(records_table.c.record).where(own)).scalar()
            known = values["id"] != "before digests"
            digests = digest_as_0006(values) if known else None, hashlib.sha256(zlib.decompress(packed)).hexdigest()
            edit = update(jobs_table).where(jobs_table.c.id == values["id"])
            connection.execute(edit.values(row_digest=digests[0]))
            connection.execute(update(records_table).where(own).values(digest=digests[1] if known else None))
        connection.execute(update(jobs_table).where(jobs_table.c.id == "row").values(ratio=99.0))
        edited = zlib.compress(zlib.decompress(packed) + b" ")
        connection.execute(update(records_table).where(records_table.c.id == "record").values(record=edited))
        connection.execute(text("ALTER TABLE fairlap_jobs DROP COLUMN claim_state"))
        connection.execute(text("ALTER TABLE fairlap_attempts DROP COLUMN row_digest"))
        connection.execute(text("UPDATE fairlap_version SET version_num = '0006'"))
    engine.dispose()
    store = Store(database)
    edits = {"sound": False, "row": True, "record": True, "before digests": False}
    assert {row.id: row.edited for row in store.rows()} == edits
    assert {name: store.load(name).edited for name in names} == edits
    edit_row(database, title="another")
    assert all(row.edited for row in store.rows())
    store.close()


def test_claim_states_of_older_rows_follow_from_their_findings(finished, database):
    store = Store(database)
    reservation = {"rule": "quiet", "outcome": "annotated", "title": "Noisy", "seen": "a lot", "kind": "reservation"}
    old_condition = {"rule": "part-of-whole", "outcome": "annotated", "title": "Part of the total", "seen": "50 %"}
    old_reservation = {"rule": "quiet", "outcome": "annotated", "title": "A quiet machine", "seen": "a lot"}
    one_core = {"rule": "best-with-best", "outcome": "annotated", "title": "Best against best", "seen": "on one core"}
    first_call = {"rule": "warm", "outcome": "annotated", "title": "Warm-up is over", "seen": "the first run took 3 s"}
    cases = {
        "clean": (True, None, ClaimState.MADE),
        "condition": (True, [{**reservation, "kind": "condition"}, old_condition], ClaimState.MADE),
        "reservation": (True, [reservation], ClaimState.RESERVED),
        "old": (True, [old_condition, old_reservation], ClaimState.RESERVED),
        "one core": (True, [one_core, first_call], ClaimState.MADE),
        "refused": (False, [reservation], ClaimState.NONE),
        "undecided": (None, None, None),
    }
    for name in (*cases, "edited"):
        store.save(finished.model_copy(update={"id": name}))
    store.close()
    engine = create_engine(database)
    with engine.begin() as connection:
        for values in connection.execute(select(jobs_table)).mappings().all():
            claimed, findings, _ = cases.get(values["id"], cases["clean"])
            old = {"claimed": claimed, "findings": json.dumps(findings) if findings else None, "claim_state": None}
            digests = select(records_table.c.digest).where(records_table.c.id == values["id"])
            digest = digest_row(dict(values) | old, connection.execute(digests).scalar())
            if values["id"] == "edited":
                digest = "0" * 64
            edit = update(jobs_table).where(jobs_table.c.id == values["id"])
            connection.execute(edit.values(**old, row_digest=digest))
        connection.execute(text("ALTER TABLE fairlap_jobs DROP COLUMN claim_state"))
        connection.execute(text("ALTER TABLE fairlap_attempts DROP COLUMN row_digest"))
        connection.execute(text("UPDATE fairlap_version SET version_num = '0007'"))
    engine.dispose()
    store = Store(database)
    rows = {row.id: row for row in store.rows()}
    assert {name: rows[name].claim_state for name in cases} == {name: state for name, (*_, state) in cases.items()}
    assert [name for name, row in rows.items() if row.edited] == ["edited"]
    assert {row.id for row in store.rows(claim_state=ClaimState.RESERVED)} == {"reservation", "old"}
    store.close()


def test_findings_of_older_rows_get_kinds_and_titles_and_edited_rows_stay_edited(finished, database):
    store = Store(database)
    old = {"rule": "narrow", "outcome": "annotated", "title": "The interval is as narrow as requested", "seen": "9 %"}
    new = {"rule": "quiet", "outcome": "annotated", "title": "Its own title", "seen": "a lot", "kind": "condition"}
    for name in ("old", "new", "edited", "damaged"):
        store.save(finished.model_copy(update={"id": name}))
    store.close()
    engine = create_engine(database)
    with engine.begin() as connection:
        for values in connection.execute(select(jobs_table)).mappings().all():
            found = {"new": json.dumps([new]), "damaged": '[{"rule": 1}]'}.get(values["id"], json.dumps([old, new]))
            digests = select(records_table.c.digest).where(records_table.c.id == values["id"])
            digest = digest_row(dict(values) | {"findings": found}, connection.execute(digests).scalar())
            digest = "0" * 64 if values["id"] == "edited" else digest
            edit = update(jobs_table).where(jobs_table.c.id == values["id"])
            connection.execute(edit.values(findings=found, row_digest=digest))
        connection.execute(text("ALTER TABLE fairlap_attempts DROP COLUMN row_digest"))
        connection.execute(text("UPDATE fairlap_version SET version_num = '0008'"))
    engine.dispose()
    store = Store(database)
    rows = {row.id: row for row in store.rows()}
    found = {name: [(finding.title, finding.kind) for finding in row.list_findings()] for name, row in rows.items()}
    both = [("The interval is wider than requested", "reservation"), ("Its own title", "condition")]
    assert found == {"old": both, "new": both[1:], "edited": both, "damaged": []}
    assert [name for name, row in rows.items() if row.edited] == ["edited"]
    store.close()


def test_an_edited_measurement_is_noticed():
    record = store_measurement("trial", "count", {"to": 3})
    assert not Store().load(record.id).edited
    edit_record(Store().url, record.id, '"task":', '"task": ')
    assert Store().load(record.id).edited
    assert Store().load(record.id).report()["edited_after_it_was_stored"] is True


def test_the_record_of_another_run_is_an_edit(finished):
    store = Store()
    store.save(finished)
    store.save(finished.model_copy(update={"id": "other"}))
    engine = create_engine(store.url)
    with engine.begin() as connection:
        other = connection.execute(records_table.select().where(records_table.c.id == "other")).one()
        values = {"record": other.record, "digest": other.digest}
        connection.execute(update(records_table).where(records_table.c.id == finished.id).values(**values))
    engine.dispose()
    assert store.load(finished.id).edited


def test_runs_of_0_1_0_are_not_accused_and_upgrades_are_no_edits(database):
    write_old_database(database)
    store = Store(database)
    for row in store.rows():
        assert not row.edited
        run = store.load(row.id)
        assert not run.edited
        assert json.loads(zlib.decompress(get_record(database, row.id)))["version"] == 1
    store.close()
