"""Alembic migrations of the store. `bench.storage.database` runs them when a store is opened."""
