"""Helpers for tests of pandas to Modin: a prepared pandas arm, races with Modin, and points of a break-even search."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from bench.plan.validation import make_plan
from bench.run.record import Run
from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from tests.support.runs import open_plan, run_race
from workloads.modin.arm import DataFrameCalls
from workloads.modin.measurements import BreakEvenPoint

MODIN = load_workloads()["modin"]
DASK_MISSING = MODIN.unavailable() or MODIN.lever["modin-dask"].unavailable()

RACE_BUDGET_S = 20
"""Time budget of races in tests: a few pairs of all calls fit into it, also on a slow, busy machine."""
T = TypeVar("T")

needs_ray = pytest.mark.skipif(bool(MODIN.unavailable()), reason=MODIN.unavailable() or "available")
needs_dask = pytest.mark.skipif(bool(DASK_MISSING), reason=DASK_MISSING or "available")


@dataclass(frozen=True, slots=True)
class PreparedArm:
    """An arm that was prepared and has executed every call once."""

    arm: DataFrameCalls
    reply: dict[str, Any]
    """What its `prepare` returned."""
    timed_calls: list[str]


def make_settings(tmp_path: Path, engine: str = "pandas", case: str = "all", rows: int = 300, **parameters) -> Settings:
    """Settings for a mixed table of 8 columns, changed by `parameters`. The case `selection` needs `calls`."""
    defaults = {"columns": 8, "kind": "mixed", "file": "synthetic", "cluster": "own"}
    return Settings(case, engine, 1, rows, defaults | parameters, 0, tmp_path, tmp_path, tmp_path)


class RecordingClock:
    """Notes the steps of a repetition of the race."""

    in_race = True

    def __init__(self) -> None:
        self.timed_calls: list[str] = []

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        self.timed_calls.append(step)
        return work()


def prepare_pandas_arm(tmp_path: Path, case: str = "all", rows: int = 300, **parameters) -> PreparedArm:
    """The pandas arm in this process, with the settings of `make_settings`."""
    arm = DataFrameCalls(make_settings(tmp_path, "pandas", case, rows, **parameters))
    reply = arm.prepare(lambda text, share=None: None)
    clock = RecordingClock()
    arm.repeat(0, clock)
    return PreparedArm(arm, reply, clock.timed_calls)


def run_modin_race(
    tmp_path: Path,
    on_event=None,
    engine: str = "modin-ray",
    rows: int = 400,
    case: str | None = None,
    budget_s: float = RACE_BUDGET_S,
    **parameters,
) -> Run:
    """A race of pandas with `engine`, run to its end in this process."""
    parameters = {"columns": 6} | parameters
    plan = make_plan(
        "modin",
        case,
        accelerated=engine,
        cores=1,
        batch=rows,
        budget_s=budget_s,
        target=0.5,
        parameters=parameters,
    )
    return run_race(open_plan(plan), tmp_path, emit=on_event or (lambda event: None)).record


POINT_ROWS = [1 << power for power in range(10, 21, 2)]


def make_points(fixed: float, share: float, noise: float = 0.02) -> list[BreakEvenPoint]:
    """Points at POINT_ROWS: pandas takes 1 µs per row, Modin `fixed` seconds plus `share` of the time of pandas."""
    rng = np.random.default_rng(0)
    return [
        BreakEvenPoint(
            rows=rows,
            pandas=list(rows * 1e-6 * (1 + noise * rng.standard_normal(7))),
            modin=list((fixed + share * rows * 1e-6) * (1 + noise * rng.standard_normal(7))),
        )
        for rows in POINT_ROWS
    ]
