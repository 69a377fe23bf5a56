"""Databases of older versions open with all their runs; those of newer versions are refused and left as they are."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from bench.paths import ROOT
from bench.run.comparability import find_obstacles
from bench.run.events import RECORD_VERSION, State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage import database as storage_database
from bench.storage.database import HEAD_REVISION, MIGRATIONS_FOLDER, VERSION_TABLE
from bench.storage.schema import metadata
from bench.storage.store import Store, StoreError
from bench.values.base import Arm
from bench.values.claims import ClaimState
from bench.values.samples import TOTAL
from tests.support.stored_runs import (
    OLD_DATABASE,
    OLD_RUN_COUNT,
    VERSION_2_DATABASE,
    get_record,
    old_metadata,
    read_old_rows,
    read_version_2_records,
    set_record,
    write_old_database,
)


def read_old_records() -> dict[str, dict]:
    """The JSON of the records of 0.1.0, by id."""
    return {row["id"]: json.loads(zlib.decompress(row["record"])) for row in read_old_rows()}


def execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_the_newest_revision_is_that_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD_REVISION]


@pytest.mark.parametrize("old", [False, True], ids=["fresh", "0.1.0"])
def test_migrations_lead_to_the_tables_that_the_code_uses(database: str, old: bool) -> None:
    if old:
        write_old_database(database)
    Store(database).close()
    engine = create_engine(database)
    with engine.connect() as connection:
        ours = {"include_object": lambda item, name, kind, *_: kind != "table" or name in metadata.tables}
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), metadata) == []
    engine.dispose()


def test_every_run_of_0_1_0_is_listed_and_opens(database: str) -> None:
    write_old_database(database)
    store = Store(database)
    old = {row["id"]: row for row in read_old_rows()}
    rows = store.rows()
    assert store.count() == len(rows) == OLD_RUN_COUNT
    assert [row.started for row in rows] == sorted((row.started for row in rows), reverse=True)
    for row in rows:
        assert (row.kind, row.state, row.record_version) == (JobKind.RACE, State.FINISHED, 1)
        assert (row.ratio, row.sentence, row.machine) == tuple(
            old[row.id][name] for name in ("ratio", "sentence", "machine")
        )
        run = store.load(row.id)
        assert isinstance(run, Run)
        assert (run.id, run.started, run.version) == (row.id, row.started, RECORD_VERSION)
        assert row.digest == run.digest == run.plan.digest
        assert (row.case_name, row.baseline, row.accelerated) == (
            run.plan.case,
            run.plan.baseline,
            run.plan.accelerated,
        )
        assert (row.title, row.case_label) == (run.snapshot.title, run.snapshot.case_label)
        assert {"baseline": row.baseline_label, "accelerated": row.accelerated_label} == run.snapshot.arms
        assert row.boot_id == run.machine.identity.boot_id
    store.close()


def test_runs_of_0_1_0_keep_every_number_and_text(tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copy(OLD_DATABASE, tmp_path / 'runs.sqlite3')}"
    store = Store(url)
    for run_id, old in read_old_records().items():
        run = store.load(run_id)
        assert [sample.repetition.steps[-1].seconds for sample in run.samples] == [
            sample["measurement"]["steps"][-1]["seconds"] for sample in old["samples"]
        ]
        assert [sample.repetition.cpu_s for sample in run.samples] == [
            sample["measurement"]["processor_s"] for sample in old["samples"]
        ]
        (total,) = (comparison for comparison in old["statistics"] if comparison["step"] == "whole")
        # What later versions added is not known of an old run.
        added = {"p_test": "Mann-Whitney", "sampling_half_width": None, "block_ratios": [], "is_stable": None}
        added |= {arm: total[arm] | {"requests": 0, "p50": None} for arm in ("baseline", "accelerated")}
        assert run.comparison(TOTAL).model_dump() == total | {"step": TOTAL, "pairs_needed": None} | added
        assert len(run.statistics) == len(old["statistics"])
        assert [claim.sentence for claim in run.claims] == [claim["sentence"] for claim in old["claims"]]
        assert all(TOTAL in estimate.ratios for estimate in run.estimates)
        assert [p.step_work for p in run.prepared] == [p["work_of"] for p in old["prepared"]]
        assert run.snapshot.labels().keys() >= {comparison.step for comparison in run.statistics}
        assert run.machine.model_dump(exclude={"identity"}) == {
            k: v for k, v in old["machine"].items() if k != "boot_id"
        } | {"core_kinds": None}
    store.close()


def test_cases_and_arms_of_0_1_0_get_todays_names(tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copy(OLD_DATABASE, tmp_path / 'runs.sqlite3')}"
    store = Store(url)
    tiling = store.load("8483515637534695af1cecd0f34c41e9")
    assert (tiling.plan.case, tiling.plan.baseline, tiling.plan.accelerated) == ("tiling", "ijk", "blocked")
    assert tiling.snapshot.arms == {
        Arm.BASELINE: "as defined (ijk)",
        Arm.ACCELERATED: "tiled and blocked in registers",
    }
    assert not {"transformation", "before", "after"} & tiling.plan.parameters.keys()
    calls = store.load("eab31c3e0edd4f6e96910c1fe2457330")
    assert calls.plan.case == "overview" and "steps" not in calls.plan.parameters
    assert [step.name for step in calls.snapshot.steps][:3] == ["etl", "read_csv", "read_parquet"]
    assert "--case overview" in calls.snapshot.command
    store.close()


def test_runs_of_0_1_0_are_compared_as_before(tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copy(OLD_DATABASE, tmp_path / 'runs.sqlite3')}"
    store = Store(url)
    runs = {run_id: store.load(run_id) for run_id in read_old_records()}
    same_plan = ("94ea367fcb0d41efa7ef4c9120541b00", "2b1472fad00841c0a48ec3acaa5eca3f")
    assert find_obstacles(*(runs[run_id] for run_id in same_plan)) == []
    assert find_obstacles(runs["ed1fe4feeb354232a0a1e660608b095a"], runs[same_plan[0]]) == ["batch: 1 and 8"]
    layout, stencil = runs["b2356c68fcd54ebc8acd122825a76da3"], runs["a2fee4bc9b694d15a2a48b51c8129b89"]
    assert find_obstacles(layout, stencil) == ["case: Data layout and Stencil"]
    assert find_obstacles(layout, runs[same_plan[0]]) == ["workload: Memory traffic and BERT: FP32 to INT8"]
    store.close()


def test_a_record_that_is_loaded_is_not_rewritten_and_can_be_saved_again(tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copy(OLD_DATABASE, tmp_path / 'runs.sqlite3')}"
    store = Store(url)
    for row in read_old_rows():
        run = store.load(row["id"])
        assert get_record(url, row["id"]) == row["record"]
        store.save(run)
        assert store.load(row["id"]) == run
        assert store.row(row["id"]).record_version == RECORD_VERSION
    store.close()


def test_damaged_records_of_0_1_0_are_listed_and_can_be_deleted(database: str) -> None:
    rows = read_old_rows()
    damages = (b"", b"no", zlib.compress(b'{"version": 1, "plan": {"workload": "gone"}}'), zlib.compress(b"[1]"))
    for row, damage in zip(rows, damages, strict=False):
        row["record"] = damage
    write_old_database(database, rows)
    store = Store(database)
    assert store.count() == OLD_RUN_COUNT
    for row in rows[: len(damages)]:
        assert store.row(row["id"]).sentence == row["sentence"]
        with pytest.raises(StoreError, match="cannot be read"):
            store.load(row["id"])
        assert store.delete(row["id"])
    assert store.count() == OLD_RUN_COUNT - len(damages)
    store.close()


def test_rows_of_version_2_say_what_their_records_say(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{shutil.copy(VERSION_2_DATABASE, tmp_path / 'runs.sqlite3')}")
    rows = {row.id: row for row in store.rows()}
    assert rows.keys() == read_version_2_records().keys()
    for row in rows.values():
        record = store.load(row.id)
        assert not row.edited and not record.edited
        assert (row.kind, row.record_version) == (record.kind, 2)
        if not isinstance(record, Run):
            continue
        claim = record.claim()
        assert (row.claimed, row.claim_state, row.sentence) == (claim.made, claim.state, claim.sentence)
        found = [
            (finding.rule, finding.title, finding.kind) for finding in claim.findings if finding.effect != "passed"
        ]
        assert [(finding.rule, finding.title, finding.kind) for finding in row.list_findings()] == found
        assert store.summarize_attempts(record).edited_count == 0
    assert rows["2" * 32].claim_state is ClaimState.MADE, "0008 counted its conditions as reservations"
    store.close()


@pytest.mark.parametrize("table", ["fairlap_schema", VERSION_TABLE])
def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path, table: str) -> None:
    file = Path(shutil.copy(OLD_DATABASE, tmp_path / "runs.sqlite3"))
    url = f"sqlite:///{file}"
    if table == VERSION_TABLE:
        Store(url).close()
        execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '0099'")
    else:
        execute(url, "UPDATE fairlap_schema SET version = 99")
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"schema version (00)?99.*Nothing was changed.*Use the version of Fairlap"):
        Store(url)
    assert file.read_bytes() == before


def test_a_newer_schema_in_postgresql_is_refused(database: str) -> None:
    Store(database).close()
    execute(database, f"UPDATE {VERSION_TABLE} SET version_num = '0099'")
    with pytest.raises(StoreError, match="schema version 0099"):
        Store(database)


def test_a_newer_record_is_refused_and_left_as_it_is(database: str) -> None:
    write_old_database(database)
    store = Store(database)
    run_id = store.rows(limit=1)[0].id
    newer = zlib.compress(json.dumps({"version": RECORD_VERSION + 1, "something": "else"}).encode())
    set_record(database, run_id, newer)
    with pytest.raises(StoreError, match=f"version {RECORD_VERSION + 1}.*Use the version of Fairlap that wrote it"):
        store.load(run_id)
    assert get_record(database, run_id) == newer
    assert store.count() == OLD_RUN_COUNT
    store.close()


def test_0_1_0_refuses_a_migrated_database(database: str) -> None:
    write_old_database(database)
    Store(database).close()
    engine = create_engine(database)
    with engine.connect() as connection:
        # This is what it looks at. Without the table it would make new, empty ones.
        assert connection.execute(text("SELECT version FROM fairlap_schema")).scalar() == 2
    assert not inspect(engine).has_table("fairlap_runs")
    engine.dispose()


OPEN_SCRIPT = """
import sys
from bench.storage.store import Store
print("ready", flush=True)
sys.stdin.readline()
print(Store(sys.argv[1]).count(), flush=True)
"""


@pytest.mark.parametrize("old", [False, True], ids=["fresh", "0.1.0"])
def test_two_processes_may_open_a_database_at_the_same_time(database: str, old: bool) -> None:
    if old:
        write_old_database(database)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", OPEN_SCRIPT, database], cwd=ROOT, **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        out, errors = process.communicate(timeout=60)
        assert out.strip() == str(OLD_RUN_COUNT * old), errors


def test_a_disk_that_is_full_during_the_migration_leaves_the_old_database(tmp_path, monkeypatch) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite3'}"
    write_old_database(url)
    set_up = storage_database._set_up_sqlite

    def limit(connection: sqlite3.Connection, record: object) -> None:
        set_up(connection, record)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    monkeypatch.setattr(storage_database, "_set_up_sqlite", limit)
    with pytest.raises(StoreError, match="disk is full"):
        Store(url)
    monkeypatch.undo()
    engine = create_engine(url)
    assert set(inspect(engine).get_table_names()) == set(old_metadata.tables)
    engine.dispose()
    store = Store(url)
    assert store.count() == OLD_RUN_COUNT
    store.close()


def test_an_open_store_does_not_import_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite3'}"
    Store(url).close()
    script = f"import sys; from bench.storage.store import Store; Store({url!r}); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
