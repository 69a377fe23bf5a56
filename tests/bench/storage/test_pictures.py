"""Pictures are stored once, whichever runs show them, and come back whole."""

from __future__ import annotations

import base64
import json
import random
import zlib

import pytest
from sqlalchemy import create_engine, delete, func, select, update

from bench.run.record import Run
from bench.storage import database as storage_database
from bench.storage.database import open_database
from bench.storage.schema import pictures_table, run_pictures_table
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.output import Picture
from tests.support.runs import make_colour_run
from tests.support.stored_runs import get_record, set_record, write_old_database

PICTURE_BYTES = 200_000


def make_picture(name: str) -> Picture:
    content = random.Random(name).randbytes(PICTURE_BYTES)
    encoded = base64.b64encode(content).decode()
    return Picture(name=name, label=name, media_type="image/png", base64=encoded, width=4, height=3)


def make_run(run_id: str, *names: str) -> Run:
    """A run whose arms both show the first picture; the accelerated arm shows all of them."""
    run = make_colour_run(10)
    pictures = [make_picture(name) for name in names]
    shown = {Arm.BASELINE: pictures[:1], Arm.ACCELERATED: pictures}
    return run.model_copy(update={"id": run_id, "pictures": shown})


def count_rows(url: str, table) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    engine.dispose()
    return count


def test_a_run_comes_back_with_its_pictures_and_its_record_does_not_hold_them(database):
    store, run = Store(database), make_run("a" * 32, "photo", "result")
    store.save(run)
    assert store.load(run.id) == run
    assert not store.load(run.id).edited
    assert len(get_record(database, run.id)) < PICTURE_BYTES / 4
    assert count_rows(database, pictures_table) == 2
    store.close()


def test_pictures_that_runs_share_are_stored_once_and_go_with_the_last_of_them(database):
    store = Store(database)
    first, second = make_run("a" * 32, "photo", "first"), make_run("b" * 32, "photo", "second")
    for run in (first, second, first):
        store.save(run)
    assert count_rows(database, pictures_table) == 3
    store.delete(first.id)
    assert count_rows(database, pictures_table) == 2
    assert store.load(second.id) == second
    store.delete(second.id)
    assert count_rows(database, pictures_table) == count_rows(database, run_pictures_table) == 0
    store.close()


@pytest.mark.parametrize(
    "damage",
    [delete(run_pictures_table), update(pictures_table).values(content=b"another picture")],
    ids=["missing", "changed"],
)
def test_a_picture_that_is_missing_or_changed_is_left_out_and_told(database, damage):
    store, run = Store(database), make_run("a" * 32, "photo")
    store.save(run)
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(damage)
    engine.dispose()
    loaded = store.load(run.id)
    assert loaded.edited
    assert loaded.samples == run.samples
    assert not any(loaded.pictures.values())
    store.close()


def test_pictures_of_older_records_are_moved_once_and_what_is_damaged_stays(database, monkeypatch):
    runs = [make_run("a" * 32, "photo", "first"), make_run("b" * 32, "photo")]
    write_old_database(database)
    with monkeypatch.context() as context:
        context.setattr(storage_database, "HEAD_REVISION", "0004")
        open_database(database).dispose()
    engine = create_engine(database)
    with engine.connect() as connection:
        ids = list(connection.exec_driver_sql("SELECT id FROM fairlap_records ORDER BY id").scalars())
    engine.dispose()
    runs = [run.model_copy(update={"id": run_id}) for run_id, run in zip(ids, runs, strict=False)]
    packed = [zlib.compress(run.model_dump_json().encode()) for run in runs]
    contents = dict(zip(ids, [*packed, b"damaged"], strict=False))
    for run_id, content in contents.items():
        set_record(database, run_id, content)
    store = Store(database)
    assert count_rows(database, pictures_table) == 2
    for run_id, run in zip(ids, runs, strict=False):
        loaded = store.load(run_id)
        assert loaded.pictures == run.pictures
        assert not loaded.edited, "whether it was edited before is not known"
        assert len(get_record(database, run_id)) < len(contents[run_id]) / 4
    assert get_record(database, ids[2]) == b"damaged"
    findings = {row.id: row.list_findings() for row in store.rows()}
    for run_id in ids[3:]:
        record = json.loads(zlib.decompress(get_record(database, run_id)))
        (total,) = (claim for claim in record["claims"] if claim["step"] == "whole")
        found = [finding["rule"] for finding in total["findings"] if finding["outcome"] != "passed"]
        assert [finding.rule for finding in findings[run_id]] == found
    assert store.delete(ids[0]) and store.delete(ids[1])
    assert count_rows(database, pictures_table) == 0
    store.close()
