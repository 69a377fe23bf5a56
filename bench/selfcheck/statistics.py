"""How often do simulated races claim a difference that is not there, and find one that is?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter

from bench.formatting import format_percent
from bench.race.budget import MIN_PAIRS_TO_STOP
from bench.stats.simulation import SimulatedShare, simulate_all

RUNS_VARIABLE = "FAIRLAP_SIMULATED_RACES"
"""Environment variable with the number of simulated races of each kind."""
TABLE_VARIABLE = "FAIRLAP_ERROR_RATES"
"""Environment variable with the path of a JSON file to write, such as `bench/stats/error_rates.json`."""


def check_statistics(report: Callable[[str], None] = print) -> None:
    """Simulate races and report the share of claims."""
    runs = int(os.environ.get(RUNS_VARIABLE, "1000"))
    table = simulate_all(runs, MIN_PAIRS_TO_STOP, lambda entry: report(describe(entry)))
    if path := os.environ.get(TABLE_VARIABLE):
        Path(path).write_bytes(TypeAdapter(list[SimulatedShare]).dump_json(table, indent=1) + b"\n")


def describe(entry: SimulatedShare) -> str:
    """One line: what was simulated, and how often a difference was claimed."""
    pairs = "until narrow" if entry.pairs is None else f"{entry.pairs} pairs"
    word = "false claims" if entry.ratio == 1 else "detected"
    return f"{entry.label}, {pairs}: {format_percent(entry.share)} {word}"
