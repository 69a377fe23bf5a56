"""A row with values of wrong types is shown as damaged, and the others as they are."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from bench.run.job import JobKind
from bench.storage.csv_export import jobs_csv
from bench.storage.store import Store, StoreError
from tests.bench.cli.test_faults import run_command


@pytest.fixture
def store(finished) -> Store:
    store = Store()
    for name in ("first", "damaged", "last"):
        store.save(finished.model_copy(update={"id": name}))
    return store


def set_value(store: Store, table: str, column: str, value: object) -> None:
    engine = create_engine(store.url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = :value WHERE id = 'damaged'"), {"value": value})
    engine.dispose()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("started", "nonsense"),
        ("started", 17),
        ("ratio", "abc"),
        ("ratio_low", b"\0"),
        ("cores", "many"),
        ("title", b"\xff"),
        ("sentence", b"\xff"),
        ("row_digest", b"\xff"),
    ],
)
def test_a_damaged_row_is_named_and_hides_no_other(store, column, value):
    for table in ("fairlap_jobs", "fairlap_attempts"):
        if table == "fairlap_jobs" or column in ("started", "ratio", "ratio_low"):
            set_value(store, table, column, value)
    rows = {row.id: row for row in store.rows(kind=JobKind.RACE)}
    assert rows.keys() == {"first", "damaged", "last"}
    damaged = rows["damaged"]
    assert damaged.race_sentence.startswith(
        f"No claim: the row of this run in the database is damaged ({column} cannot be read). Delete the run"
    )
    assert damaged.claimed is None
    assert damaged.edited and not rows["first"].edited
    assert store.row("damaged") == damaged
    assert set(store.summarize_attempts_of_all(list(rows.values()))) == set(rows)
    assert store.summarize_attempts(rows["first"]).count >= 2
    assert jobs_csv(rows.values(), {}).count("damaged") >= 1
    assert store.workload_titles() == {"trial": rows["first"].workload_title}
    record = store.load("damaged")
    assert record is not None and record.edited, "the record is sound"
    assert store.delete("damaged") and store.count() == 2


def test_a_record_that_is_a_text_is_called_damaged(store):
    set_value(store, "fairlap_records", "record", "text")
    set_value(store, "fairlap_jobs", "sentence", None)
    assert "cannot be read (it is not compressed)" in store.row("damaged").race_sentence
    assert len(store.rows()) == 3 and store.load("first") is not None
    with pytest.raises(StoreError, match="its record is damaged: it is not compressed"):
        store.load("damaged")
    assert store.find_named_uploads({"a" * 64}) == set()
    set_value(store, "fairlap_jobs", "started", "nonsense")
    listed = run_command("show")
    assert listed.returncode == 0 and "1970-01-01" in listed.stdout
    shown = run_command("show", "damaged")
    assert shown.returncode == 4 and "Traceback" not in shown.stderr
