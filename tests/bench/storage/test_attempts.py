"""Attempts at a plan and at its neighbours are counted, also those that were deleted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import MetaData, Table, create_engine, insert, select, update

from bench.run.events import State
from bench.run.record import Run
from bench.storage import database as storage_database
from bench.storage.attempts import (
    AttemptSummary,
    append_attempts,
    build_report,
    format_attempts,
    format_position,
    make_attempt,
)
from bench.storage.database import open_database
from bench.storage.schema import attempts_table, jobs_table
from bench.storage.store import Store
from bench.values.statistics import Interval
from tests.support.machines import change_machine
from tests.support.measurements import store_measurement
from tests.support.stored_runs import OLD_RUN_COUNT, write_old_database


def save_attempt(store: Store, run: Run, number: int, *, ratio: float | None = None, **changes) -> Run:
    """Store a copy of a run that started `number` minutes later; its id is the number."""
    plan = changes.get("plan", run.plan)
    changes |= {"id": str(number), "started": run.started + timedelta(minutes=number), "digest": plan.digest}
    if ratio is not None:
        interval = Interval(value=ratio, low=ratio - 0.1, high=ratio + 0.1)
        total, *steps = run.statistics
        changes["statistics"] = [total.model_copy(update={"ratio": interval}), *steps]
    copy = run.model_copy(update=changes)
    store.save(copy)
    return copy


def refuse(run: Run) -> dict:
    return {"claims": [claim.model_copy(update={"made": False}) for claim in run.claims]}


def claim(run: Run) -> dict:
    return {"claims": [claim.model_copy(update={"made": True}) for claim in run.claims]}


def test_the_best_of_several_runs_says_how_many_there_were(finished, database):
    store = Store(database)
    ratios = (1.0, 0.9, 1.1, 1.2, 1.3)
    runs = [
        save_attempt(store, finished, number, ratio=ratio, **(claim if ratio == 1.3 else refuse)(finished))
        for number, ratio in enumerate(ratios)
    ]
    best = store.summarize_attempts(runs[-1])
    assert (best.position, best.count, best.claim_count) == (5, 5, 1)
    assert best.ratios == Interval(value=1.3, low=1.3, high=1.3), "refused runs have no result"
    expected = (
        "Run 5 of 5 of this plan on this machine; 1 made a claim, median ratio 1.30x (1.30x to 1.30x); 4 made none."
    )
    assert format_attempts(best) == expected
    assert append_attempts("A claim.", best) == f"A claim. {expected}"
    assert build_report(runs[-1], best)["attempts"]["text"] == expected
    store.close()


def test_deleting_the_other_runs_does_not_hide_them(finished, database):
    store = Store(database)
    runs = [save_attempt(store, finished, number, ratio=1.0 + number) for number in range(3)]
    before = store.summarize_attempts(runs[2])
    assert store.delete("0") and store.delete("1")
    assert [row.id for row in store.rows()] == ["2"]
    assert store.summarize_attempts(store.row("2")) == store.summarize_attempts(runs[2]) == before
    assert (before.position, before.count) == (3, 3)
    store.close()


def test_later_attempts_count_too(finished, database):
    store = Store(database)
    first = save_attempt(store, finished, 0)
    assert format_attempts(store.summarize_attempts(first)) is None
    save_attempt(store, finished, 1)
    summary = store.summarize_attempts(first)
    assert (summary.position, summary.count) == (1, 2)
    store.close()


def test_stopped_and_failed_runs_are_attempts(finished, database):
    store = Store(database)
    run = save_attempt(store, finished, 0, ratio=1.5, **claim(finished))
    save_attempt(store, finished, 1, state=State.STOPPED, claims=[], statistics=[])
    save_attempt(store, finished, 2, ratio=1.1, state=State.FAILED, claims=[])
    summary = store.summarize_attempts(run)
    assert (summary.count, summary.claim_count) == (3, 1)
    assert "1 made a claim, median ratio 1.50x (1.50x to 1.50x); 2 made none." in format_attempts(summary)
    store.close()


@pytest.mark.parametrize(
    "change",
    [{"batch": 2}, {"cores": 2}, {"seed": 7}, {"budget_s": 3.0}, {"target": 0.01}, {"parameters": {"loops": 1}}],
    ids=lambda change: next(iter(change)),
)
def test_the_best_cell_of_a_table_says_how_many_cells_there_were(finished, change):
    store = Store()
    run = save_attempt(store, finished, 0, **claim(finished))
    save_attempt(store, finished, 1, plan=finished.plan.model_copy(update=change), **refuse(finished))
    summary = store.summarize_attempts(run)
    assert (summary.count, summary.neighbour_count, summary.neighbour_claim_count) == (1, 1, 0)
    assert format_attempts(summary) == (
        "1 run of neighbouring plans on this machine, with another batch, core count, seed, budget or parameter; none "
        "made a claim."
    )
    store.delete("1")
    assert store.summarize_attempts(run) == summary


@pytest.mark.parametrize("change", [{"workload": "selftest"}, {"case": "other"}, {"accelerated": "full"}], ids=str)
def test_another_comparison_is_no_neighbour(finished, change):
    store = Store()
    run = save_attempt(store, finished, 0)
    save_attempt(store, finished, 1, plan=finished.plan.model_copy(update=change))
    summary = store.summarize_attempts(run)
    assert (summary.count, summary.neighbour_count) == (1, 0)


def test_runs_of_another_machine_are_not_counted(finished, database):
    here = change_machine(finished.machine, identity={"machine_id": "a" * 16})
    store = Store(database)
    run = save_attempt(store, finished, 0, machine=here)
    save_attempt(store, finished, 1, machine=change_machine(here, identity={"machine_id": "b" * 16}))
    save_attempt(store, finished, 2, machine=change_machine(here, kernel="99.9.9"))
    # Runs of 0.1.0 have no machine id. The description of the machine decides.
    save_attempt(store, finished, 3, machine=change_machine(here, identity={"machine_id": None}))
    old = change_machine(here, kernel="1.0.0", identity={"machine_id": None})
    save_attempt(store, finished, 4, machine=old)
    assert store.summarize_attempts(run).count == 3
    store.close()


def test_a_run_that_is_saved_again_counts_once_and_a_measurement_not_at_all(finished):
    store = Store()
    run = save_attempt(store, finished, 0)
    store.save(run)
    measurement = store_measurement("trial", "count", {"to": 3})
    assert store.summarize_attempts(run).count == 1
    assert list(store.summarize_attempts_of_all(store.rows())) == ["0"]
    assert "attempts" not in build_report(measurement, None)


def test_a_run_that_is_not_stored_counts_itself(finished):
    summary = Store().summarize_attempts(finished)
    assert (summary.position, summary.count) == (1, 1)
    assert isinstance(summary, AttemptSummary)


def read_attempts(url: str) -> dict[str, dict]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {row["id"]: dict(row) for row in connection.execute(select(attempts_table)).mappings()}
    engine.dispose()
    for attempt in found.values():
        # SQLite stores no time zone.
        attempt["started"] = attempt["started"].replace(tzinfo=attempt["started"].tzinfo or UTC)
    return found


OTHER_VALUES = {
    "neighbourhood": "f" * 16,
    "machine_id": "f" * 16,
    "machine_digest": "f" * 16,
    "started": datetime(2020, 1, 1, tzinfo=UTC),
    "state": "stopped",
    "ratio": 99.0,
    "ratio_low": 0.5,
    "ratio_high": None,
    "claimed": False,
    "row_digest": None,
}


def edit_attempt(url: str, run_id: str, **values) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(attempts_table).where(attempts_table.c.id == run_id).values(**values))
    engine.dispose()


@pytest.mark.parametrize("column", OTHER_VALUES)
def test_an_attempt_whose_row_was_edited_marks_the_count_of_its_plan(finished, database, column):
    store = Store(database)
    runs = [save_attempt(store, finished, number, ratio=1.5, **claim(finished)) for number in range(3)]
    sound = store.summarize_attempts(runs[2])
    assert sound.edited_count == 0 and "edited" not in format_attempts(sound)
    assert format_position(sound) == "3 of 3"
    edit_attempt(database, "0", **{column: OTHER_VALUES[column]})
    summary = store.summarize_attempts(runs[2])
    assert summary.edited_count == 1
    assert format_attempts(summary).endswith(
        " 1 attempt at this plan was edited after it was stored, so these counts may be wrong."
    )
    assert format_position(summary).endswith(", edited")
    assert build_report(runs[2], summary)["attempts"]["edited_after_they_were_stored"] == 1
    edit_attempt(database, "2", **{column: OTHER_VALUES[column]})
    assert "2 attempts at this plan were edited after they were stored" in format_attempts(
        store.summarize_attempts(runs[2])
    )
    store.save(runs[0])
    store.save(runs[2])
    assert store.summarize_attempts(runs[2]) == sound, "a run that is stored again has a row that fits"
    store.close()


def test_attempts_of_older_versions_get_digests_and_damaged_ones_count_as_edited(finished):
    store = Store()
    run, *_ = [save_attempt(store, finished, number) for number in range(2)]
    store.close()
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection, connection:
        before = connection.execute("SELECT id, row_digest FROM fairlap_attempts").fetchall()
        connection.execute("ALTER TABLE fairlap_attempts DROP COLUMN row_digest")
        connection.execute("UPDATE fairlap_version SET version_num = '0009'")
    store = Store()
    assert {run_id: attempt["row_digest"] for run_id, attempt in read_attempts(store.url).items()} == dict(before)
    assert store.summarize_attempts(run).edited_count == 0
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE fairlap_attempts SET ratio = 'fast' WHERE id = '1'")
    assert store.summarize_attempts(run).edited_count == 1
    store.close()


def test_the_runs_of_0_1_0_are_attempts(database):
    write_old_database(database)
    store = Store(database)
    rows = store.rows()
    attempts = read_attempts(database)
    assert len(attempts) == len(rows) == OLD_RUN_COUNT
    for row in rows:
        # The code makes the same digests of the loaded run as the migration did of the columns.
        expected = make_attempt({name: getattr(row, name) for name in row.__slots__})
        stored = attempts[row.id]
        assert (stored["plan_digest"], stored["neighbourhood"]) == (expected.plan_digest, expected.neighbourhood)
        assert (stored["machine_id"], stored["machine_digest"]) == (None, expected.machine_digest)
        assert (stored["state"], stored["claimed"]) == ("finished", row.claimed)
        assert (stored["ratio"], stored["ratio_low"], stored["ratio_high"]) == (
            row.ratio,
            row.ratio_low,
            row.ratio_high,
        )
        assert store.summarize_attempts(row) == store.summarize_attempts(store.load(row.id))
    same_plan = store.summarize_attempts(store.row("2b1472fad00841c0a48ec3acaa5eca3f"))
    assert (same_plan.position, same_plan.count) == (2, 2)
    store.close()


def test_existing_races_are_filled_in_and_measurements_are_not(finished, database, monkeypatch):
    source = Store()
    save_attempt(source, finished, 0)
    save_attempt(source, finished, 1, state=State.STOPPED, claims=[], statistics=[])
    store_measurement("trial", "count", {"to": 3})
    engine = create_engine(source.url)
    with engine.connect() as connection:
        found = connection.execute(select(jobs_table)).mappings()
        jobs = [dict(row) | {"started": row["started"].replace(tzinfo=UTC)} for row in found]
    engine.dispose()
    assert len(jobs) == 3
    with monkeypatch.context() as context:
        context.setattr(storage_database, "HEAD_REVISION", "0002")
        engine = open_database(database)
    with engine.begin() as connection:
        old_table = Table("fairlap_jobs", MetaData(), autoload_with=connection)
        old_jobs = [{column.name: job[column.name] for column in old_table.c} for job in jobs]
        connection.execute(insert(old_table), old_jobs)
    engine.dispose()
    Store(database).close()
    attempts = read_attempts(database)
    assert set(attempts) == {"0", "1"}
    assert attempts == read_attempts(source.url), "the migration writes what the code writes"
    assert (attempts["1"]["state"], attempts["1"]["ratio"], attempts["1"]["claimed"]) == ("stopped", None, None)


def test_an_ended_race_that_was_stored_without_a_sentence_gets_one(finished, database):
    store = Store(database)
    stopped = {"state": State.STOPPED, "why": "Stop was pressed", "claims": [], "statistics": [], "samples": []}
    save_attempt(store, finished, 0, **stopped)
    save_attempt(store, finished, 1)
    written = store.row("0").sentence
    assert written.startswith("No claim: the run was stopped before the first sample (Stop was pressed).")
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(jobs_table.update().values(sentence=None))
    engine.dispose()
    assert store.row("0").sentence == written
    assert {row.id: row.sentence for row in store.rows()} == {"0": written, "1": finished.claim().sentence}
    store.close()
