"""TODO: tests.support.stored_runs."""

from sqlalchemy import create_engine, text

from bench.run.record import Run
from bench.storage.store import Store


def store_run(run: Run, name: str = "", **changes) -> Run:
    kept = run.model_copy(deep=True, update={"id": name or run.id} | changes)
    Store().save(kept)
    return kept


def damage_run(run: str) -> None:
    engine = create_engine(Store().url)
    with engine.begin() as connection:
        connection.execute(text("update fairlap_runs set record = :bytes where id = :id"), {"bytes": b"no", "id": run})
    engine.dispose()
