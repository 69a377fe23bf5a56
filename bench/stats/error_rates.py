"""The table of error rates that the page Rules shows. `bench.stats.simulation` computes it."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from bench.values.base import Value

TABLE_FILE = Path(__file__).with_name("error_rates.json")


class SimulatedShare(Value):
    """Share of simulated races in which a difference was claimed."""

    label: str
    ratio: float
    pairs: int | None
    """None if the race stopped by itself."""
    share: float
    runs: int


def load_error_rates() -> list[SimulatedShare]:
    """The table that is kept with this program."""
    return TypeAdapter(list[SimulatedShare]).validate_json(TABLE_FILE.read_bytes())
